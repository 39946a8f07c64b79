"""A photograph of real coins that scikit-image carries within itself, for relief and gallery scenes."""

from __future__ import annotations

import numpy as np

# Brooklyn Museum Collection, Greek coins from Pompeii; "no known copyright restrictions" (skimage.data.coins).
RIGHTS = "http://rightsstatements.org/vocab/NKC/1.0/"


def coins() -> np.ndarray:
    """Greek coins from Pompeii: uint8 [303, 384]."""
    from skimage.data import coins as photograph

    return np.asarray(photograph(), np.uint8)
