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
from pipelines.bundled import bundled_digest, drawing_digest, segmenter_digest, weights_digest
from pipelines.known_models import BUNDLED, known_licence
from pipelines.pins import Pin, file_sha256
