"""A home, a source and a Draft of each kind, at toy size."""

import hashlib

import cv2
import numpy as np
import pytest

from provenance.draft import Document, Draft, Picture, SourceNote
from provenance.home import Home

cv2.setNumThreads(1)


def painted(height: int, width: int, seed: int = 0) -> np.ndarray:
    """uint8 [H, W, 3] with texture at several scales, as a painting has."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for cells, weight in ((4, 90), (16, 50), (64, 25), (256, 12)):
        coarse = rng.normal(0, 1, (cells, cells, 3)).astype(np.float32)
        total += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(128 + total, 0, 255).astype(np.uint8)


def note(path, role="parent", rights="http://rightsstatements.org/vocab/NoC-US/1.0/", media_type="image/png") -> SourceNote:
    return SourceNote(role, path.name, hashlib.sha256(path.read_bytes()).hexdigest(), media_type, path, rights)


@pytest.fixture(name="painted")
def painted_fixture():
    return painted


@pytest.fixture(name="note")
def note_fixture():
    return note


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def scan(tmp_path):
    """Return a source on disk, its pixels and a hole in it."""
    pixels = painted(96, 128)
    path = tmp_path / "panel.png"
    path.write_bytes(cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())
    hole = np.zeros((96, 128), bool)
    hole[30:60, 40:90] = True
    return path, pixels, hole


@pytest.fixture
def restoration(scan) -> Draft:
    """Return a small Draft with every kind of file: picture with AI, mask, palette, page, scene."""
    path, pixels, hole = scan
    filled = pixels.copy()
    filled[hole] = 255 - filled[hole] // 2
    palette = np.array([[255, 255, 255], [43, 27, 77]], np.uint8)
    return Draft(
        operation="restore",
        request={"operation": "restore", "seed": 7, "prompt": ""},
        files=(
            Picture("restored.png", filled, "restored", ai=hole, dpi=(300, 300)),
            Picture("mask.png", hole.astype(np.uint8) * 255, "mask"),
            Picture(
                "evidence.png",
                hole.astype(np.uint8),
                "evidence",
                palette=palette,
                legend=((0, "untouched original"), (1, "model")),
            ),
            Document("index.html", "text/html", "page", False, data=b"<!doctype html><title>page</title>"),
            Document("scene.glb", "model/gltf-binary", "scene", True, data=b"glTF" + bytes(400)),
        ),
        sources=(note(path),),
        model={"id": "bundled", "weights_sha256": "0" * 64, "licence": "Apache-2.0"},
        levels={"1": 0.88, "7": 0.12},
        assumptions=("White in the mask was taken as lost.",),
        findings={"filled_by": "model"},
    )


@pytest.fixture
def variant() -> Draft:
    """Return a Draft of one picture that a model made whole, large enough for a watermark."""
    pixels = painted(512, 640, seed=3)
    everywhere = np.ones(pixels.shape[:2], bool)
    return Draft(
        "speculate",
        {"operation": "speculate", "seed": 1, "prompt": "a tower & <glass>"},
        (Picture("variant-1.png", pixels, "variant", ai=everywhere),),
        model={"id": "bundled", "weights_sha256": "1" * 64},
        levels={"7": 1.0},
    )
