"""How good is the bundled fill, beside what everybody has? Prints one JSON object.

    python tests/benchmarks/restoration.py --data FOLDER [--works 5] [--kinds crack,scratch] [--texture 0]

FOLDER holds `paintings/NAME.jpg` (or .png, .webp, .tif) and `masks/NAME_KIND.png` (255 = lost). Every hole is overwritten
with a random colour before each call, so that nothing of the original can leak. Inside the hole, against the undamaged
picture: PSNR in dB; SSIM (Wang et al. 2004, 11-pixel Gaussian window); gradient energy as a share of the original's (1 = its
texture, 0 = flat). Seconds per megapixel are process time. `gain_db` is over the best single classical fill of that kind.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from scipy.stats import wilcoxon
from skimage.metrics import structural_similarity
from skimage.restoration import inpaint_biharmonic

from pipelines.bundled import bundled_digest
from pipelines.hub import load_restoration
from pipelines.prefill import harmonic_fill
from pipelines.request import RestorationRequest

Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]


def classical() -> dict[str, Fill]:
    """Name → function of (uint8 [H, W, 3], bool [H, W]) that returns the filled picture."""

    def opencv(method: int) -> Fill:
        return lambda image, hole: cv2.inpaint(image, hole.astype(np.uint8) * 255, 3, method)

    def biharmonic(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
        filled = inpaint_biharmonic(image.astype(np.float64) / 255, hole, split_into_regions=True, channel_axis=-1)
        return np.rint(np.clip(filled, 0, 1) * 255).astype(np.uint8)

    def harmonic(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
        filled = harmonic_fill(image.astype(np.float32) / 255, hole)
        return np.rint(np.clip(filled, 0, 1) * 255).astype(np.uint8)

    return {
        "telea": opencv(cv2.INPAINT_TELEA),
        "navier_stokes": opencv(cv2.INPAINT_NS),
        "biharmonic": biharmonic,
        "pyramid_harmonic": harmonic,
    }


def bundled(texture: float) -> Fill:
    """The bundled model with the request that `restore` would make."""
    pipeline = load_restoration("bundled")

    def fill(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
        request = RestorationRequest("0" * 64, "0" * 64, texture=texture, weights_sha256=bundled_digest())
        return pipeline(request, image, hole).hypotheses[0]

    return fill


def figures(truth: np.ndarray, filled: np.ndarray, hole: np.ndarray) -> dict[str, float]:
    """PSNR, SSIM and gradient-energy ratio inside the hole."""
    error = float(np.mean((truth[hole].astype(np.float64) - filled[hole]) ** 2))
    ssim = structural_similarity(truth, filled, channel_axis=-1, gaussian_weights=True, full=True, data_range=255)[1]
    energies = [float(_gradient_energy(image)[hole].mean()) for image in (filled, truth)]
    return {
        "psnr": 10 * np.log10(255**2 / max(error, 1e-3)),
        "ssim": float(ssim[hole].mean()),
        "gradient_energy": energies[0] / max(energies[1], 1e-6),
    }


def _gradient_energy(image: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)
    return sum(derivative**2 for derivative in np.gradient(grey))


def cases(folder: Path, works: int | None, kinds: list[str] | None):
    """(name, kind, picture, hole) for every mask that has its picture."""
    pictures = {path.stem: path for path in sorted((folder / "paintings").iterdir()) if path.suffix != ".txt"}
    for name in list(pictures)[:works]:
        image = cv2.cvtColor(cv2.imread(str(pictures[name]), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        for path in sorted((folder / "masks").glob(f"{name}_*.png")):
            kind = path.stem.removeprefix(f"{name}_")
            hole = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 127
            if (kinds is None or kind in kinds) and hole.any() and hole.shape == image.shape[:2]:
                yield name, kind, image, hole


def run(folder: Path, works: int | None, kinds: list[str] | None, texture: float) -> dict:
    """Measure everything; see the module's docstring."""
    fills = {**classical(), "bundled": bundled(texture)}
    rng, measured = np.random.default_rng(0), []
    for name, kind, image, hole in cases(folder, works, kinds):
        damaged = image.copy()
        damaged[hole] = rng.integers(0, 256, 3)
        for method, fill in fills.items():
            began = time.process_time()
            filled = fill(damaged.copy(), hole)
            seconds = time.process_time() - began
            assert np.array_equal(filled[~hole], image[~hole]) or method != "bundled", f"{name} {kind}: known pixels changed"
            row = figures(image, filled, hole) | {"seconds_per_megapixel": seconds / hole.size * 1e6}
            measured.append({"work": name, "kind": kind, "method": method, **row})
        print(f"{name} {kind}", file=sys.stderr)
    return {"data": folder.name, "texture": texture, "kinds": summary(measured), "measured": measured}


def summary(measured: list[dict]) -> dict:
    """Means per kind and method, and the bundled model against the best single classical fill."""
    found = {}
    for kind in sorted({row["kind"] for row in measured}):
        rows = [row for row in measured if row["kind"] == kind]
        methods = sorted({row["method"] for row in rows})
        names = ("psnr", "ssim", "gradient_energy", "seconds_per_megapixel")
        means = {m: {n: round(float(np.mean([r[n] for r in rows if r["method"] == m])), 4) for n in names} for m in methods}
        best = max((m for m in methods if m != "bundled"), key=lambda m: means[m]["psnr"])
        ours, theirs = (np.array([r["psnr"] for r in rows if r["method"] == m]) for m in ("bundled", best))
        difference = ours - theirs
        means["bundled_against_best"] = {
            "best": best,
            "gain_db": round(float(difference.mean()), 3),
            "ssim_gain": round(means["bundled"]["ssim"] - max(means[m]["ssim"] for m in methods if m != "bundled"), 4),
            "worst_db": round(float(difference.min()), 3),
            "wins": f"{int((difference > 0).sum())}/{len(difference)}",
            "p": float(wilcoxon(ours, theirs, alternative="greater").pvalue) if len(difference) > 5 else None,
        }
        found[kind] = means
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--works", type=int, help="the first so many only")
    parser.add_argument("--kinds", type=lambda text: text.split(","))
    parser.add_argument("--texture", type=float, default=0.0)
    options = parser.parse_args()
    print(json.dumps(run(options.data, options.works, options.kinds, options.texture), indent=1))
