"""What Blender gives back: pictures that are neither black nor burnt, evidence to the integer, and the same twice."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blender_addon.launch import render
from blender_addon.scenes.gallery import gallery
from blender_addon.scenes.gltf import glb
from blender_addon.scenes.model import Element, Focus, SceneModel
from blender_addon.scenes.relief import relief
from blender_addon.scenes.solids import box

pytestmark = pytest.mark.blender
QUICK = {"width": 96, "height": 54, "samples": 2, "denoise": False, "threads": 2}


def boxes() -> SceneModel:
    """Two boxes beside each other: the left one drawn, level 2; the right one, taller, a model's, level 7."""
    left, right = box((-1, 0, 0), (0, 1, 1)), box((0.2, 0, 0), (1, 1, 2))
    elements = (Element("left", "wall", *left, 2, "drawing"), Element("right", "wall", *right, 7, "AI"))
    return SceneModel("boxes", elements, focus=Focus((0, 0, 1), (2, 2)))


def rendered(model: SceneModel, folder, **job) -> dict:
    folder.mkdir(exist_ok=True)
    (folder / "scene.glb").write_bytes(glb(model))
    (folder / "scene.json").write_text(model.to_json())
    return render({"glb": folder / "scene.glb", "scene": folder / "scene.json", "out": folder / "out", **QUICK, **job})


