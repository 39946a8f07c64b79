"""The models that come with the package: where their weights lie and what their digests are. Imports no torch."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pipelines.errors import WeightsMissingError

DRAWING, SEGMENTER = "drawing", "segmenter"
INSIDE = (DRAWING, SEGMENTER)  # folders of other models below the restoration's, with digests of their own


def bundled_folder() -> Path:
    """The folder of the bundled model, in diffusers' layout: `model_index.json`, `network/`, `scheduler/`."""
    return Path(__file__).parent / "weights"


def is_bundled() -> bool:
    """True when the weights are there."""
    return (bundled_folder() / "model_index.json").is_file()


def bundled_digest() -> str:
    """Digest of the bundled weights, 64 hexadecimal digits.

    Raises:
        WeightsMissingError: when there are none.
    """
    if not is_bundled():
        raise WeightsMissingError(f"{bundled_folder()} holds no model: install the package again, or name another model.")
    return weights_digest(bundled_folder())


def drawing_folder() -> Path:
    """The folder of the weights that paint variants after drawings, in the same layout."""
    return bundled_folder() / DRAWING


def drawing_digest() -> str:
    """Digest of those weights, 64 hexadecimal digits.

    Raises:
        WeightsMissingError: when there are none.
    """
    if not (drawing_folder() / "model_index.json").is_file():
        raise WeightsMissingError(f"{drawing_folder()} holds no model: install the package again, or name another model.")
    return weights_digest(drawing_folder())


def segmenter_folder() -> Path:
    """The folder of the segmenter that proposes masks: `config.json`, `segmenter.safetensors`."""
    return bundled_folder() / SEGMENTER


def segmenter_digest() -> str:
    """Digest of the segmenter's weights, 64 hexadecimal digits.

    Raises:
        WeightsMissingError: when there are none.
    """
    if not (segmenter_folder() / "config.json").is_file():
        raise WeightsMissingError(f"{segmenter_folder()} holds no model: install the package again, or draw a mask by hand.")
    return weights_digest(segmenter_folder())


def weights_digest(folder: Path) -> str:
    """SHA-256 over names and bytes of every safetensors file in a folder, in the order of their names.

    Configurations are left out: a digest names what was learnt. Renaming or splitting a file changes it. A model in one of
    the folders INSIDE is another model and does not count.
    """
    digest = hashlib.sha256()
    files = [path for path in folder.rglob("*.safetensors") if path.relative_to(folder).parts[0] not in INSIDE]
    for path in sorted(files, key=lambda path: path.relative_to(folder).as_posix()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.stat().st_size.to_bytes(8, "big"))
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
