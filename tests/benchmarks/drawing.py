"""How much better than what it was given is what the bundled weights paint from lines? Prints one JSON object.

    python tests/benchmarks/drawing.py --data SHARDS [--windows 60] [--pairs FOLDER]

Windows of works marked `holdout`, whose artists were never trained on, flattened as in training and given with their contours;
with --pairs also of houses that nobody built, lit and of some material, given with the lines that were drawn for them
(`python -m studio.samples.pairs FOLDER --first 5000 --houses 12`: seeds that no training sees). PSNR and HaarPSI of the mean
mode against the window itself, less those of the flat picture. The restoration weights, which were used for variants before
there were weights of their own, are measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from pipelines.bundled import drawing_digest, weights_digest
from pipelines.haarpsi import haarpsi
from pipelines.hub import load_restoration, load_speculation
from pipelines.prefill import Conditions, given_fill
from pipelines.sampling import Told, predict
from pipelines.training.corpus import Work, pairs, works
from pipelines.training.drawing import drawn

SIDE_PX, SEED = 256, 9


def told(flat: np.ndarray, lines: np.ndarray) -> Told:
    """What the network is told of a window that is all hole."""
    everywhere = np.ones(lines.shape, bool)
    given: Conditions = given_fill(flat, everywhere, flat)
    return Told(given, everywhere, lines, np.ones_like(lines), np.zeros_like(lines))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """In dB; float32 [S, S, 3], 0…1."""
    return float(-10 * np.log10(max(float(((one - other) ** 2).mean()), 1e-9)))


def eight(image: np.ndarray) -> np.ndarray:
    """As uint8."""
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def gains(found: list[Work], networks: dict) -> dict:
    """What each network adds on one window of each work."""
    gained: dict[str, list[tuple[float, float]]] = {name: [] for name in networks}
    for number, work in enumerate(found):
        rng = np.random.default_rng([SEED, number])
        height, width = work.pixels.shape[:2]
        side = min(SIDE_PX, height // 16 * 16, width // 16 * 16)
        y, x = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        pixels, contours = work.window(y, x, side)
        image, flat, lines = drawn(np.ascontiguousarray(pixels, np.float32) / 255, contours.astype(np.float32), rng)
        given = psnr(flat, image), haarpsi(eight(image), eight(flat))
        for name, network in networks.items():
            answer, _ = predict(network, told(flat, lines), flat, 1.0, None)
            gained[name].append((psnr(answer, image) - given[0], haarpsi(eight(image), eight(answer)) - given[1]))
    return {
        name: {
            "psnr_gain_db": round(float(np.mean([one for one, _ in values])), 3),
            "psnr_better": sum(one > 0 for one, _ in values),
            "haarpsi_gain": round(float(np.mean([one for _, one in values])), 4),
            "haarpsi_better": sum(one > 0 for _, one in values),
        }
        for name, values in gained.items()
    }


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of shards with index.csv")
    parser.add_argument("--windows", type=int, default=60)
    parser.add_argument("--pairs", type=Path, help="folder of houses that were never trained on")
    parser.add_argument("--model", default="bundled", help="a model folder instead of the bundled weights")
    options = parser.parse_args()
    torch.set_num_threads(1)
    networks = {"these": load_speculation(options.model).network, "those of the restoration": load_restoration().network}
    found = works(options.data, "holdout", surfaces=True)
    found = found[:: max(1, len(found) // options.windows)][: options.windows]
    digest = drawing_digest() if options.model == "bundled" else weights_digest(Path(options.model))
    report = {"weights_sha256": digest, "side": SIDE_PX, "windows": len(found), "weights": gains(found, networks)}
    if options.pairs:
        renders = pairs(options.pairs)
        report |= {"renders": len(renders), "weights_on_renders": gains(renders, networks)}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
