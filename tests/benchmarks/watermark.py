"""What does the watermark outlive, beside what everybody has? Prints one JSON object.

    python tests/benchmarks/watermark.py --data FOLDER [--pictures 40] [--large FOLDER] [--card provenance/ROBUSTNESS.md]

FOLDER holds pictures, or training shards with their index (then only works that no model was trained on are read). `--large`
names a second folder for the rows at a long side of 1,024 px; those that fall short of it are left out. A copy counts as read
when all 48 bits are right. Every copy is blind: nothing of the original, its size or its place is told to the reader.
Seconds are process time of one thread. `invisible-watermark` gets the same pictures and copies, with 48 bits and no check.
`run(attacks=…)` takes any callable uint8 [H, W, 3] → uint8 [H', W', 3] by name: a model's round trip, for instance.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from watermark_card import card, redrawn_of, with_section

from provenance.watermark import FALSE_READINGS, SCHEME, Watermark

Picture = np.ndarray
Attack = Callable[[Picture], Picture]
KEY, HANDLE = b"the benchmark's key, of 32 bytes", 0x5A17C0FFEE42
LARGE_PX, LEAST_PX = 1024, 500
WINDOW_PX = 256  # side of the unmarked windows


def _clipped(values: np.ndarray) -> Picture:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _coded(ending: str, flag: int, quality: int) -> Attack:
    return lambda p: cv2.imdecode(cv2.imencode(ending, p, [flag, quality])[1], cv2.IMREAD_COLOR)


def _jpeg(quality: int) -> Attack:
    return _coded(".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def _scaled(factor: float) -> Attack:
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return lambda p: cv2.resize(p, None, fx=factor, fy=factor, interpolation=way)


def _cropped(share: float, down: float = 0.5, across: float = 0.5) -> Attack:
    def crop(p: Picture) -> Picture:
        h, w = (round(n * share**0.5) for n in p.shape[:2])
        top, left = int((p.shape[0] - h) * down), int((p.shape[1] - w) * across)
        return np.ascontiguousarray(p[top : top + h, left : left + w])

    return crop


def _turned(degrees: float) -> Attack:
    def turn(p: Picture) -> Picture:
        h, w = p.shape[:2]
        return cv2.warpAffine(p, cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1.0), (w, h), flags=cv2.INTER_CUBIC)

    return turn


def _screenshot(p: Picture) -> Picture:
    """Shown at 87 % in a window with a bar and margins, a little darker by another gamma, saved as JPEG 85."""
    shown = _scaled(0.87)(p)
    h, w = shown.shape[:2]
    screen = np.full((h + 150, w + 90, 3), 236, np.uint8)
    screen[:60] = 70
    screen[100 : 100 + h, 40 : 40 + w] = shown
    return _jpeg(85)(_clipped(255 * (screen / 255.0) ** 1.06))


def _seen_aslant(p: Picture) -> Picture:
    h, w = p.shape[:2]
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    moved = corners + np.array([[0.04 * w, 0.03 * h], [-0.01 * w, 0], [0, -0.02 * h], [0.02 * w, 0.01 * h]], np.float32)
    return cv2.warpPerspective(p, cv2.getPerspectiveTransform(corners, moved), (w, h), flags=cv2.INTER_CUBIC)


def _noisy(p: Picture) -> Picture:
    return _clipped(p + np.random.default_rng(0).normal(0, 10, p.shape))


# name → (whether the reader searches, copy, the share that must be read)
COPIES: dict[str, tuple[bool, Attack, float]] = {
    "unchanged": (False, lambda p: p, 0.99),
    "JPEG 50": (False, _jpeg(50), 0.99),
    "WebP 75": (False, _coded(".webp", cv2.IMWRITE_WEBP_QUALITY, 75), 0.99),
    "noise of deviation 10": (False, _noisy, 0.99),
    "brightness +20 %": (False, lambda p: _clipped(p * 1.2), 0.99),
    "brightness −20 %": (False, lambda p: _clipped(p * 0.8), 0.99),
    "contrast +20 %": (False, lambda p: _clipped((p - 128.0) * 1.2 + 128), 0.99),
    "contrast −20 %": (False, lambda p: _clipped((p - 128.0) * 0.8 + 128), 0.99),
    "0.5 × the size": (False, _scaled(0.5), 0.98),
    "0.75 × the size": (False, _scaled(0.75), 0.98),
    "1.5 × the size": (False, _scaled(1.5), 0.98),
    "centre crop to 50 % of the area": (True, _cropped(0.5), 0.99),
    "turned by 5°": (True, _turned(5), 0.98),
    "turned by −5°": (True, _turned(-5), 0.98),
    "crop to 80 %, 0.75 ×, JPEG 75": (True, lambda p: _jpeg(75)(_scaled(0.75)(_cropped(0.8, 0.3, 0.6)(p))), 0.98),
    "screenshot": (True, _screenshot, 0.98),
}
BEYOND: dict[str, Attack] = {
    "0.5 × the size, then JPEG 75": lambda p: _jpeg(75)(_scaled(0.5)(p)),
    "centre crop to 25 % of the area": _cropped(0.25),
    "turned by 30°": _turned(30),
    "mirrored": lambda p: np.ascontiguousarray(p[:, ::-1]),
    "median of 5 × 5": lambda p: cv2.medianBlur(p, 5),
    "strong denoising (non-local means, h = 12)": lambda p: cv2.fastNlMeansDenoisingColored(p, None, 12, 12, 5, 15),
    "perspective, corners moved by up to 4 %": _seen_aslant,
    "stretched by 6 % in one direction": lambda p: cv2.resize(p, (round(p.shape[1] * 1.06), p.shape[0])),
}


# The pictures.


def pictures(folder: Path, count: int, long_px: int | None) -> Iterator[tuple[str, Picture]]:
    """Up to `count` pictures, spread over the folder; with `long_px` reduced to that long side, smaller ones left out."""
    if (folder / "index.csv").exists() and list(folder.glob("*.tar")):
        from pipelines.training import corpus

        rows = [r for r in corpus.rows(folder, "holdout") if r["kind"] != "damage"]
        rows = [r for r in rows if max(int(r["width"]), int(r["height"])) >= (long_px or LEAST_PX)]
        rows = rows[:: max(1, len(rows) // count)][:count]
        yield from ((row["name"], pixels) for row, pixels in corpus.decoded(folder, rows))
        return
    files = [f for f in sorted(folder.iterdir()) if f.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")]
    read = 0
    for path in files[:: max(1, len(files) // count)]:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None or max(image.shape[:2]) < (long_px or LEAST_PX) or read == count:
            continue
        read += 1
        yield path.name, _scaled(min(1.0, long_px / max(image.shape[:2])))(image) if long_px else image


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Decibels."""
    return float(10 * np.log10(255**2 / max(np.mean((a.astype(np.float64) - b) ** 2), 1e-9)))


