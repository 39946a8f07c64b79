"""Pictures of where the model fails, chosen by the figures and not by eye: truth, damaged, filled, side by side."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from restoration_cases import NARROW, Case
from restoration_table import SINGLES

SIDE_PX = 128  # of a panel; three fit side by side in a text, and in 60 KiB
GAP_PX = 4
MOST_BYTES = 60 * 1024


def chosen(rows: list[dict]) -> list[dict]:
    """Up to four rows of mean mode, each the worst of its kind; `why` says of which.

    Most below the best single fill on narrow damage; most below the own prefill; least like the truth by HaarPSI on wide
    damage; and the flow with the most excess texture.
    """
    by_key = {(row["picture"], row["family"], row["method"]): row for row in rows}
    mean = [row for row in rows if row["method"] == "model_mean"]
    flow = [row for row in rows if row["method"] == "model_flow" and not np.isnan(row["gradient_energy"])]

    def gain(row: dict, methods: tuple[str, ...]) -> float:
        others = [by_key.get((row["picture"], row["family"], method)) for method in methods]
        return row["psnr"] - max(other["psnr"] for other in others if other is not None)

    def worst(of: list[dict], badness, why: str) -> list[dict]:
        found = max(of, key=badness, default=None)
        return [] if found is None else [found | {"why": why.format(badness(found))}]

    narrow, wide = ([row for row in mean if (row["family"] in NARROW) is is_narrow] for is_narrow in (True, False))
    found = worst(
        narrow, lambda row: -gain(row, SINGLES), "{:.2f} dB below the best of the five single fills, the most on narrow damage"
    )
    found += worst(mean, lambda row: -gain(row, ("prefill",)), "{:.2f} dB below its own prefill, the most of all")
    found += worst(wide, lambda row: 1 - row["haarpsi"], "least like the truth on wide damage (1 − HaarPSI = {:.3f})")
    found += worst(flow, lambda row: row["gradient_energy"], "gradient energy {:.2f} times the truth's, the most of all")
    unlike: dict[tuple[str, str, str], dict] = {}
    for row in found:
        unlike.setdefault((row["picture"], row["family"], row["method"]), row)
    return list(unlike.values())


def draw(case: Case, filled: np.ndarray, path: Path) -> Path:
    """Write truth | damaged | filled around the worst place, at most 60 KiB; a picture of 128 px a panel."""
    off = np.abs(case.truth.astype(np.float32) - filled).sum(-1) * case.hole
    side = min(SIDE_PX, *case.hole.shape)
    sums = cv2.boxFilter(off, -1, (side, side), borderType=cv2.BORDER_CONSTANT, normalize=False)
    y, x = np.unravel_index(int(sums.argmax()), sums.shape)
    top = int(np.clip(y - side // 2, 0, case.hole.shape[0] - side))
    left = int(np.clip(x - side // 2, 0, case.hole.shape[1] - side))
    part = (slice(top, top + side), slice(left, left + side))
    gap = np.full((side, GAP_PX, 3), 255, np.uint8)
    strip = np.concatenate([case.truth[part], gap, case.damaged[part], gap, filled[part]], 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        data = cv2.imencode(".png", strip[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
        if len(data) <= MOST_BYTES:
            path.write_bytes(data)
            return path
        strip = cv2.resize(strip, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
