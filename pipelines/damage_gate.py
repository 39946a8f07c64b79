"""Whether a picture is damaged at all, and how: a judgement over the whole picture, before any pixel is proposed.

A network that looks 96 px around itself mistakes twigs, rigging and hatching for cracks now and then; over a whole picture real
damage is surer of itself, hangs together, and has one sign. The gate weighs all of that, and knows nothing of single pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from pipelines.line_marks import Net

SURE, MAYBE = 0.5, 0.15  # probabilities
LONG_PX = 32  # diagonal of what hangs together
LINES = 3  # the first classes: dark and pale cracks, scratches
LEAST = 1e-5  # share of a picture: what is less is nothing
SIGNS = ("dark", "pale")


@dataclass
class Evidence:
    """What a picture shows, as sums over windows: of the network per class, and of the classical filters.

    Attributes:
        area: px that the network judged.  sure, maybe: px above 0.5 and 0.15, float64 [5].  belief: sum of the probabilities
            above 0.15.  long: px above 0.5 that belong to components of 32 px and more.
        nets, straight: as the classical look gives them, by sign; straight is [count, pixels].
        grounds: how many colours behave like a ground.
    """

    area: float = 0.0
    sure: np.ndarray = field(default_factory=lambda: np.zeros(5))
    maybe: np.ndarray = field(default_factory=lambda: np.zeros(5))
    belief: np.ndarray = field(default_factory=lambda: np.zeros(5))
    long: np.ndarray = field(default_factory=lambda: np.zeros(5))
    nets: dict[str, Net] = field(default_factory=dict)
    straight: dict[str, list[int]] = field(default_factory=dict)
    grounds: int = 0

    def add(self, probabilities: np.ndarray) -> None:
        """Add a tile of the network's, float32 [5, h, w]."""
        self.area += probabilities[0].size
        for index, plane in enumerate(probabilities):
            high, some = plane > SURE, plane > MAYBE
            self.sure[index] += np.count_nonzero(high)
            self.maybe[index] += np.count_nonzero(some)
            self.belief[index] += float(plane[some].sum(dtype=np.float64))
            facts = cv2.connectedComponentsWithStats(high.view(np.uint8), connectivity=8)[2][1:]
            reach = np.hypot(facts[:, cv2.CC_STAT_WIDTH], facts[:, cv2.CC_STAT_HEIGHT])
            self.long[index] += float(facts[reach >= LONG_PX, cv2.CC_STAT_AREA].sum())

    def vectors(self) -> np.ndarray:
        """For each class ten numbers of about −3…3, float64 [5, 10]: its own four, then how much there is of each line class.

        What filters see was tried beside them, and the judgement on other pictures became worse.
        """
        area = max(self.area, 1.0)
        sure, maybe = (np.log10(pixels / area + LEAST) + 3 for pixels in (self.sure, self.maybe))
        own = [sure, maybe, 2 * self.belief / np.maximum(self.maybe, 1), 2 * self.long / np.maximum(self.sure, 1)]
        lines = np.concatenate([sure[:LINES], maybe[:LINES]])
        return np.concatenate([np.stack(own, 1), np.tile(lines, (len(sure), 1))], 1)

    def chances(self, gate: np.ndarray) -> np.ndarray:
        """Probability that the picture has damage of each class, float64 [5], given the gate's weights, [5, 11]."""
        return judged(gate, self.vectors()[None])[0]


def judged(gate: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """One logistic judgement per class (Cox 1958): weights [5, F + 1], the constant last; vectors [N, 5, F] → [N, 5]."""
    said = np.einsum("ncf,cf->nc", vectors, gate[:, :-1]) + gate[:, -1]
    return 1 / (1 + np.exp(-np.clip(said, -30, 30)))