# The rows.


def survival(works: list[tuple[str, Picture]], extra: dict[str, Attack]) -> dict:
    """Marked whole: how many of the copies can be read, and what it costs."""
    mark = Watermark(KEY)
    read, beyond = dict.fromkeys(COPIES, 0), dict.fromkeys([*BEYOND, *extra], 0)
    decibels, refused, wrong = [], [], 0
    seconds: dict[str, float] = {"embed": 0.0, "aligned": 0.0, "blind": 0.0}
    megapixels = dict(seconds)
    lost: dict[str, list[str]] = {}

    def timed(kind: str, pixels: Picture, call: Callable):
        start = time.process_time()
        answer = call()
        seconds[kind] += time.process_time() - start
        megapixels[kind] += pixels.shape[0] * pixels.shape[1] / 1e6
        return answer

    for name, work in works:
        marked = timed("embed", work, lambda work=work: mark.embed(work, HANDLE, None))
        if marked.handle is None:
            refused.append({"name": name, "reason": marked.reason})
            continue
        decibels.append(psnr(work, marked.pixels))
        for row, (search, attack, _) in COPIES.items():
            copy = attack(marked.pixels)
            found = timed("blind" if search else "aligned", copy, lambda c=copy, s=search: mark.detect(c, search=s))
            read[row] += found is not None and found.handle == HANDLE
            wrong += found is not None and found.handle != HANDLE
            if found is None:
                lost.setdefault(row, []).append(name)
        for row, attack in (BEYOND | extra).items():
            found = mark.detect(attack(marked.pixels))
            beyond[row] += found is not None and found.handle == HANDLE
    return {
        "pictures": len(works),
        "long_sides_px": [f(max(work.shape[:2]) for _, work in works) for f in (min, max)],
        "refused": refused,
        "psnr_db": {"mean": round(float(np.mean(decibels)), 2), "least": round(min(decibels), 2)},
        "read": {row: [count, len(decibels), COPIES[row][2]] for row, count in read.items()},
        "beyond": {row: [count, len(decibels)] for row, count in beyond.items()},
        "lost": lost,
        "wrong_handles": wrong,
        "seconds_per_megapixel": {kind: round(seconds[kind] / max(megapixels[kind], 1e-9), 3) for kind in seconds},
    }


