"""Whether a picture is damaged at all, and how: a judgement over the whole picture, before any pixel is proposed.

A network that looks 96 px around itself mistakes twigs, rigging and hatching for cracks now and then; over a whole picture real
damage is surer of itself, hangs together, and is seen by the classical filters, too. The gate weighs all of that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from pipelines.line_marks import Net

SURE, MAYBE = 0.5, 0.15  # probabilities
LONG_PX = 32  # diagonal of what hangs together
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

    def vector(self) -> np.ndarray:
        """The evidence as numbers of about −3…3, float64 [34]."""
        area = max(self.area, 1.0)
        said = [
            np.log10(self.sure / area + LEAST) + 3,
            np.log10(self.maybe / area + LEAST) + 3,
            2 * self.belief / np.maximum(self.maybe, 1),
            2 * self.long / np.maximum(self.sure, 1),
        ]
        seen = []
        for sign, other in (SIGNS, SIGNS[::-1]):
            net, (count, pixels) = self.nets[sign], self.straight[sign]
            length = max(net.length, 1.0)
            seen += [
                np.log10(length / max(net.area, 1.0) + 1e-4) + 2,
                np.log2(length / max(net.other, 1.0) + 0.1),
                np.log2(1 + 1000 * net.cells / length) - 1,
                2 * net.connected / max(net.mass, 1.0),
                float(net.is_cracked()),
                np.log2(1 + 1e6 * count / max(net.area, 1.0)) / 2 - 1,
                np.log2((1 + pixels) / (1 + self.straight[other][1])) / 2,
            ]
        return np.concatenate([*said, np.clip(seen, -4, 4), [float(self.grounds > 0)]])


@dataclass(frozen=True)
class Gate:
    """One logistic judgement per class (Cox 1958): weights float64 [5, 35], of which the last is the constant."""

    weights: np.ndarray

    def __call__(self, evidence: Evidence) -> np.ndarray:
        """Probability that the picture has damage of each class, float64 [5]."""
        return judged(self.weights, evidence.vector()[None])[0]


def judged(weights: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Weights [5, F + 1], vectors [N, F] → probabilities [N, 5]."""
    with_constant = np.concatenate([vectors, np.ones((len(vectors), 1))], 1)
    return 1 / (1 + np.exp(-np.clip(with_constant @ weights.T, -30, 30)))
