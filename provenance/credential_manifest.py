"""What a credential says: a Claim becomes the manifest that the signature is put under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.credential_regions import bounds, is_rectangle

if TYPE_CHECKING:
    from provenance.credential_regions import Polygon
    from provenance.draft import SourceNote

GENERATOR = "Anastylosis"
RELEASE_LABEL = "org.anastylosis.release"
MARK_ALGORITHM = "org.anastylosis.watermark.2"
_MINING = ("data_mining", "ai_training", "ai_inference", "ai_generative_training")


@dataclass(frozen=True)
class Claim:
    """What a credential will say.

    Attributes:
        title: file name in the Release.
        is_restoration: True makes the parent source the parent (EDIT), False makes something new (CREATE).
        digital_source_type: URI of IPTC's vocabulary.
        when: RFC 3339.
        version: of this software.
        description: one sentence for people.
        release: what stands under our own label; JSON values: "id", "request_sha256", "sources", and where they are known
            "ai_share", "mask_sha256", "levels", "untouched" {"scheme", "tile_px", "root"}, "model".
        regions: polygons that enclose what a model made, at most 32.
        handle: 12 hexadecimal digits of the watermark, or None.
        sources: with paths where the files are at hand.
        soft_bindings: (algorithm, value) of further ways to find this credential again, such as an ISCC; the watermark's
            is added by itself.
    """

    title: str
    is_restoration: bool
    digital_source_type: str
    when: str
    version: str
    description: str
    release: dict
    regions: Sequence[Polygon] = ()
    handle: str | None = None
    sources: tuple[SourceNote, ...] = ()
    soft_bindings: tuple[tuple[str, str], ...] = ()


def manifest(claim: Claim, is_edit: bool) -> dict:
    """Return the manifest definition of a claim for the credential library.

    C2PA 2.4: `c2pa.actions.v2`, where `c2pa.opened` and the ingredients are the library's part; one `c2pa.soft-binding`
    for each way to find it again; CAWG's training and mining; our own assertion.
    """
    agent = {"name": GENERATOR, "version": claim.version}
    action: dict = {
        "action": "c2pa.edited" if is_edit else "c2pa.created",
        "digitalSourceType": claim.digital_source_type,
        "softwareAgent": agent,
        "when": claim.when,
        "description": claim.description,
    }
    if claim.regions:
        # One change for all, since each costs a wrapper. No `role`: this SDK decodes none of its nine names.
        action["changes"] = [{"region": [_region(polygon) for polygon in claim.regions], "description": "made by a model"}]
    actions = [action]
    if claim.handle is not None:
        actions.append({"action": "c2pa.watermarked.bound", "when": claim.when, "softwareAgent": agent})
    bindings = [*([(MARK_ALGORITHM, claim.handle)] if claim.handle is not None else []), *claim.soft_bindings]
    return {
        "claim_generator_info": [agent],
        "title": claim.title,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            *(
                {"label": "c2pa.soft-binding", "data": {"alg": algorithm, "blocks": [{"scope": {}, "value": value}]}}
                for algorithm, value in bindings
            ),
            {
                "label": "cawg.training-mining",
                "data": {"entries": {f"cawg.{name}": {"use": "notAllowed"} for name in _MINING}},
            },
            {"label": RELEASE_LABEL, "data": claim.release},
        ],
    }


def _region(polygon: Polygon) -> dict:
    if is_rectangle(polygon):
        x, y, width, height = bounds(polygon)
        shape: dict = {"type": "rectangle", "origin": {"x": x, "y": y}, "width": width, "height": height}
    else:
        # The SDK asks for an origin although the specification gives a polygon none.
        vertices = [{"x": x, "y": y} for x, y in polygon]
        shape = {"type": "polygon", "origin": {"x": 0, "y": 0}, "inside": True, "vertices": vertices}
    return {"type": "spatial", "shape": {**shape, "unit": "pixel"}}
