"""The elevation camera gives the drawing back: pixel by pixel, in the draughtsman's light, with exact passes."""

import numpy as np
import pytest

from blender_addon.elevation_job import Hour, Look, photograph
from blender_addon.scenes.massing import Elevation, massing
from blender_addon.scenes.openings import Opening
from blender_addon.scenes.presets import preset
from blender_addon.scenes.surfaces import surfaces

pytestmark = pytest.mark.blender
WINDOWS = (Opening("window", (40.0, 50.0, 58.0, 80.0)), Opening("window", (90.5, 50.5, 110.5, 80.5)))
OUTLINE = ((20, 105), (20, 35), (30, 15), (120, 15), (130, 35), (130, 105))
DRAWN = Elevation((150, 120), 12.0, (20, 35, 130, 105), OUTLINE, WINDOWS)


@pytest.fixture(scope="module")
def shots():
    chosen = preset("render-slate-casement")
    model = massing(DRAWN, chosen)
    laid = surfaces(DRAWN, model, chosen, side_px=200, seed=0)
    looks = [Look(model, laid), Look(model, laid, Hour(towards=(-1.0, 1.0, -1.0)))]
    return model, photograph(looks, DRAWN.size_px, samples=2, threads=2)


def test_a_pixel_of_the_picture_is_a_pixel_of_the_drawing(shots):
    model, (shot, _) = shots
    assert shot.light.shape == (120, 150, 4) and shot.ids.shape == (120, 150)
    names = [one.id for one in model.elements]
    for number, opening in enumerate(WINDOWS):
        numbers = [names.index(f"opening-00{number}{part}") + 1 for part in ("", "-frame")]
        rows, columns = np.nonzero(np.isin(shot.ids, numbers))
        # the middle of the first and last pixel lie within the drawn box, so its corners are met to half a pixel
        seen = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert np.abs(seen - opening.box).max() <= 0.5, (seen, opening.box)


def test_passes_are_exact_numbers_of_solids_metres_and_unit_normals(shots):
    model, (shot, other) = shots
    assert set(np.unique(shot.ids)) <= set(range(len(model.elements) + 1)) and shot.ids[0, 0] == 0
    kinds = np.array(["sky", *(one.kind for one in model.elements)])[shot.ids]
    assert np.allclose(shot.depth[kinds == "wall"], 0.0, atol=1e-3)
    assert np.allclose(shot.depth[kinds == "pane"], 0.20, atol=1e-3)
    assert np.allclose(np.linalg.norm(shot.normals[shot.ids > 0], axis=-1), 1, atol=1e-2)
    assert np.allclose(shot.normals[kinds == "wall"], (0, -1, 0), atol=1e-2)
    assert shot.normals[kinds == "roof"][:, 2].min() > 0.5
    assert np.array_equal(shot.ids, other.ids), "one massing, one set of passes"


def test_the_sun_stands_at_the_upper_left_until_it_is_asked_elsewhere(shots):
    _, (left, right) = shots
    # the left jamb throws its shadow on the pane's left edge when the sun stands at the left
    def shade(shot):
        pane = shot.light[58:78, 41:57, :3].mean((0, 2))
        return pane[:3].mean() - pane[-3:].mean()

    assert shade(left) < shade(right)
    assert left.light[..., 3].min() == 0 and left.light[..., 3].max() == pytest.approx(1, abs=0.01)
