"""Does a line that is given lead the fill? Share of the given line that becomes an edge, with the line map and without."""

from __future__ import annotations

import cv2
import numpy as np
from restoration_cases import Case, generator
from restoration_model import Model

from pipelines.lines import extract_lines
from pipelines.quality import quality

TOLERANCE_PX = 2  # an edge so near to the given line counts as that line
INSIDE_PX = 3  # the line is measured so deep in the hole at least: at the rim the known picture draws it
LEAST_PX = 12  # of line inside the hole, or there is nothing to measure
WIDE = ("lacunae", "large_loss")  # where a line can matter


def guided(model: Model, case: Case) -> dict | None:
    """Fill a wide hole without and with lines; None when no line crosses it or the model left it to the prefill.

    Two kinds of line: `contours`, those of the undamaged picture, as a copy or an X-ray would show them; `stroke`, one bent
    line across the hole, as somebody draws it by hand, which stands nowhere in the picture.
    """
    plain = model.fill(case, 0.0)
    if plain.filled_by != "model":
        return None
    found: dict = {"picture": case.name, "family": case.family}
    inner = cv2.erode(case.hole.astype(np.uint8), np.ones((2 * INSIDE_PX + 1,) * 2, np.uint8)) > 0
    for kind, lines in (("contours", extract_lines(case.truth)), ("stroke", hand_drawn(case))):
        asked = lines & inner
        if asked.sum() < LEAST_PX:
            continue
        led = model.fill(case, 0.0, lines)
        found[kind] = {
            "recall_without": _recall(plain.pixels, asked),
            "recall_with": _recall(led.pixels, asked),
            "step_without": _step(plain.pixels, asked),
            "step_with": _step(led.pixels, asked),
        }
        if kind == "contours":
            before, after = (quality(case.truth, pixels, case.hole) for pixels in (plain.pixels, led.pixels))
            found[kind] |= {"psnr_gain": after.psnr - before.psnr, "haarpsi_gain": after.haarpsi - before.haarpsi}
            found[kind]["step_truth"] = _step(case.truth, asked)
    return found if len(found) > 2 else None


def lines_table(rows: list[dict]) -> dict:
    """Means over pictures, per family and kind of line.

    `recall`: share of the given line, at least 3 px inside the hole, within 2 px of an edge that the same detector finds in the
    fill. `step`: mean difference in lightness, levels of 255, between the two sides of the line.
    """
    found: dict = {}
    for family in dict.fromkeys(row["family"] for row in rows):
        for kind in ("contours", "stroke"):
            of = [row[kind] for row in rows if row["family"] == family and kind in row]
            if of:
                means = {name: round(float(np.mean([one[name] for one in of])), 4) for name in of[0]}
                found.setdefault(family, {})[kind] = {"pictures": len(of), **means}
    return found


def hand_drawn(case: Case) -> np.ndarray:
    """One bent, slightly shaky line from side to side through the middle of the largest hole; bool [H, W], 1 px wide."""
    rng = generator(case.name, case.family, "stroke")
    _, labels, facts, centres = cv2.connectedComponentsWithStats(case.hole.astype(np.uint8), connectivity=8)
    largest = 1 + int(facts[1:, cv2.CC_STAT_AREA].argmax())
    reach = float(np.hypot(facts[largest, cv2.CC_STAT_WIDTH], facts[largest, cv2.CC_STAT_HEIGHT])) / 2
    angle, along = rng.uniform(0, np.pi), np.linspace(-1, 1, 60)
    bent = rng.uniform(-0.3, 0.3) * (1 - along**2) + np.convolve(rng.normal(0, 0.01, 60), np.ones(7) / 7, "same")
    x = centres[largest][0] + reach * (along * np.cos(angle) - bent * np.sin(angle))
    y = centres[largest][1] + reach * (along * np.sin(angle) + bent * np.cos(angle))
    drawn = np.zeros(case.hole.shape, np.uint8)
    cv2.polylines(drawn, [np.stack([x, y], 1).round().astype(np.int32)], False, 1, 1)
    return (drawn > 0) & (labels == largest)


def _recall(pixels: np.ndarray, asked: np.ndarray) -> float:
    near = cv2.dilate(extract_lines(pixels).astype(np.uint8), np.ones((2 * TOLERANCE_PX + 1,) * 2, np.uint8)) > 0
    return float(near[asked].mean())


def _step(pixels: np.ndarray, asked: np.ndarray) -> float:
    """Largest minus smallest lightness within 3 × 3 of each pixel of the line, after a little smoothing; mean."""
    light = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[..., 0], (0, 0), 0.8)
    box = np.ones((3, 3), np.uint8)
    return float((cv2.dilate(light, box).astype(np.float32) - cv2.erode(light, box))[asked].mean())
