"""The map over a variant shows each opening's fate in its own colour and shape."""

import numpy as np

from pipelines.fidelity_openings import OpeningFound, OpeningsFound
from studio.report.fidelity_map import COLOURS, fidelity_map


def _paper(*boxes):
    image = np.full((120, 160, 3), 240, np.uint8)
    for x0, y0, x1, y1 in boxes:
        image[y0:y1, x0:x1] = 30
    return image


def test_every_fate_is_drawn_and_the_variant_is_not_changed():
    variant = _paper((20, 20, 40, 50), (64, 20, 84, 50), (120, 70, 140, 100))
    drawing = _paper((20, 20, 40, 50), (60, 20, 80, 50), (20, 70, 40, 100))
    before = variant.copy()
    found = OpeningsFound(
        (
            OpeningFound((20, 20, 40, 50), (20, 20, 40, 50), 1.0, "kept"),
            OpeningFound((60, 20, 80, 50), (64, 20, 84, 50), 0.9, "moved"),
            OpeningFound((20, 70, 40, 100), None, 0.1, "lost"),
        ),
        ((120, 70, 140, 100),),
    )
    shown = fidelity_map(drawing, variant, found)
    assert np.array_equal(variant, before) and shown.shape == variant.shape
    for fate, place in {"kept": (35, 20), "moved": (45, 64), "lost": (85, 20), "invented": (85, 140)}.items():
        assert tuple(shown[place]) == COLOURS[fate], fate


def test_without_openings_the_lines_alone_are_told_apart():
    shown = fidelity_map(_paper((20, 20, 40, 50)), _paper((100, 20, 120, 50)), None)
    colours = {tuple(pixel) for pixel in shown.reshape(-1, 3)}
    assert COLOURS["lost"] in colours and COLOURS["invented"] in colours
