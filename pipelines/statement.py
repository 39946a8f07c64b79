"""What a Record says of a model that worked: its id, the digest of its weights, its licence. Imports no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pipelines.bundled import bundled_digest, drawing_digest, segmenter_digest, weights_digest
from pipelines.known_models import BUNDLED, known_licence
from pipelines.pins import Pin, file_sha256

BUNDLED_LICENCE = "as the package; trained on public-domain pictures, listed in weights/training-images.csv"
UNKNOWN_LICENCE = "not stated here: read it where the model was published"


def statement(
    model: str,
    *,
    draws: bool = False,
    pins: Mapping[str, Pin] | None = None,
    lora: Path | None = None,
    precision: str = "",
) -> dict[str, str]:
    """{"id", "weights_sha256", "licence"} of a model that can be loaded; for one from elsewhere also what else decides pixels.

    Args:
        model: as in a Request.
        draws: whether variants are asked of it; the bundled model has weights of its own for them.
        pins: what was fetched of repositories on the hub; their commits and digests are told.
        lora: file that was added; told as "lora" (its name) and "lora_sha256".
        precision: bits of a weight, such as "8bit"; told unless it is the bundled model's.

    The digest is "" for a model from the hub that was not pinned: its files lie in a cache whose layout is not ours.
    """
    if model == BUNDLED:
        return {"id": model, "weights_sha256": drawing_digest() if draws else bundled_digest(), "licence": BUNDLED_LICENCE}
    parts = model.split("+")
    digests = [_digest(part, pins or {}) for part in parts]
    said = {
        "id": "+".join(Path(part).name if Path(part).exists() else part for part in parts),
        "weights_sha256": _joined(digests),
        "licence": "; ".join(dict.fromkeys(_licence(part, pins or {}) for part in parts)),
    }
    revisions = [pins[part].revision for part in parts if pins and part in pins]
    if revisions:
        said["revision"] = "+".join(revisions)
    if precision:
        said["precision"] = precision
    if lora is not None:
        said |= {"lora": lora.name, "lora_sha256": file_sha256(lora)}
    return said


def _digest(part: str, pins: Mapping[str, Pin]) -> str:
    path = Path(part)
    if path.is_dir():
        return weights_digest(path)
    if path.is_file():
        return file_sha256(path)
    return pins[part].digest() if part in pins else ""


def _joined(digests: list[str]) -> str:
    """One digest for several; none as soon as one of them is not known."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("+".join(digests).encode()).hexdigest() if all(digests) else ""


def _licence(part: str, pins: Mapping[str, Pin]) -> str:
    if Path(part).exists():
        return UNKNOWN_LICENCE
    if part in pins:
        return pins[part].licence
    known = known_licence(part)
    return known[0] if known else UNKNOWN_LICENCE


def segmenter_statement() -> dict[str, str]:
    """{"id", "weights_sha256", "licence"} of the segmenter that proposes masks."""
    return {"id": "segmenter", "weights_sha256": segmenter_digest(), "licence": BUNDLED_LICENCE}
