"""Every kind of file: released, intact; one bit flipped, altered. With real files of the kind, also away from their Record."""

import io
import os
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from blender_addon.scenes.gallery import gallery
from blender_addon.scenes.gltf import glb
from blender_addon.scenes.texture import Texture
from provenance.draft import Document, Draft, Picture
from provenance.release import release
from provenance.verify import verify


def _film(folder):
    path = folder / "film.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no MP4")
    for shade in range(0, 200, 20):
        writer.write(np.full((48, 64, 3), shade, np.uint8))
    writer.release()
    return path.read_bytes()


def _sheet(folder):
    buffer = io.BytesIO()
    Image.new("RGB", (60, 80), (240, 230, 210)).save(buffer, "pdf")
    return buffer.getvalue()


def _pages(folder):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.random.default_rng(0).integers(0, 255, (3, 40, 50), np.uint8), photometric="minisblack")
    return buffer.getvalue()


def _linear(folder):
    program = (
        "import sys, cv2, numpy as np\n"
        "light = np.linspace(0, 4, 3072, dtype=np.float32).reshape(32, 32, 3)\n"
        "sys.stdout.buffer.write(cv2.imencode('.exr', light)[1].tobytes())"
    )
    environment = {**os.environ, "OPENCV_IO_ENABLE_OPENEXR": "1"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, timeout=60)
    if run.returncode:
        pytest.skip("this OpenCV writes no EXR")
    return run.stdout


def _room(folder):
    return glb(gallery(Texture.from_pixels(np.random.default_rng(1).integers(0, 255, (30, 40, 3), np.uint8)), width_m=1.0))


def _stage(folder):
    return (
        b'#usda 1.0\n(\n    metersPerUnit = 1\n    upAxis = "Z"\n)\ndef Xform "room"\n{\n    def Cube "wall"\n    {\n    }\n}\n'
    )


DOCUMENTS = {
    "film.mp4": ("video/mp4", _film, "embedded"),
    "sheet.pdf": ("application/pdf", _sheet, "embedded"),
    "scene.glb": ("model/gltf-binary", _room, "sidecar"),
    "pages.tif": ("image/tiff", _pages, "sidecar"),
    "light.exr": ("image/x-exr", _linear, "sidecar"),
    "stage.usda": ("model/vnd.usda", _stage, "sidecar"),
}
PICTURES = {
    "a.png": "uint8", "b.png": "uint16", "a.tif": "uint8", "b.tif": "uint16",
    "a.jpg": "uint8", "a.webp": "uint8", "a.avif": "uint8",
}  # fmt: skip


def _flipped(path, folder):
    """Yield copies with one bit flipped, at nine places from the first byte to the last."""
    folder.mkdir()
    data = path.read_bytes()
    for at in sorted({*range(0, len(data), max(1, len(data) // 8)), len(data) - 1}):
        copy = folder / path.name
        copy.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        yield at, copy


def _check(sealed, name, home, tmp_path, credential):
    path = sealed.folder / name
    assert {file.name: file.credential for file in sealed.files}[name] == credential
    verdict = verify(path, home)
    assert (verdict.state, verdict.contains_ai) == ("intact", True), verdict.reasons
    for at, copy in _flipped(path, tmp_path / "flipped"):
        shutil.copy(sealed.folder / "record.json", copy.parent)
        if credential == "sidecar":
            shutil.copy(path.with_name(f"{name}.c2pa"), copy.parent)
        assert verify(copy, home).state == "altered", (name, at)
        (copy.parent / "record.json").unlink()
        if credential == "sidecar":  # with nothing but its sidecar beside it
            assert verify(copy, home).state == "altered", (name, at)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_each_kind_is_intact_and_one_bit_makes_it_altered(home, tmp_path, painted, name):
    pixels = painted(96, 128).astype(PICTURES[name]) * (257 if PICTURES[name] == "uint16" else 1)
    ai = np.zeros((96, 128), bool)
    ai[20:60, 30:90] = True
    sealed = release(
        Draft("restore", {"operation": "restore"}, (Picture(name, pixels, "restored", ai=ai),)), tmp_path / "out", home
    )
    _check(sealed, name, home, tmp_path, "embedded")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_of_each_kind_is_intact_and_one_bit_makes_it_altered(home, tmp_path, name):
    media_type, make, credential = DOCUMENTS[name]
    data = make(tmp_path)
    document = Document(name, media_type, "scene", contains_ai=True, data=data)
    sealed = release(Draft("scene", {"operation": "scene"}, (document,)), tmp_path / "out", home)
    if credential == "sidecar":
        assert (sealed.folder / name).read_bytes() == data
    _check(sealed, name, home, tmp_path, credential)


def test_a_signed_film_and_a_signed_sheet_still_open(home, tmp_path):
    files = (
        Document("film.mp4", "video/mp4", "film", contains_ai=True, data=_film(tmp_path)),
        Document("sheet.pdf", "application/pdf", "report", contains_ai=True, data=_sheet(tmp_path)),
    )
    sealed = release(Draft("render", {"operation": "render"}, files), tmp_path / "out", home)
    film = cv2.VideoCapture(str(sealed.folder / "film.mp4"))
    assert sum(1 for _ in iter(film.grab, False)) == 10
    assert (sealed.folder / "sheet.pdf").read_bytes().rstrip().endswith(b"%%EOF")


def test_several_pages_are_never_signed_inside(home, tmp_path):
    document = Document("pages.tif", "image/tiff", "reading", contains_ai=True, data=_pages(tmp_path))
    sealed = release(Draft("scene", {"operation": "scene"}, (document,)), tmp_path / "out", home)
    with tifffile.TiffFile(sealed.folder / "pages.tif") as file:
        assert len(file.pages) == 3
    with Image.open(sealed.folder / "pages.tif") as image:
        assert image.n_frames == 3
