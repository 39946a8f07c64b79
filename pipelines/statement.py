"""What a Record says of the model that worked: its id, the digest of its weights, its licence. Imports no torch."""

from __future__ import annotations

from pathlib import Path

from pipelines.bundled import bundled_digest, drawing_digest, weights_digest

BUNDLED_LICENCE = "as the package; trained on public-domain pictures, listed in weights/training-images.csv"
UNKNOWN_LICENCE = "not stated here: read it where the model was published"


def statement(model: str, *, draws: bool = False) -> dict[str, str]:
    """{"id", "weights_sha256", "licence"} of a model that can be loaded.

    Args:
        model: as in a Request.
        draws: whether variants are asked of it; the bundled model has weights of its own for them.

    The digest is "" for a model from the hub: its files lie in a cache whose layout is not ours, and its id and revision
    name it.
    """
    if model == "bundled":
        return {"id": model, "weights_sha256": drawing_digest() if draws else bundled_digest(), "licence": BUNDLED_LICENCE}
    folder = Path(model)
    if folder.is_dir():
        return {"id": folder.name, "weights_sha256": weights_digest(folder), "licence": UNKNOWN_LICENCE}
    return {"id": model, "weights_sha256": "", "licence": UNKNOWN_LICENCE}
