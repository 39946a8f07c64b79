"""The label for the wall: what is known, what a model made, in plain words and at most sixty of them."""

from __future__ import annotations

MOST_WORDS = 60
# One wording for the seven levels, compared with `blender_addon.scenes.levels` by a test.
LEVEL_NAMES = {
    1: "the thing itself",
    2: "direct source",
    3: "its author, detailed",
    4: "other author, detailed",
    5: "its author, coarse",
    6: "other author or rule",
    7: "conjecture",
}


def wall_label(record: dict) -> str:
    """Return plain text for visitors, made from a Record's fields and from nothing else.

    Says “AI-modified” exactly when a model had a hand in one of the Record's files.
    """
    outputs = record["outputs"]
    has_ai = any(output["contains_ai"] for output in outputs)
    kinds = {
        "restore": _restoration,
        "speculate": _variant,
        "scene": _scene,
        "render": _scene,
        "propose": _proposal,
        "read": _reading,
    }
    text = kinds.get(record["operation"], _other)(record, has_ai)
    return f"AI-modified. {text}" if has_ai else text


def _restoration(record: dict, has_ai: bool) -> str:
    if not has_ai:
        return (
            "This picture was damaged. A computer filled the gaps from the colours around them; no AI took part. "
            "All the rest is the original scan."
        )
    share = max(((output["ai"] or {}).get("share", 0.0) for output in record["outputs"] if output["contains_ai"]), default=0.0)
    others = sum(output["role"] == "hypothesis" for output in record["outputs"])
    guess = f"It is one guess out of {others}." if others > 1 else "It is a guess; others are possible."
    return (
        f"Parts of this picture were lost. An AI model filled {_percent(share)} of its surface. {guess} "
        "All the rest is the original scan, unchanged. The work itself was not touched."
    )


def _variant(record: dict, has_ai: bool) -> str:
    drawings = sum(source.get("role") in ("input", "parent") for source in record["sources"])
    after = "a drawing" if drawings == 1 else f"{drawings} drawings" if drawings else "a description"
    who = "An AI model drew it" if has_ai else "A computer drew it"
    return (
        f"This was never built or painted. {who} after {after}. It shows what might have been, not what was. "
        "Take it as a question, not as an answer."
    )


def _scene(record: dict, has_ai: bool) -> str:
    levels = {int(level): share for level, share in record["levels"].items()}
    model = " Some of its pictures or surfaces were made by an AI model." if has_ai else ""
    if not levels:
        return f"This space was built in a computer from pictures and drawings.{model}"
    known = sum(share for level, share in levels.items() if level <= 2)
    guessed = levels.get(7, 0.0)
    most = max(levels, key=lambda level: (levels[level], -level))
    return (
        f"This space was built in a computer from pictures and drawings. {_percent(known).capitalize()} of it is known from "
        f"sources, {_percent(guessed)} is a guess. Most of it has level {most} of 7: {LEVEL_NAMES[most]}.{model}"
    )


def _proposal(_record: dict, _has_ai: bool) -> str:
    return "The marks show where a computer thinks that this picture is damaged. Nothing in the picture was changed."


def _reading(_record: dict, _has_ai: bool) -> str:
    return "A computer read this drawing: its walls, its openings, its scale. The drawing itself was not changed."


def _other(_record: dict, has_ai: bool) -> str:
    return "This was made on a computer." + (" An AI model took part." if has_ai else "")


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "less than 1 %"
    return "none" if share <= 0 else f"{share:.0%}".replace("%", " %")
