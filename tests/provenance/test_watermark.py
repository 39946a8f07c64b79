"""The mark: invisible outside its mask to the last bit, read back from copies, silent where it cannot hold."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.lattice import Lattice
from provenance.mark_blocks import Blocks
from provenance.mark_informed import Canvas, informed, plain
from provenance.mark_view import luma, view, visibility, whiten
from provenance.watermark import Watermark

KEY, HANDLE = b"a key for these tests only, 32 B", 0x0F1E2D3C4B5A
MARK = Watermark(KEY)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(threads)


def painting(height: int, width: int, seed: int = 1) -> np.ndarray:
    """Noise of many scales with shapes painted over it: uint8 [H, W, 3], free of pure white and black."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), 118.0, np.float32)
    for cell in (2, 5, 16, 60):
        noise = rng.normal(0, 9 + cell / 5, (-(-height // cell), -(-width // cell), 3)).astype(np.float32)
        image += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(25):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(10, width // 6)), int(rng.integers(10, height // 6)))
        colour = [float(c) for c in rng.integers(60, 190, 3)]
        layer = image.copy()
        cv2.ellipse(layer, centre, axes, float(rng.integers(180)), 0, 360, colour, -1, cv2.LINE_AA)
        image = 0.6 * layer + 0.4 * image
    return np.clip(image, 12, 240).astype(np.uint8)


def box(shape, top, left, height, width) -> np.ndarray:
    mask = np.zeros(shape[:2], bool)
    mask[top : top + height, left : left + width] = True
    return mask


def jpeg(pixels, quality):
    return cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def resized(pixels, factor):
    return cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def rotated(pixels, degrees):
    h, w = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1.0)
    return cv2.warpAffine(pixels, matrix, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def psnr(a, b):
    return 10 * np.log10(255.0**2 / np.mean((a.astype(float) - b.astype(float)) ** 2))


def handle_of(pixels, search=False):
    found = MARK.detect(pixels, search=search)
    return None if found is None else found.handle


@pytest.fixture(scope="module")
def original():
    return painting(768, 1024)


@pytest.fixture(scope="module")
def marked(original):
    done = MARK.embed(original, HANDLE, None)
    assert (done.handle, done.reason) == (HANDLE, None)
    return done.pixels


COPIES = {
    "itself": lambda p: p,
    "JPEG 75": lambda p: jpeg(p, 75),
    "JPEG 50": lambda p: jpeg(p, 50),
    "three quarters of the size": lambda p: resized(p, 0.75),
    "half the size, then JPEG 75": lambda p: jpeg(resized(p, 0.5), 75),
    "grey": lambda p: cv2.cvtColor(p, cv2.COLOR_BGR2GRAY),
    "darker": lambda p: (p * 0.8).astype(np.uint8),
    "noisy": lambda p: np.clip(p + np.random.default_rng(0).normal(0, 8, p.shape), 0, 255).astype(np.uint8),
    "with an alpha channel": lambda p: np.dstack([p, np.full(p.shape[:2], 7, np.uint8)]),
    "in 16 bits": lambda p: p.astype(np.uint16) * 257,
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_a_marked_picture_gives_its_handle(marked, name):
    assert handle_of(COPIES[name](marked)) == HANDLE


SEARCHED = {
    "80 % of the area": lambda p: p[35:722, 60:976],
    "80 % of the area, three quarters of the size, JPEG 75": lambda p: jpeg(resized(p[35:722, 60:976], 0.75), 75),
    "half of the area": lambda p: p[100:643, 250:974],
    "turned by 2°": lambda p: rotated(p, 2.0),
    "mirrored": lambda p: p[:, ::-1],
    "turned by 90°": lambda p: np.rot90(p),
}


@pytest.mark.parametrize("name", SEARCHED)
def test_a_cropped_turned_or_mirrored_copy_gives_its_handle_when_searched(marked, name):
    found = MARK.detect(np.ascontiguousarray(SEARCHED[name](marked)), search=True)
    assert found is not None
    assert found.handle == HANDLE


def test_the_mark_is_faint(original, marked):
    assert psnr(original, marked) > 40
    assert abs(original.astype(int) - marked).max() <= 16
    assert abs(original.astype(float).mean() - marked.mean()) < 0.05


def test_the_detection_says_where_and_how_large(marked):
    whole = MARK.detect(marked, search=False)
    assert whole is not None
    assert (whole.scale, whole.angle) == (1.0, 0.0)
    assert whole.score > 10
    cropped = MARK.detect(np.ascontiguousarray(marked[35:722, 60:976]))
    assert cropped is not None
    assert cropped.scale == pytest.approx(1024 / 916, rel=0.01)


def test_a_small_picture_carries_a_mark_through_jpeg_and_a_smaller_copy():
    done = MARK.embed(painting(384, 512, seed=5), HANDLE, None)
    assert done.handle == HANDLE
    for copy in (done.pixels, jpeg(done.pixels, 75), resized(done.pixels, 0.75)):
        assert handle_of(copy) == HANDLE


def test_a_mark_in_a_part_of_the_picture_is_found_there(original):
    mask = box(original.shape, 200, 420, 360, 400)
    done = MARK.embed(original, HANDLE, mask)
    assert done.handle == HANDLE
    assert np.array_equal(done.pixels[~mask], original[~mask])
    for copy in (done.pixels, jpeg(done.pixels, 75), resized(done.pixels, 0.75)):
        assert handle_of(copy) == HANDLE
    found = MARK.detect(done.pixels, search=False)
    assert found is not None
    left, top, right, bottom = found.box
    assert left < 820 and right > 420 and top < 560 and bottom > 200


def test_two_regions_carry_two_handles_and_each_map_shows_its_own(original):
    left, right = box(original.shape, 60, 40, 420, 400), box(original.shape, 250, 560, 400, 420)
    done = MARK.embed(original, HANDLE, left)
    done = MARK.embed(done.pixels, HANDLE + 1, right)
    assert done.handle == HANDLE + 1
    found = {d.handle: d for d in MARK.detect_all(jpeg(done.pixels, 80), search=False)}
    assert set(found) == {HANDLE, HANDLE + 1}
    for handle, mask in ((HANDLE, left), (HANDLE + 1, right)):
        where = found[handle].where
        assert max(where.shape) == 64
        inside = cv2.resize(mask.astype(np.float32), where.shape[::-1], interpolation=cv2.INTER_AREA)
        beyond = cv2.dilate(inside, np.ones((9, 9), np.uint8)) == 0  # a cell sums over three half tiles
        assert where[inside == 1].mean() > 3
        assert abs(where[beyond].mean()) < 0.5


def test_a_marked_picture_keeps_its_mark_as_the_texture_of_a_scene(marked):
    from blender_addon.scenes.gallery import gallery
    from blender_addon.scenes.gltf import glb
    from blender_addon.scenes.texture import Texture

    png = cv2.imencode(".png", marked)[1].tobytes()
    for carried in (Texture.from_bytes(png), marked[..., ::-1].astype(np.uint16) * 257):
        packed = glb(gallery(carried, width_m=1.0, level=7, author="AI", source_sha256="0" * 64))
        start = packed.index(b"\x89PNG")
        unpacked = cv2.imdecode(np.frombuffer(packed, np.uint8)[start:], cv2.IMREAD_COLOR)
        assert np.array_equal(unpacked, marked)
        assert handle_of(unpacked) == HANDLE


def test_the_map_of_a_turned_and_cropped_copy_follows_the_mark(original):
    mask = np.zeros(original.shape[:2], bool)
    mask[:, :640] = True
    done = MARK.embed(original, HANDLE, mask)
    found = MARK.detect(rotated(done.pixels, 3.0)[40:-40, 60:-60].copy())
    assert found is not None and found.handle == HANDLE
    assert abs(abs(found.angle) - 3) < 0.3
    width = found.where.shape[1]
    assert found.where[:, : width // 2].mean() > 2 * abs(found.where[:, int(0.75 * width) :].mean())


def test_listening_to_the_picture_buys_reliability_at_the_same_loudness(original):
    """The wanted handle is heard more evenly: fewer coded bits come out wrong before any correction."""
    lattice, small = Lattice(KEY), view(luma(original), 768)
    canvas = Canvas(small, visibility(small))
    wrong = []
    for write in (plain, informed):
        delta = write(lattice, canvas, HANDLE, 1.0, 0.3)
        assert np.sqrt((delta * delta).mean()) == pytest.approx(0.3, rel=0.02)
        blocks = Blocks.of(lattice, whiten(small + delta))
        heard = lattice.dimensions(blocks.coefficients.sum((0, 1)) * blocks.weights) @ lattice.gathering
        wrong.append(int((heard * lattice.coded(HANDLE) < 0).sum()))
    assert wrong[1] < 0.6 * wrong[0]


def test_the_paper_beside_ink_carries_no_more_than_paper_far_from_it():
    sheet = np.full((400, 600), 226, np.float32)
    cv2.rectangle(sheet, (280, 40), (320, 360), 30.0, -1)
    allowed = visibility(sheet + np.random.default_rng(0).normal(0, 0.8, sheet.shape).astype(np.float32))
    assert allowed[100:300, 262:276].max() < 1.1 * allowed[100:300, 60:200].max()


def test_the_edge_of_the_mask_shows_no_halo(original):
    mask = box(original.shape, 200, 420, 360, 400)
    change = abs(MARK.embed(original, HANDLE, mask).pixels.astype(int) - original).max(2)
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    assert change[distance <= 2].max() == 0
    assert change[(distance > 2) & (distance < 4)].mean() < 0.5 * change[distance > 12].mean()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [0, 3, 4])
def test_every_kind_of_pixels_is_marked_and_alpha_stays(dtype, channels):
    pixels = painting(700, 800, seed=3)
    if channels == 0:
        pixels = pixels[..., 1]
    if channels == 4:
        pixels = np.dstack([pixels, np.arange(560_000, dtype=np.uint32).reshape(700, 800).astype(np.uint8)])
    if dtype == np.uint16:
        pixels = pixels.astype(np.uint16) * 257 + 19
    done = MARK.embed(pixels, HANDLE, None)
    assert done.handle == HANDLE
    assert (done.pixels.dtype, done.pixels.shape) == (pixels.dtype, pixels.shape)
    if channels == 4:
        assert np.array_equal(done.pixels[..., 3], pixels[..., 3])
    if dtype == np.uint16:
        assert handle_of((done.pixels >> 8).astype(np.uint8)) == HANDLE


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 420),
    st.integers(1, 420),
    st.sampled_from([0, 3, 4]),
    st.sampled_from([np.uint8, np.uint16]),
    st.sampled_from(["specks", "boxes", "nothing", "all"]),
    st.integers(0, 2**32 - 1),
)
def test_outside_the_mask_not_one_bit_changes(height, width, channels, dtype, kind, seed):
    rng = np.random.default_rng(seed)
    shape = (height, width, channels) if channels else (height, width)
    pixels = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    mask = np.full((height, width), kind == "all")
    if kind == "specks":
        mask = rng.random((height, width)) < 0.5
    if kind == "boxes":
        for _ in range(3):
            top, left = rng.integers(height), rng.integers(width)
            mask[top : top + rng.integers(1, 300), left : left + rng.integers(1, 300)] = True
    before = pixels.copy()
    done = MARK.embed(pixels, HANDLE, mask)
    assert np.array_equal(pixels, before)
    assert np.array_equal(done.pixels[~mask], before[~mask])
    if channels == 4:
        assert np.array_equal(done.pixels[..., 3], before[..., 3])
    assert (done.handle is None) == (done.reason is not None)
    if done.handle is None:
        assert np.array_equal(done.pixels, before)


def test_the_writing_itself_changes_nothing_outside_the_mask():
    """Without the reading back that refuses most small regions, over many masks."""
    from provenance.mark_region import Region

    rng = np.random.default_rng(4)
    for _ in range(60):
        h, w = (int(n) for n in rng.integers(1, 300, 2))
        pixels = rng.integers(0, 256, (h, w, 3), np.uint8)
        mask = cv2.resize(rng.random((5, 5)), (w, h)) < 0.5
        delta = rng.normal(0, 30, (64, 64)).astype(np.float32)
        changed = Region.of(mask, (h, w)).add(pixels, delta)
        assert np.array_equal(changed[~mask], pixels[~mask])


def drawing(height=900, width=1200):
    image = np.full((height, width, 3), 255, np.uint8)
    for i in range(40, 860, 40):
        cv2.line(image, (40, i), (1160, 900 - i), (0, 0, 0), 2)
    return image


REFUSED = {
    "a mask of nothing": lambda: (painting(600, 800), np.zeros((600, 800), bool), "No pixel"),
    "a region of 60 pixels": lambda: (painting(600, 800), box((600, 800), 50, 50, 60, 60), "too small"),
    "a picture of 60 pixels": lambda: (painting(200, 200)[:60, :60], None, "too small"),
    "a line drawing": lambda: (drawing(), None, "white"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_carry_a_mark_comes_back_unchanged_with_a_reason(name):
    pixels, mask, word = REFUSED[name]()
    done = MARK.embed(pixels, HANDLE, mask)
    assert done.handle is None
    assert done.reason is not None and word in done.reason and done.reason.endswith(".")
    assert np.array_equal(done.pixels, pixels)


def test_noise_that_drowns_the_mark_is_refused_and_not_claimed():
    pixels = np.random.default_rng(1).integers(0, 256, (400, 400, 3), np.uint8)
    done = MARK.embed(pixels, HANDLE, None)
    assert done.handle is None or handle_of(done.pixels) == HANDLE


def test_scattered_cracks_on_a_big_picture_are_refused_before_any_work():
    pixels = np.full((4000, 5000, 3), 120, np.uint8)
    mask = np.zeros((4000, 5000), bool)
    mask[::90] = True
    mask[:, ::110] = True
    start = time.process_time()
    done = MARK.embed(pixels, HANDLE, mask)
    assert done.handle is None
    assert "largest square" in str(done.reason)
    assert time.process_time() - start < 2.0


def test_a_small_region_of_a_big_picture_is_marked_in_its_own_size():
    """In a picture of 2,800 pixels the eight tiles of a whole picture would be too coarse for a region of 230."""
    pixels = cv2.resize(painting(1000, 1400, seed=8), (2800, 2000), interpolation=cv2.INTER_CUBIC)
    pixels += np.random.default_rng(2).integers(0, 9, pixels.shape, np.uint8)
    mask = box(pixels.shape, 1000, 1500, 230, 240)
    done = MARK.embed(pixels, HANDLE, mask)
    assert done.handle == HANDLE
    assert np.array_equal(done.pixels[~mask], pixels[~mask])
    assert handle_of(jpeg(done.pixels, 75)) == HANDLE


def test_pictures_without_a_mark_or_with_another_key_give_nothing(marked):
    stranger = Watermark(b"another key, of another museum..")
    assert stranger.detect(marked, search=True) is None
    for seed in range(8):
        assert MARK.detect(painting(300, 400, seed=100 + seed), search=False) is None


def test_the_same_key_and_handle_give_the_same_pixels(original, marked):
    assert np.array_equal(Watermark(KEY).embed(original, HANDLE, None).pixels, marked)


def test_a_handle_that_does_not_fit_is_refused(original):
    for handle in (-1, 2**48):
        with pytest.raises(ValueError, match="48 bits"):
            MARK.embed(original, handle, None)
    with pytest.raises(ValueError, match="mask"):
        MARK.embed(original, HANDLE, np.ones((3, 3), bool))
