"""Shops: what the networks took for windows and doors in one is its railing, its boards and its wicket.

A shop is the least regular of openings: half open, half boarded, a gallery or a curtain in it. Its fellows are as wide as they
please; but a street's shops stand on one ground under one lintel, and what is drawn within one of them is no opening itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from studio.drawings.facade_candidates import Edges
from studio.drawings.facade_grid import meet, whole
from studio.drawings.facade_openings import Seen
from studio.drawings.reading import Box, ReadOpening

# Numbers below were set at the House of the Faun in Pompeii, whose four shops are of two widths
LEVEL = 0.1  # of a shop's height by which lintels and thresholds of one street differ; boxes stray by half of that
WIDTH = (0.4, 2.0)  # of its fellow's: a shop's width
PARTS = 2  # drawn within it and taken for openings: one may be a window that the box happens to surround
LARGE = 0.35  # of the shop's area: no part of it is so large; what fills more of it is an opening, and the shop a blind arch's
OUT = 0.02  # of the shop's height by which a part may reach out
JAMB = 0.6  # of its height that each jamb is drawn, at least; curtains and rails hide some of it
LINE_PX = 2  # how far off a jamb its line may lie


def with_shops(openings: Sequence[ReadOpening], seen: Seen, edges: Edges) -> list[ReadOpening]:
    """The openings, with a shop in the place of its parts where another shop has its lintel and its threshold.

    Args:
        openings: chosen ones; seen: every box that was looked at, however little was thought of it; edges: of the same drawing.
    """
    kept = list(openings)
    boxes = [whole(box) for box in seen.boxes]
    for shop in [one for one in openings if one.kind == "shop" and one.head == "flat"]:
        like = [(box, parts) for box in boxes if _is_fellow(box, shop.box) and (parts := _parts(box, kept, shop.box))]
        while like:
            box, parts = max(like, key=lambda it: len(it[1]))  # boxes come with the best thought of first
            if _has_jambs(edges, box):
                sure = min(one.confidence for one in parts)
                kept = [one for one in kept if one not in parts]
                kept.append(replace(shop, box=box, confidence=sure))
                like = [(other, _parts(other, kept, shop.box)) for other, _ in like]
                like = [(other, parts) for other, parts in like if parts]
            else:
                like = [it for it in like if it[0] != box]
    return kept


def _is_fellow(box: Box, shop: Box) -> bool:
    """Whether a box has a shop's lintel and threshold, lies apart from it, and is not too unlike in width."""
    slack = LEVEL * (shop[3] - shop[1])
    is_level = abs(box[1] - shop[1]) < slack and abs(box[3] - shop[3]) < slack
    wide = (box[2] - box[0]) / max(1, shop[2] - shop[0])
    return is_level and WIDTH[0] < wide < WIDTH[1] and not meet(box, shop)


def _parts(box: Box, openings: Sequence[ReadOpening], shop: Box) -> list[ReadOpening]:
    """The openings within a box; none where they are too few, where one lies astride, is large, or is a shop's equal."""
    slack, area = OUT * (box[3] - box[1]), (box[2] - box[0]) * (box[3] - box[1])
    within = []
    for one in openings:
        a = one.box
        if not meet(a, box):
            continue
        inside = a[0] > box[0] - slack and a[2] < box[2] + slack and a[1] > box[1] - slack and a[3] < box[3] + slack
        if not inside or _is_fellow(a, shop) or (a[2] - a[0]) * (a[3] - a[1]) > LARGE * area:
            return []
        within.append(one)
    return within if len(within) >= PARTS else []


def _has_jambs(edges: Edges, box: Box) -> bool:
    """Whether a line is drawn along both sides of a box."""
    sides = [edges.upright[box[1] : box[3], max(0, x - LINE_PX) : x + LINE_PX + 1] for x in (box[0], box[2] - 1)]
    return all(side.size and float(np.mean(side.any(1))) > JAMB for side in sides)
