import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipelines.segmentation import propose


def canvas(size=512, seed=0):
    """Something like a painting: smooth forms, brush grain, edges of both signs."""
    rng = np.random.default_rng(seed)
    picture = np.full((size, size, 3), 120, np.float32)
    for _ in range(60):
        centre, axes = tuple(int(v) for v in rng.integers(0, size, 2)), tuple(int(v) for v in rng.integers(10, 120, 2))
        colour = tuple(float(v) for v in rng.uniform(50, 220, 3))
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.5)
    grain = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), 1.2) * 12
    return np.clip(picture + grain[..., None], 0, 255).astype(np.uint8)


def net(size, seed=1, count=40):
    """A net of thin wandering cracks, bool [H, W]."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((size, size), np.uint8)
    for _ in range(count):
        steps = np.cumsum(rng.normal(0, 0.25, 60)) + rng.uniform(0, 2 * np.pi)
        path = rng.uniform(0, size, 2) + np.cumsum(np.stack([np.cos(steps), np.sin(steps)], 1) * 4, 0)
        cv2.polylines(mask, [path.astype(np.int32)], False, 1, 2)
    return mask > 0


def test_an_undamaged_painting_is_left_alone():
    for seed in range(3):
        proposal = propose(canvas(seed=seed))
        assert proposal.nothing_found and not proposal.mask.any() and proposal.share == 0
        assert not any(proposal.kinds.values())


@pytest.mark.parametrize(("tone", "kind"), [(15, "dark crack"), (245, "pale crack")])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_net_of_cracks_is_found_with_its_sign(tone, kind, dtype):
    lost, picture = net(512), canvas()
    picture[lost] = tone
    pixels = picture if dtype == np.uint8 else picture.astype(np.uint16) * 257
    proposal = propose(pixels)
    near = cv2.dilate(lost.astype(np.uint8), np.ones((5, 5))) > 0
    assert (proposal.mask & lost).sum() / lost.sum() > 0.7
    assert (proposal.mask & near).sum() / proposal.mask.sum() > 0.8
    assert max(proposal.kinds, key=proposal.kinds.get) == kind


def test_losses_down_to_one_ground_are_found_whole():
    rng, picture, lost = np.random.default_rng(5), canvas(), np.zeros((512, 512), np.uint8)
    for _ in range(45):  # ragged lumps
        centre, radius = rng.uniform(20, 492, 2), rng.uniform(4, 11)
        turns = np.sort(rng.uniform(0, 2 * np.pi, 12))
        outline = centre + np.stack([np.cos(turns), np.sin(turns)], 1) * radius * rng.uniform(0.75, 1.25, (12, 1))
        cv2.fillPoly(lost, [outline.astype(np.int32)], 1)
    lost = lost > 0
    picture[lost] = np.clip(np.array([222, 214, 194]) + rng.normal(0, 2, (lost.sum(), 1)), 0, 255)
    proposal = propose(picture)
    near = cv2.dilate(lost.astype(np.uint8), np.ones((5, 5))) > 0
    assert proposal.kinds["loss"] > 0.01
    assert (proposal.mask & lost).sum() / lost.sum() > 0.5
    assert (proposal.mask & near).sum() / proposal.mask.sum() > 0.9


def test_a_written_page_is_left_alone_and_the_reason_is_given():
    page = np.full((600, 500, 3), (232, 222, 200), np.uint8)
    rng = np.random.default_rng(2)
    for y in range(40, 570, 22):
        words = " ".join("".join(rng.choice(list("aeilmnorstuv"), rng.integers(2, 9))) for _ in range(9))
        cv2.putText(page, words, (25, y), cv2.FONT_HERSHEY_COMPLEX, 0.55, (40, 30, 20), 1, cv2.LINE_AA)
    proposal = propose(page)
    assert proposal.nothing_found and "page" in proposal.reason


def test_brushwork_with_ridges_beside_its_furrows_is_left_alone():
    rng = np.random.default_rng(7)
    strokes = cv2.GaussianBlur(rng.standard_normal((512, 512)).astype(np.float32), (0, 0), sigmaX=14, sigmaY=1.2)
    picture = canvas() + (strokes / strokes.std() * 14)[..., None]
    assert propose(np.clip(picture, 0, 255).astype(np.uint8)).nothing_found


def test_long_straight_marks_are_scratches():
    picture = canvas()
    for y in (60, 180, 300, 420):
        cv2.line(picture, (30, y), (470, y + 25), (250, 248, 245), 2)
    proposal = propose(picture)
    assert proposal.kinds["pale scratch"] > 0.002 and proposal.kinds["dark scratch"] == 0


def test_a_flat_sheet_a_tiny_picture_and_a_grey_one_are_answered():
    flat, alpha = np.full((64, 64, 3), 200, np.uint8), np.zeros((7, 5, 4), np.uint16)
    for pixels in (flat, np.zeros((1, 1), np.uint8), alpha, canvas(100)[..., 0]):
        assert propose(pixels).mask.shape == pixels.shape[:2]


def test_windows_leave_no_seam():
    lost = net(1400, 3, 220)
    picture = np.tile(canvas(700), (2, 2, 1))
    picture[lost] = 15
    found = propose(picture).mask
    band = np.zeros(lost.shape, bool)
    band[:, 1000:1048] = True
    assert (found & lost & band).sum() / (lost & band).sum() > 0.7


SAMPLES = os.environ.get("ANASTYLOSIS_SAMPLES")


@pytest.mark.skipif(not SAMPLES or not Path(SAMPLES).is_dir(), reason="ANASTYLOSIS_SAMPLES names no folder of sample works")
def test_real_cracks_are_found():
    folder = Path(SAMPLES) / "damaged"
    picture = cv2.imread(str(folder / "craquelure_fl187.jpg"))[..., ::-1]
    skeleton = cv2.imread(str(folder / "craquelure_fl187_skeleton.png"), cv2.IMREAD_GRAYSCALE) > 127
    near = cv2.dilate(propose(np.ascontiguousarray(picture)).mask.astype(np.uint8), np.ones((3, 3))) > 0
    assert (near & skeleton).sum() / skeleton.sum() > 0.8