def masked(works: list[tuple[str, Picture]]) -> list[dict]:
    """Marked in one square of a picture of 1024 × 1024, read from a JPEG of quality 75."""
    mark, rows = Watermark(KEY), []
    squares = [(name, _square(work)) for name, work in works if min(work.shape[:2]) >= 0.5 * LARGE_PX]
    for share, target in ((0.25, 0.99), (0.10, 0.97), (0.05, 0.85), (0.03, 0.0)):
        read, decibels, changed, overlaps = 0, [], 0, []
        for seed, (_, work) in enumerate(squares):
            side = round(share**0.5 * LARGE_PX)
            top, left = np.random.default_rng(seed).integers(0, LARGE_PX - side, 2)
            mask = np.zeros(work.shape[:2], bool)
            mask[top : top + side, left : left + side] = True
            marked = mark.embed(work, HANDLE, mask)
            changed += int((marked.pixels[~mask] != work[~mask]).any(-1).sum())
            if marked.handle is None:
                continue
            decibels.append(psnr(work[mask], marked.pixels[mask]))
            found = mark.detect(_jpeg(75)(marked.pixels), search=False)
            if found is not None and found.handle == HANDLE:
                read += 1
                shown = cv2.resize(found.where, (LARGE_PX, LARGE_PX)) > 2
                overlaps.append((shown & mask).sum() / max((shown | mask).sum(), 1))
        rows.append(
            {
                "share": share,
                "read": [read, len(squares), target],
                "unmarked_for_want_of_room": len(squares) - len(decibels),
                "psnr_in_region_db": {"mean": round(float(np.mean(decibels)), 2), "least": round(min(decibels), 2)},
                "pixels_changed_outside": changed,
                "map_overlap": round(float(np.mean(overlaps)), 2),
            }
        )
    return rows


