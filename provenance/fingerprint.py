"""A fingerprint that recompressed and resized copies share: finds a work again when its mark and its credential are gone.

It is the body of the ISCC Image-Code (`iscc.py`), written in hexadecimal digits as the archive names its folders.
"""

from __future__ import annotations

import numpy as np

from provenance.iscc import digest, encoded, normalised

SAME_WORK = 10  # bits; the nearest pair of different works among 370,000 pairs differed in 12


def fingerprint(pixels: np.ndarray) -> str:
    """Return 16 hexadecimal digits, 64 bits, of a picture.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]; what is transparent counts as white.
    """
    return digest(normalised(pixels)).hex()


def iscc_of(code: str) -> str:
    """Return `ISCC:…` of a fingerprint, as it stands in the Record and in the credential."""
    return encoded(bytes.fromhex(code))


def distance(a: str, b: str) -> int:
    """In how many of the 64 bits two fingerprints differ; at most `SAME_WORK` for copies of one work."""
    return (int(a, 16) ^ int(b, 16)).bit_count()
