"""What a page says besides its pictures: Facts, gathered from a Draft before it is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provenance.draft import Document, Draft, Picture, SourceNote
from provenance.vocabularies.label import wall_label

ROLES = {
    "restored": "the proposal, at full size",
    "hypothesis": "one hypothesis, at full size",
    "variant": "one variant",
    "contact": "the drawing and all variants on one sheet",
    "massing": "what the variants started from, made by rules",
    "fidelity": "what a variant kept, moved, lost and invented",
    "render": "picture of the scene",
    "mask": "where the model was allowed to act",
    "evidence": "evidence level of every pixel",
    "uncertainty": "how far off the fill may be, as the model expects",
    "disagreement": "how far the hypotheses disagree",
    "overlay": "what was added, as a layer of its own",
    "scene": "the model in metres",
    "page": "this page",
    "film": "film",
    "blend": "Blender file",
    "reading": "what was read from the drawings",
    "report": "report",
}


@dataclass(frozen=True)
class Facts:
    """What a page tells about one Release.

    Attributes:
        title: the work, as the user knows it.
        operation: "restore", "speculate", "scene" or "render".
        request: the Request as plain JSON values.
        levels: share (0…1) at each evidence level, keys "1" … "7".
        sources: what it was made from.
        model: {"id", "weights_sha256", "licence"}, or None when no model ran.
        filled_by: "model", or "prefill" when only a classical fill ran; for restorations.
        reason: why it was filled in that way, one sentence, or "".
        assumptions: what was assumed and not given, one sentence each.
        files: (name, what it is) of the files that stand beside the page.
        label: text for the wall, without the title.
    """

    title: str
    operation: str = "restore"
    request: Mapping[str, object] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    sources: tuple[SourceNote, ...] = ()
    model: Mapping[str, object] | None = None
    filled_by: str = "model"
    reason: str = ""
    assumptions: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    label: str = ""

    @classmethod
    def of(cls, draft: Draft, title: str = "") -> Facts:
        """The facts of a Draft: everything but the page itself must already be in it."""
        return cls(
            title=title or next((source.name for source in draft.sources), "A work without a name"),
            operation=draft.operation,
            request=draft.request,
            levels=draft.levels,
            sources=draft.sources,
            model=draft.model,
            filled_by=str(draft.findings.get("filled_by", "model" if draft.model else "prefill")),
            reason=str(draft.findings.get("reason", "")),
            assumptions=draft.assumptions,
            files=tuple((file.name, ROLES.get(file.role, file.role)) for file in draft.files),
            label=wall_label(_as_record(draft)),
        )

    @classmethod
    def of_record(cls, record: Mapping[str, Any], title: str = "") -> Facts:
        """The facts of a sealed Release, from its Record."""
        findings = record.get("findings") or {}
        sources = tuple(
            SourceNote(note.get("role", ""), note.get("name", ""), note.get("sha256", ""), note.get("media_type", ""),
                       rights=note.get("rights"))
            for note in record.get("sources", ())
        )  # fmt: skip
        return cls(
            title=title or next((source.name for source in sources), "A work without a name"),
            operation=record.get("operation", ""),
            request=record.get("request") or {},
            levels=record.get("levels") or {},
            sources=sources,
            model=record.get("model"),
            filled_by=str(findings.get("filled_by", "model" if record.get("model") else "prefill")),
            reason=str(findings.get("reason", "")),
            assumptions=tuple(record.get("assumptions", ())),
            files=tuple((str(file["name"]), ROLES.get(file["role"], str(file["role"]))) for file in record.get("outputs", ())),
            label=wall_label(dict(record)),
        )

    @property
    def conjecture(self) -> float:
        """Share (0…1) at level 7."""
        return float(self.levels.get("7", 0.0))


def _as_record(draft: Draft) -> dict:
    """As much of the Record as is known before sealing, for the label on the wall."""
    outputs = []
    for file in draft.files:
        ai = file.ai if isinstance(file, Picture) else None
        share = None if ai is None else {"share": float(ai.mean())}
        contains_ai = bool(ai.any()) if ai is not None else isinstance(file, Document) and file.contains_ai
        outputs.append({"role": file.role, "contains_ai": contains_ai, "ai": share})
    sources = [{"role": source.role} for source in draft.sources]
    return {"operation": draft.operation, "outputs": outputs, "sources": sources, "levels": draft.levels}


def percent(share: float) -> str:
    """A share (0…1) as people read it: never "0 %" for something, never "100 %" for not quite everything."""
    if share <= 0:
        return "none"
    if share < 0.001:
        return "less than 0.1 %"
    if 0.999 < share < 1:
        return "more than 99.9 %"
    return f"{share:.1%}".replace(".0%", "%").replace("%", " %")


def plural(count: int, word: str, words: str = "") -> str:
    """"1 hypothesis", "3 hypotheses"."""
    return f"{count} {word if count == 1 else words or word + 's'}"
