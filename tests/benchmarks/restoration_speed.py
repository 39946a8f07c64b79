"""How long the bundled model takes, how much memory, and whether its bytes are the same however it is run."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from statistics import median

import cv2
import numpy as np
import torch
from restoration_cases import generator
from restoration_model import Model

SPOTS = 5612  # as many separate losses as in the panel of Kachkine 2025
LARGE_PX = 6000  # 36 megapixels


def drawn_picture(side: int) -> np.ndarray:
    """A picture of coloured patches, strokes and grain, uint8 [side, side, 3]; drawn, so that nobody's scan is needed."""
    rng = generator("drawn", str(side))
    picture = np.zeros((side, side, 3), np.uint8)
    for scale, strength in ((side // 5, 0.6), (side // 23, 0.25), (max(2, side // 150), 0.15)):
        cells = rng.integers(0, 256, (side // scale + 2, side // scale + 2, 3)).astype(np.uint8)
        layer = cv2.resize(cells, (side, side), interpolation=cv2.INTER_CUBIC)
        picture = cv2.addWeighted(picture, 1.0, layer, strength, 0)
    for _ in range(side // 4):
        ends = rng.integers(0, side, 2), rng.normal(0, side / 12, 2)
        start, end = ends[0].tolist(), (ends[0] + ends[1]).astype(int).tolist()
        cv2.line(picture, start, end, rng.integers(0, 256, 3).tolist(), int(rng.integers(1, 9)), cv2.LINE_AA)
    return picture


def scattered(side: int, spots: int, radii: tuple[float, float]) -> np.ndarray:
    """So many separate elliptical losses, bool [side, side]."""
    rng, hole = generator("spots", str(side)), np.zeros((side, side), np.uint8)
    for y, x in rng.integers(0, side, (spots, 2)).tolist():
        axes = np.maximum(1, rng.uniform(*radii, 2)).astype(int).tolist()
        cv2.ellipse(hole, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    return hole > 0


def speed(model: Model, threads: int = 2, repeats: int = 5) -> dict:
    """512² with a tenth lost in scattered spots: wall seconds, median of five, of the mean and of the mean with four steps."""
    picture, hole = drawn_picture(512), scattered(512, 130, (4, 12))
    found: dict = {
        "threads": threads,
        "lost": round(float(hole.mean()), 4),
        "repeats": repeats,
        "load_seconds": load_seconds(model.name),
    }
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for name, texture in (("mean", 0.0), ("mean_and_flow", 1.0)):
            taken = []
            for _ in range(repeats + 1):
                began = time.perf_counter()
                model.pipeline(model.request(texture), picture, hole)
                taken.append(time.perf_counter() - began)
            found[f"{name}_seconds"] = round(median(taken[1:]), 3)  # the first prepares the convolutions
    finally:
        torch.set_num_threads(before)
    return found


def load_seconds(name: str) -> dict:
    """Wall seconds in a fresh process: to import what loading needs, and to load the weights."""
    program = (
        "import sys, time; began = time.perf_counter()\n"
        "from pipelines.hub import load_restoration\n"
        "import pipelines.restorer; imported = time.perf_counter()\n"
        "load_restoration(sys.argv[1]); loaded = time.perf_counter()\n"
        "print('SECONDS', imported - began, loaded - imported)"
    )
    printed = subprocess.run([sys.executable, "-c", program, name], capture_output=True, text=True, check=True).stdout
    imports, weights = (float(word) for word in printed.split("SECONDS")[1].split())
    return {"imports": round(imports, 2), "weights": round(weights, 2)}


def large(name: str, threads: int = 2) -> dict:
    """36 megapixels with 5,612 scattered spots, mean mode, in a process of its own: wall seconds and peak memory."""
    run = subprocess.run(
        [sys.executable, __file__, name, str(threads)], capture_output=True, text=True, check=False
    )  # a fresh process, so that the peak is its own
    if run.returncode:
        raise SystemExit(run.stderr[-2000:])
    return json.loads(run.stdout.splitlines()[-1])


def _large_here(name: str, threads: int) -> dict:
    torch.set_num_threads(threads)
    picture, hole = drawn_picture(LARGE_PX), scattered(LARGE_PX, SPOTS, (2, 14))
    model = Model(name)
    regions = cv2.connectedComponents(hole.astype(np.uint8), connectivity=8)[0] - 1
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    output = model.pipeline(model.request(0.0), picture, hole)
    seconds = time.perf_counter() - began
    assert np.array_equal(output.hypotheses[0][~hole], picture[~hole]), "known pixels changed"
    return {
        "megapixels": LARGE_PX**2 / 1e6,
        "spots": SPOTS,
        "regions": regions,
        "lost": round(float(hole.mean()), 5),
        "threads": threads,
        "filled_by": output.filled_by,
        "seconds": round(seconds, 1),
        "peak_mib_before": before // 1024,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def equal(model: Model) -> dict:
    """Texture 1, two hypotheses, on a picture of an odd size, for all tile sizes and numbers of threads.

    Are the pixels the same bytes, and by how much does the expected error differ (0…1; floats, whose last bit a library may
    round otherwise when it shares the work between threads)?
    """
    picture, hole = drawn_picture(640)[:531, :637], scattered(640, 60, (3, 25))[:531, :637]
    answers: dict[str, tuple[bytes, np.ndarray]] = {}
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            for tile_px in (128, 256, 512, 1024):
                output = model.pipeline(model.request(1.0, hypotheses=2, tile_px=tile_px, seed=7), picture, hole)
                pixels = b"".join(one.tobytes() for one in output.hypotheses)
                error = np.zeros(hole.shape, np.float32) if output.error is None else output.error
                answers[f"{tile_px} px, {threads} threads"] = pixels, error
    finally:
        torch.set_num_threads(before)
    first, expected = next(iter(answers.values()))
    return {
        "is_equal": all(pixels == first for pixels, _ in answers.values()),
        "runs": [f"{name}: {pixels == first}" for name, (pixels, _) in answers.items()],
        "expected_error_differs_by": max(float(np.abs(error - expected).max()) for _, error in answers.values()),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_large_here(sys.argv[1], int(sys.argv[2]))) + "\n")
