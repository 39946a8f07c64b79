"""How surely a copy without credential and mark finds its work again among all pictures of a folder of shards.

    python tests/benchmarks/recovery.py --data FOLDER [--queries 60] [--split all]

Every picture is fingerprinted (ISCC, corners) and kept on disk as `provenance.likeness` keeps it; a sample of them is then
re-encoded, rescaled, cut and turned, and asked for. Peer in the same run: the 64-bit fingerprint alone, which is what an
index by ISCC or pHash gives. Prints one JSON object; seconds are of one thread, wall and CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from pipelines.training import corpus
from provenance.fingerprint import SAME_WORK, distance, fingerprint
from provenance.home import Home
from provenance.keypoints import CUTTING_PX, LONG_SIDE_PX, SOUGHT, Alignment, align, flip, keypoints
from provenance.keys import mark_key
from provenance.likeness import Corners, Likeness, Likenesses
from provenance.recover import CERTAIN_INLIERS, TELLING_CORNERS, recover_pixels

cv2.setNumThreads(1)
Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
FOUR_MEGAPIXELS = 4_000_000


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of shards with index.csv")
    parser.add_argument("--queries", type=int, default=60, help="works asked for, of each kind of copy")
    parser.add_argument("--pictures", type=int, help="how many of the shards' pictures to index; all when left out")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = [row for split in ("train", "holdout") for row in corpus.rows(options.data, split) if row["kind"] != "damage"]
    rows = rows[: options.pictures]
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(options.data, rows, options.queries, options.seed, Path(folder)), indent=1))


def measure(data: Path, rows: list[dict], queries: int, seed: int, folder: Path) -> dict:
    """Fingerprint all, ask for some of each kind of copy, for strangers and for transplants."""
    rng = np.random.default_rng(seed)
    chosen = set(rng.choice(len(rows), min(queries, len(rows)), replace=False).tolist())
    home = Home(folder)
    kept, codes, asked = Likenesses(home.records), [], {}
    started = time.process_time()
    for number, (_, pixels) in enumerate(corpus.decoded(data, rows)):
        kept.save(f"{number:064x}", Likeness(keypoints(pixels), "", np.zeros((1, 1), bool)))
        codes.append(fingerprint(pixels))
        if number in chosen:
            asked[number] = pixels
    fingerprinting = time.process_time() - started
    started, wall = time.process_time(), time.perf_counter()
    known = [one.keypoints for _, one in kept.all()]
    index = Corners((str(number), one) for number, one in enumerate(known))
    loading = time.process_time() - started, time.perf_counter() - wall
    finder = _Finder(codes, known, index)
    return {
        "pictures": len(codes),
        "queries_of_each_kind": len(asked),
        "machine": f"{platform.machine()}, one thread",
        "fingerprinting_cpu_ms_each": round(1000 * fingerprinting / len(codes), 1),
        "index_load_s": {"cpu": round(loading[0], 2), "wall": round(loading[1], 2)},
        "copies": {name: _ask(finder, asked, change, rng) for name, change in COPIES.items()},
        "transplants": _transplants(finder, asked, rng),
        "strangers": _strangers(finder, asked, rng),
        "four_megapixels": _large(finder, asked),
        "an_unknown_picture_of_four_megapixels": _unknown(home, asked),
    }


class _Finder:
    """`provenance.recover` without marks and Records: the same layers, the same order, the same thresholds."""

    def __init__(self, codes: list[str], known: list, index: Corners):
        self.codes, self.known, self.index = codes, known, index

    def nearest(self, pixels: np.ndarray) -> int | None:
        """The peer: the nearest fingerprint, when it is near enough."""
        code = fingerprint(pixels)
        bits, number = min((distance(code, other), number) for number, other in enumerate(self.codes))
        return number if bits <= SAME_WORK else None

    def find(self, pixels: np.ndarray, without: int | None = None) -> tuple[int | None, str]:
        """The work that a picture is a copy of, and the layer that said so; `without` leaves one work out of the index."""
        number = self.nearest(pixels)
        corners = keypoints(pixels, SOUGHT)
        if number is not None and number != without and align(corners, self.known[number]) is not None:
            return number, "fingerprint"
        for is_mirrored, size in ((False, LONG_SIDE_PX), (False, CUTTING_PX), (True, LONG_SIDE_PX)):
            if is_mirrored or size != LONG_SIDE_PX:
                corners = keypoints(flip(pixels) if is_mirrored else pixels, SOUGHT, size)
            best: tuple[int, Alignment] | None = None
            for name, _ in self.index.like(corners):
                found = align(corners, self.known[int(name)], is_mirrored=is_mirrored) if int(name) != without else None
                if found is not None and (best is None or found.inliers > best[1].inliers):
                    best = int(name), found
                    if found.inliers >= CERTAIN_INLIERS:
                        break
            if best is not None:
                return best[0], "corners"
        return None, "none"


def _ask(finder: _Finder, asked: dict[int, np.ndarray], change: Change, rng: np.random.Generator) -> dict:
    right = wrong = peer = 0
    layers: dict[str, int] = {}
    cpu, wall = [], []
    for number, pixels in asked.items():
        copy = np.ascontiguousarray(change(pixels, rng))
        started, clock = time.process_time(), time.perf_counter()
        found, layer = finder.find(copy)
        cpu.append(time.process_time() - started)
        wall.append(time.perf_counter() - clock)
        layers[layer] = layers.get(layer, 0) + 1
        right, wrong = right + (found == number), wrong + (found not in (number, None))
        peer += finder.nearest(copy) == number
    count = len(asked)
    seconds = {
        "cpu_median": round(statistics.median(cpu), 3), "cpu_most": round(max(cpu), 3),
        "wall_median": round(statistics.median(wall), 3),
    }  # fmt: skip
    return {"top_1": right / count, "wrong": wrong, "peer_top_1": peer / count, "layers": layers, "seconds": seconds}


def _transplants(finder: _Finder, asked: dict[int, np.ndarray], rng: np.random.Generator) -> dict:
    """A handle says work A, the picture is B: how often the corners deny it, and how often they deny a true copy."""
    flagged = unchecked = denied = 0
    numbers = list(asked)
    for number, other in zip(numbers, np.roll(numbers, 1), strict=True):
        corners = keypoints(COPIES["JPEG 75"](asked[number], rng), SOUGHT)
        if min(len(corners), len(finder.known[other])) < TELLING_CORNERS:
            unchecked += 1
        else:
            flagged += align(corners, finder.known[other]) is None
        denied += align(corners, finder.known[number]) is None
    return {"flagged": flagged, "unchecked": unchecked, "of": len(numbers), "true_copies_denied": denied}


def _strangers(finder: _Finder, asked: dict[int, np.ndarray], rng: np.random.Generator) -> dict:
    """Works that are taken out of the index: whatever is found for them is wrong (or a second print of the same plate)."""
    found = [finder.find(COPIES["JPEG 75"](pixels, rng), without=number)[0] for number, pixels in asked.items()]
    return {"found_something": sum(one is not None for one in found), "of": len(found)}


def _large(finder: _Finder, asked: dict[int, np.ndarray]) -> dict:
    """One picture of four megapixels, whole and cut."""
    number, pixels = next(iter(asked.items()))
    zoom = (FOUR_MEGAPIXELS / (pixels.shape[0] * pixels.shape[1])) ** 0.5
    large = cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    told = {}
    for name, copy in (("whole", large), ("cut to half the area", _cut(large, 0.5, np.random.default_rng(0)))):
        started, clock = time.process_time(), time.perf_counter()
        found, layer = finder.find(np.ascontiguousarray(copy))
        told[name] = {
            "right": found == number, "layer": layer, "cpu_s": round(time.process_time() - started, 2),
            "wall_s": round(time.perf_counter() - clock, 2),
        }  # fmt: skip
    return told


def _unknown(home: Home, asked: dict[int, np.ndarray]) -> dict:
    """One that is taken out of the index, asked of every layer, the whole search for a turned mark included."""
    mark_key(home.keys)
    told = []
    for number, pixels in list(asked.items())[:3]:
        Likenesses(home.records).forget(f"{number:064x}")
        zoom = (FOUR_MEGAPIXELS / (pixels.shape[0] * pixels.shape[1])) ** 0.5
        large = cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
        started, clock = time.process_time(), time.perf_counter()
        found = recover_pixels(large, home)
        seconds = {"cpu_s": round(time.process_time() - started, 2), "wall_s": round(time.perf_counter() - clock, 2)}
        told.append({"found_something": found.record is not None, **seconds})
    return {"load": os.getloadavg()[0], "pictures": told}


def _jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]


def _zoomed(pixels: np.ndarray, factor: float) -> np.ndarray:
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(pixels), None, fx=factor, fy=factor, interpolation=way)


def _cut(pixels: np.ndarray, area: float, rng: np.random.Generator) -> np.ndarray:
    height, width = (round(side * area**0.5) for side in pixels.shape[:2])
    y, x = rng.integers(0, pixels.shape[0] - height + 1), rng.integers(0, pixels.shape[1] - width + 1)
    return pixels[y : y + height, x : x + width]


def _turned(pixels: np.ndarray, degrees: float) -> np.ndarray:
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(np.ascontiguousarray(pixels), matrix, (width, height), borderValue=(255, 255, 255))


COPIES: dict[str, Change] = {
    "JPEG 75": lambda p, _: _jpeg(p, 75),
    "JPEG 30": lambda p, _: _jpeg(p, 30),
    "half the size, JPEG 75": lambda p, _: _jpeg(_zoomed(p, 0.5), 75),
    "one and a half times the size": lambda p, _: _zoomed(p, 1.5),
    "four fifths of the area, JPEG 75": lambda p, rng: _jpeg(_cut(p, 0.8, rng), 75),
    "half the area, JPEG 75": lambda p, rng: _jpeg(_cut(p, 0.5, rng), 75),
    "half the area, three quarters of the size, JPEG 75": lambda p, rng: _jpeg(_zoomed(_cut(p, 0.5, rng), 0.75), 75),
    "a quarter of the area, JPEG 75": lambda p, rng: _jpeg(_cut(p, 0.25, rng), 75),
    "turned by 5°, JPEG 75": lambda p, _: _jpeg(_turned(p, 5), 75),
    "turned by 30°, JPEG 75": lambda p, _: _jpeg(_turned(p, 30), 75),
    "turned by 90°": lambda p, _: np.rot90(p),
    "mirrored, JPEG 75": lambda p, _: _jpeg(p[:, ::-1], 75),
}


if __name__ == "__main__":
    main()
