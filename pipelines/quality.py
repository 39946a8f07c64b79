"""How good a fill is, where the truth is known: measured inside the hole, since everything else is the picture itself.

No figure alone is enough. PSNR and SSIM reward blur; the gradient energy says how much texture there is, but not whether it is
the right one; HaarPSI is nearest to what people see, and takes strong edges for most of a picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from pipelines.haarpsi import haarpsi

SEAM_PX = 4  # HaarPSI also looks so far beyond the hole: a seam is seen from both sides
FLATTEST = 0.25  # levels²: with less gradient energy than this in the truth, its share means nothing


@dataclass(frozen=True)
class Quality:
    """Figures of one fill.

    Attributes:
        psnr: dB, over the hole's pixels and channels; 100 at most.
        ssim: −1…1, mean over the hole of the local index (Wang et al. 2004, 11-px Gaussian window), which sees 5 px around.
        gradient_energy: the fill's as a share of the truth's; 1 = as much texture, 0 = flat; nan where the truth is flat.
        haarpsi: 0…1, weighted to the hole and 4 px around it. Fills are ranked by this one: over the whole crop the known
            pixels, equal in all fills, would decide.
        haarpsi_whole: 0…1, the published index over the whole picture.
    """

    psnr: float
    ssim: float
    gradient_energy: float
    haarpsi: float
    haarpsi_whole: float


def quality(truth: np.ndarray, filled: np.ndarray, hole: np.ndarray) -> Quality:
    """Compare a fill with the truth.

    Args:
        truth: uint8 [H, W, 3], sRGB.
        filled: uint8 [H, W, 3].
        hole: bool [H, W], True where `filled` was made up; not empty.

    Raises:
        ValueError: when the hole is empty, or the shapes differ.
    """
    if truth.shape != filled.shape or hole.shape != truth.shape[:2] or not hole.any():
        raise ValueError(
            f"a truth of {truth.shape}, a fill of {filled.shape} and a hole of {hole.shape} do not fit, or it is empty"
        )
    return Quality(
        psnr(truth, filled, hole),
        ssim(truth, filled, hole),
        gradient_share(truth, filled, hole),
        haarpsi(truth, filled, around(hole)),
        haarpsi(truth, filled),
    )


def psnr(truth: np.ndarray, filled: np.ndarray, hole: np.ndarray) -> float:
    """Peak signal-to-noise ratio over the hole, dB, of uint8 pictures; 100 when nothing differs."""
    error = float(np.mean((truth[hole].astype(np.float64) - filled[hole]) ** 2))
    return min(100.0, 10 * float(np.log10(255**2 / max(error, 1e-9))))


def ssim(truth: np.ndarray, filled: np.ndarray, hole: np.ndarray) -> float:
    """Structural similarity, mean over the hole."""
    local = structural_similarity(truth, filled, channel_axis=-1, gaussian_weights=True, full=True, data_range=255)[1]
    return float(local[hole].mean())


def gradient_share(truth: np.ndarray, filled: np.ndarray, hole: np.ndarray) -> float:
    """Gradient energy of the fill ÷ that of the truth, over the hole; nan where the truth is flat."""
    energies = [float(_gradient_energy(image)[hole].mean()) for image in (filled, truth)]
    return energies[0] / energies[1] if energies[1] >= FLATTEST else float("nan")


def around(hole: np.ndarray) -> np.ndarray:
    """The hole and the seam around it, bool [H, W]."""
    side = 2 * SEAM_PX + 1
    return cv2.dilate(hole.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))) > 0


def _gradient_energy(image: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float64)
    down, across = np.gradient(grey)
    return down**2 + across**2