def pixels(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    return rendered(boxes(), tmp_path_factory.mktemp("once"))


def test_every_evidence_pixel_is_the_level_of_the_surface_behind_it(once):
    evidence = pixels(once["evidence"])
    assert evidence.shape == (54, 96) and evidence.dtype == np.uint8
    assert set(np.unique(evidence)) == {0, 2, 7}
    left, right = (np.argwhere(evidence == level) for level in (2, 7))
    assert left[:, 1].mean() < right[:, 1].mean(), "the drawn box stands on the left"
    assert right[:, 0].min() < left[:, 0].min(), "the taller box reaches higher"
    assert min(len(left), len(right)) > 300


def test_the_author_mask_is_the_models_box_and_nothing_else(once):
    assert np.array_equal(pixels(once["ai"]) == 255, pixels(once["evidence"]) == 7)
    assert set(np.unique(pixels(once["ai"]))) == {0, 255}


def test_the_shares_that_are_reported_are_those_of_the_pixels(once):
    evidence = pixels(once["evidence"])
    assert once["levels"] == {str(level): pytest.approx((evidence == level).mean()) for level in (2, 7)}
    assert once["ai_share"] == pytest.approx((evidence == 7).mean())
    assert once["background_share"] + sum(once["levels"].values()) == pytest.approx(1)


def test_the_subject_lies_inside_the_frame(once):
    rows, columns = np.nonzero(pixels(once["evidence"]))
    assert rows.min() >= 2 and rows.max() <= 51 and columns.min() >= 2 and columns.max() <= 93
    assert rows.max() - rows.min() > 40, "and fills it"


def test_the_same_job_gives_the_same_pixels(once, tmp_path):
    again = rendered(boxes(), tmp_path / "again")
    for name in ("picture", "evidence", "ai"):
        assert np.array_equal(pixels(once[name]), pixels(again[name])), name
    assert once["evidence"].read_bytes() == again["evidence"].read_bytes()


def test_the_pictures_metadata_names_no_path_and_no_host(once):
    with Image.open(once["picture"]) as image:
        said = json.dumps({key: str(value) for key, value in image.info.items()})
    assert "/" not in said and os.uname().nodename not in said


def test_a_picture_on_the_wall_is_readable_and_not_mirrored(tmp_path):
    work = np.full((80, 120, 3), 235, np.uint8)
    work[:, :40], work[:, 80:], work[:20] = (200, 40, 40), (40, 60, 200), (60, 170, 60)
    model = gallery(work, width_m=0.9, level=7, author="AI")
    done = rendered(model, tmp_path / "gallery", width=128, height=72, samples=4, denoise=True)
    picture, ai = pixels(done["picture"])[..., :3].astype(int), pixels(done["ai"]) == 255
    rows, columns = np.nonzero(ai)
    assert columns.min() > 8 and columns.max() < 119 and rows.min() > 4 and rows.max() < 67, "the whole work is seen"
    seen = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height = len(seen)
    lower = seen[height // 2 : -3]
    left, middle, right = (part[:, 4:-4] for part in np.array_split(lower, 3, axis=1))
    assert left.mean((0, 1)).argmax() == 0 and right.mean((0, 1)).argmax() == 2, "red is left, blue is right"
    assert seen[2 : height // 5].mean((0, 1)).argmax() == 1, "green is on top"
    assert middle.mean() > 1.5 * left.mean() and np.ptp(middle.mean((0, 1))) < 40, "white stays white"
    assert 60 < done["mean"] < 190 and done["clipped_share"] < 0.02
    assert done["mean"] == pytest.approx((picture @ (0.2126, 0.7152, 0.0722)).mean(), abs=1)
    assert set(np.unique(pixels(done["evidence"]))) == {6, 7}


@pytest.mark.parametrize(("name", "grey"), [("black", 0.2), ("white", 0.93)])
def test_walls_of_any_colour_end_between_black_and_white(tmp_path, name, grey):
    """Exposure is measured: walls of 3 % and of 85 % reflectance come out alike."""
    model = boxes()
    elements = tuple(replace(element, color=(grey,) * 3) for element in model.elements)
    done = rendered(SceneModel(name, elements, focus=model.focus), tmp_path / name, samples=4)
    subject = pixels(done["picture"])[pixels(done["evidence"]) > 0]
    assert 60 < done["mean"] < 190 and done["clipped_share"] < 0.02
    assert 110 < subject.mean() < 190


def test_levels_that_differ_within_one_solid_stay_whole_numbers(tmp_path):
    work = np.linspace(0, 255, 60 * 40, dtype=np.uint8).reshape(40, 60)
    levels = np.full((40, 60), 2, np.uint8)
    levels[10:30, 20:45] = 7
    model = relief(work, width_m=0.6, depth_m=0.02, level=2, author="drawing", levels=levels)
    done = rendered(model, tmp_path / "relief")
    found = set(np.unique(pixels(done["evidence"])))
    assert found == {0, 2, 7}, "between 2 and 7 lies nothing that is known at 4"


def test_a_turn_becomes_a_film_and_the_blend_file_carries_its_pictures_and_no_paths(tmp_path):
    import cv2
    import zstandard

    work = np.full((40, 60, 3), (200, 120, 40), np.uint8)
    model = gallery(work, width_m=0.6, level=7, author="AI")
    done = rendered(model, tmp_path / "film", width=64, height=36, samples=1, camera="turntable", frames=4, blend=True)
    film, frames = cv2.VideoCapture(str(done["film"])), []
    while (step := film.read())[0]:
        frames.append(step[1])
    assert len(frames) == 4 and frames[0].shape == (36, 64, 3)
    assert np.abs(frames[0].astype(int) - frames[1]).mean() > 3, "the camera moves"
    with done["blend"].open("rb") as file:
        inside = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    assert inside.startswith(b"BLENDER") and model.plates[0].texture.data in inside
    assert str(tmp_path).encode() not in inside and str(Path.home()).encode() not in inside


@pytest.mark.parametrize(("camera", "size"), [("equirect", (64, 32)), ("dome", (48, 48))])
def test_a_room_of_projectors_gets_the_whole_room(tmp_path, camera, size):
    work = np.full((40, 60, 3), (200, 120, 40), np.uint8)
    model = gallery(work, width_m=1.5, level=7, author="AI")
    done = rendered(model, tmp_path / camera, camera=camera, width=size[0], height=size[1], samples=1)
    evidence = pixels(done["evidence"])
    y, x = np.mgrid[0 : size[1], 0 : size[0]] + 0.5
    inside = np.ones(evidence.shape, bool) if camera == "equirect" else np.hypot(x - 24, y - 24) < 23
    assert (evidence[inside] > 0).all() and set(np.unique(evidence[inside])) == {6, 7}
    if camera == "dome":
        assert not evidence[np.hypot(x - 24, y - 24) > 25].any(), "outside the disc is nothing"
    rows, columns = np.nonzero(evidence == 7)
    assert abs(columns.mean() + 0.5 - size[0] / 2) < 2, "the work hangs in the middle"
    assert rows.mean() > size[1] * (0.6 if camera == "dome" else 0.4), "and, on a dome, at the audience's front"
