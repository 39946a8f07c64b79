"""A variant that another one starts from: where it came from, and which parts of it must stay as they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provenance.draft import SourceNote
from provenance.home import Home
from provenance.verify import verify
from studio.errors import AncestorError
from studio.sources import Mask, Source, open_mask, open_source

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Ancestor:
    """A sealed variant.

    Attributes:
        source: its file; its pixels are uint8 [H, W, 3].
        record: the Record that lists it.
        lineage: digests of the variants that it came from and its own last, 64 hexadecimal digits each, the oldest first.
    """

    source: Source
    record: dict
    lineage: tuple[str, ...]

    @property
    def drawing_sha256(self) -> str:
        """Digest of the sheet that it was drawn after."""
        return str(self.record["sources"][0]["sha256"])

    @property
    def frame(self) -> Box | None:
        """Which part of the upright sheet it shows: x0, y0, x1, y1 in that sheet's pixels; None where that is not recorded."""
        found = self.record["findings"].get("frame")
        is_box = isinstance(found, list) and len(found) == 4 and all(isinstance(side, int) for side in found)
        return (found[0], found[1], found[2], found[3]) if is_box else None

    @property
    def by_model(self) -> bool:
        """Whether a model painted any of it; where none did, it is a drawing coloured by rule."""
        return any(one["sha256"] == self.source.sha256 and one["contains_ai"] for one in self.record["outputs"])


def ancestor_of(path: Path, home: Home) -> Ancestor:
    """Open a variant that was sealed here or elsewhere.

    Args:
        path: the file in its Release, `record.json` beside it, or a file whose Record this machine's archive holds.
        home: whose keys and Records are asked.

    Raises:
        AncestorError: when it is no variant, or not bit for bit what was sealed. Also what `open_source` raises.
    """
    source = open_source(path)
    verdict = verify(path, home)
    if verdict.state != "intact" or verdict.record is None:
        raise AncestorError(
            f"{source.name} is {verdict.state} ({verdict.reasons[0]}): a variant starts only from one that is bit for bit "
            "as it was sealed. Give the file in its Release."
        )
    record = verdict.record
    roles = {output["sha256"]: output["role"] for output in record["outputs"]}
    if record["operation"] != "speculate" or roles.get(source.sha256) != "variant" or not record["sources"]:
        raise AncestorError(f"{source.name} is no variant of a drawing: give a variant that 'anastylosis speculate' sealed.")
    before = record["findings"].get("lineage", [])
    lineage = tuple(str(one) for one in before if isinstance(one, str)) if isinstance(before, list) else ()
    return Ancestor(source, record, (*lineage, source.sha256))


@dataclass(frozen=True, eq=False)
class Held:
    """What must stay of an earlier variant: the variant, and a Mask of its size, True where it stays."""

    variant: Ancestor
    mask: Mask

    def notes(self) -> tuple[SourceNote, ...]:
        """Both files, for a Draft."""
        return self.variant.source.note("input"), self.mask.note()

    def said(self) -> tuple[str, ...]:
        """How the files were understood, one sentence each."""
        name, share = self.variant.source.name, self.mask.share
        return (f"{share:.1%} of {name} was locked (white in {self.mask.name}) and stays bit for bit.", *self.mask.notes[1:])


def held(variant: Path | None, lock: Path | None, drawing: Source, home: Home) -> Held | None:
    """Open an earlier variant of a drawing and the mask of what must stay of it; None when neither is given.

    Raises:
        AncestorError: when only one is given, or the variant was drawn after another sheet.
        MaskError and its kin, as for the mask of a restoration: also when all or nothing is locked.
    """
    if variant is None and lock is None:
        return None
    if variant is None or lock is None:
        raise AncestorError("A variant to start from and a mask of what stays of it belong together: give both.")
    ancestor = ancestor_of(variant, home)
    if ancestor.drawing_sha256 != drawing.sha256:
        raise AncestorError(f"{variant.name} was not drawn after {drawing.name}: give the sheet that it came from.")
    return Held(ancestor, open_mask(lock, ancestor.source))