def _square(work: Picture) -> Picture:
    scaled = _scaled(LARGE_PX / min(work.shape[:2]))(work)
    top, left = ((n - LARGE_PX) // 2 for n in scaled.shape[:2])
    return np.ascontiguousarray(scaled[top : top + LARGE_PX, left : left + LARGE_PX])


def false_readings(works: list[tuple[str, Picture]], windows: int, searches: int) -> dict:
    """How often an unmarked window gives a handle: windows at many places and sizes, some also with the full search."""
    mark, rng, found, searched = Watermark(KEY), np.random.default_rng(1), 0, 0
    for i in range(windows):
        work = works[int(rng.integers(len(works)))][1]
        side = min(WINDOW_PX, *work.shape[:2])
        top, left = (int(rng.integers(n - side + 1)) for n in work.shape[:2])
        window = np.ascontiguousarray(work[top : top + side, left : left + side][:: rng.choice([1, -1])])
        found += mark.detect(window, search=i < searches) is not None
        searched += i < searches
    return {"windows": windows, "with_full_search": searched, "found": found, "by_design_per_picture": FALSE_READINGS}


def speed(work: Picture) -> dict:
    """Megapixels a second on one picture of 1 and of 4 megapixels; the best of three, by process time."""
    informed, plain, rows = Watermark(KEY), Watermark(KEY, is_informed=False), {}
    for megapixels in (1, 4):
        picture = _scaled((megapixels * 1e6 / (work.shape[0] * work.shape[1])) ** 0.5)(work)
        marked = informed.embed(picture, HANDLE, None).pixels
        seconds = {
            "embed_informed": _best(informed.embed, picture, HANDLE, None),
            "embed_plain": _best(plain.embed, picture, HANDLE, None),
            "detect_aligned": _best(informed.detect, marked, False),
            "search_unmarked": _best(informed.detect, picture, True),
        }
        size = picture.shape[0] * picture.shape[1] / 1e6
        rows[f"{megapixels} MP"] = {what: round(size / each, 2) for what, each in seconds.items()}
    return rows


def _best(call: Callable, *given: object) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        call(*given)
        times.append(time.process_time() - start)
    return min(times)


def peers(works: list[tuple[str, Picture]]) -> dict:
    """The classical methods of invisible-watermark on the same copies; all 48 bits must be right."""
    try:
        from imwatermark import WatermarkDecoder, WatermarkEncoder
    except ImportError as error:
        return {"left_out": f"pip install invisible-watermark ({error})"}
    bits, rows = HANDLE.to_bytes(6, "big"), {}
    for method in ("dwtDct", "dwtDctSvd"):
        encoder, decoder = WatermarkEncoder(), WatermarkDecoder("bytes", 48)
        encoder.set_watermark("bytes", bits)
        read, decibels = dict.fromkeys(COPIES, 0), []
        for _, work in works:
            marked = encoder.encode(work, method)
            decibels.append(psnr(work, marked))
            for row, (_, attack, _) in COPIES.items():
                copy = attack(marked)
                read[row] += min(copy.shape[:2]) >= 256 and decoder.decode(copy, method) == bits
        rows[method] = {
            "psnr_db": {"mean": round(float(np.mean(decibels)), 2), "least": round(min(decibels), 2)},
            "read": {row: [int(count), len(works)] for row, count in read.items()},
        }
    return rows


def run(
    data: Path,
    count: int,
    large: Path | None = None,
    attacks: dict[str, Attack] | None = None,
    windows: int = 10_000,
) -> dict:
    """All rows. `attacks` are copied and read beside those that it is not meant to outlive."""
    cv2.setNumThreads(1)
    extra = attacks or {}
    small = list(pictures(data, count, None))
    big = list(pictures(large, count, LARGE_PX)) if large else []
    result: dict = {"scheme": SCHEME, "as_given": survival(small, extra)}
    if big:
        result["long_side_1024"] = survival(big, extra)
        result["masked"] = masked(big)
    result["peers_as_given"] = peers(small)
    result["megapixels_per_second"] = speed((big or small)[0][1])
    result["false_readings"] = false_readings(small, windows, min(60, windows))
    return result


def main() -> int:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--large", type=Path)
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--windows", type=int, default=10_000)
    parser.add_argument("--card", type=Path)
    given = parser.parse_args()
    result = run(given.data, given.pictures, given.large, windows=given.windows)
    if given.card:
        text = card(result, {row: target for row, (_, _, target) in COPIES.items()})
        if given.card.exists():
            text = with_section(text, redrawn_of(given.card.read_text("utf-8")))
        given.card.write_text(text, encoding="utf-8")
    json.dump(result, sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
