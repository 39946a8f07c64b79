"""What a trained model says of itself: how it was made, of what, and whether it is better; in words and tables."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipelines.training.card import CPU_WATTS, PURPOSE, core_hours, prose

if TYPE_CHECKING:
    from pipelines.training.own import Figures
    from studio.collection import Collection, Entry

COLUMNS = ("name", "sha256", "width", "height", "rights", "split")
LEAST_TRIED = 3  # with fewer pictures kept apart nothing can be said of their spread


@dataclass(frozen=True)
class Judgement:
    """Whether new weights are better than what they were compared with.

    Attributes:
        is_better: True, False, or None when the pictures cannot tell.
        text: one or two sentences for people.
    """

    is_better: bool | None
    text: str


def judged(figures: Figures | None, started_from: str) -> Judgement:
    """Compare the new weights with those that they started from, or with the prefill when they started from nothing.

    Better or worse needs a mean gain of at least twice its own standard error over the pictures kept apart.

    Args:
        figures: None when no picture was kept apart.
        started_from: "bundled", a folder's name, or "nothing".
    """
    if figures is None or not figures.digests:
        return Judgement(None, "No picture was kept apart, so nothing can be said of how good the new weights are.")
    against, called = ("prefill", "the harmonic prefill") if started_from == "nothing" else ("before", "the weights before")
    gains, over_prefill = figures.gains("after", against), figures.gains("after", "prefill").mean()
    count, mean = len(gains), float(gains.mean())
    measured = f"{mean:+.2f} dB on average over {count} picture{'s' * (count > 1)} never trained on"
    error = float(gains.std(ddof=1)) / np.sqrt(count) if count >= LEAST_TRIED else np.inf
    if mean <= 0 and (count < LEAST_TRIED or -mean >= 2 * error):
        judgement = Judgement(
            False, f"The new weights are NOT better than {called}: {measured}. Keep what you had, or train longer or on more."
        )
    elif mean >= 2 * error and mean > 0:
        worse = int((gains < 0).sum())
        judgement = Judgement(True, f"The new weights are better than {called}: {measured}, worse on {worse} of them.")
    elif count < LEAST_TRIED:
        judgement = Judgement(None, f"{measured} against {called}: too few pictures to tell whether that is more than luck.")
    else:
        judgement = Judgement(None, f"The new weights were NOT shown to be better than {called}: {measured}, within luck.")
    if over_prefill <= 0:
        text = f"{judgement.text} They are no better than the plain harmonic prefill ({over_prefill:+.2f} dB): do not use them."
        return Judgement(False, text)
    return judgement


def images_csv(collection: Collection) -> str:
    """Every picture with its digest, size, rights statement and split; names only, no paths of this computer."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for split, entries in (("trained", collection.trained), ("held out", collection.held_out)):
        for entry in entries:
            table.writerow((_shielded(entry.name), entry.sha256, *entry.size, _shielded(entry.note.rights or ""), split))
    return text.getvalue()


def _shielded(text: str) -> str:
    """Text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def datasheet(collection: Collection, rights: str | None, held_out: float) -> str:
    """DATASHEET.md: what the pictures are, what was left out, and what the numbers leave open (after Gebru et al. 2021)."""
    from pipelines.training.own import MOST_PIECES, PIECE_PX

    every = (*collection.trained, *collection.held_out)
    stated = Counter(entry.note.rights or "not stated" for entry in every)
    sides = sorted(min(entry.size) for entry in every)
    grey = sum(_is_grey(entry) for entry in every)
    lines = [
        "# Datasheet",
        "",
        prose(
            f"{len(every)} pictures; {len(collection.trained)} were trained on, {len(collection.held_out)} kept apart and",
            f"only measured on. Asked for was a share of {held_out:g}; copies of one work, by fingerprint, are on one side.",
            "Each is listed in `images.csv` with its digest, size, rights statement and side. The pictures themselves are not",
            "in this folder, but `sheet.png` shows windows of a few of those",
            "kept apart." if collection.held_out else "trained on.",
        ),
        "",
        prose(
            f"Shorter sides from {sides[0]} to {sides[-1]} px, median {sides[len(sides) // 2]}; {grey} are grey.",
            f"They were cut into pieces of at most {PIECE_PX} px at their own size and at half of it, at most {MOST_PIECES} of",
            "one picture.",
        ),
        "",
        "| rights | pictures |",
        "| --- | ---: |",
        *(f"| {_cell(text)} | {count} |" for text, count in stated.most_common()),
        "",
        "The statement was given for all pictures by who trained." if rights else "The statements were read from the files.",
        "",
    ]
    if collection.left_out:
        lines += ["Left out:", "", *(f"- {_cell(name)}: {_cell(why)}" for name, why in collection.left_out), ""]
    if collection.passed_over:
        kinds = ", ".join(f"{count} × {ending}" for ending, count in sorted(collection.passed_over.items()))
        lines += [f"Files of other kinds in the same folders, not looked at: {kinds}.", ""]
    lines += ["What the pictures show, whose they are and who is missing among them, no program can say: add it here.", ""]
    return "\n".join(lines)


def card(facts: dict, log: list[dict], figures: Figures | None, judgement: Judgement) -> str:
    """README.md of the model folder.

    Args:
        facts: name, started_from, start_sha256, weights_sha256, parameters, pictures, steps, config (the plan as values).
        log: lines of the training log.
        figures: of the pictures kept apart.
        judgement: of them.
    """
    plan = facts["config"]
    hours = core_hours(plan, log)
    begun = facts["started_from"] + (f" (digest {facts['start_sha256']})" if facts["start_sha256"] else "")
    rows = {
        "started from": begun,
        "pictures": f"{facts['pictures']}, see DATASHEET.md and images.csv",
        "steps": f"{log[-1]['step']:,} of {facts['steps']:,} planned",
        "examples seen": f"{log[-1]['images']:,}",
        "widths": " ".join(str(width) for width in plan["widths"]),
        "seed": plan["seed"],
        "wall hours": f"{log[-1]['seconds'] / 3600:.2f}",
        "energy, estimated": f"{hours * CPU_WATTS / 1000:.3f} kWh, at {CPU_WATTS} W a core",
    }
    lines = [
        f"# {facts['name']}",
        "",
        prose(
            f"Restoration model of {facts['parameters'] / 1e6:.2f} M parameters, trained on an institution's own pictures",
            "on its own machine. Use it with `anastylosis restore PICTURE --model FOLDER -o OUT`. Digest of the weights:",
        ),
        f"`{facts['weights_sha256']}`.",
        "",
        f"**{judgement.text}**",
        "",
        "| trained | |",
        "| --- | --- |",
        *(f"| {title} | {_cell(str(value))} |" for title, value in rows.items()),
        "",
        *_measured(figures),
        prose(PURPOSE),
        "",
        "Licence: the pictures' rights decide what may be done with the weights; DATASHEET.md lists the statements.",
        "",
    ]
    return "\n".join(lines)


def _measured(figures: Figures | None) -> list[str]:
    if figures is None or not figures.digests:
        return []
    names = [name for name in ("prefill", "before", "after") if name in next(iter(figures.by_family.values()))]
    titles = {"prefill": "harmonic prefill", "before": "weights before", "after": "these weights"}
    lines = [
        f"PSNR inside the hole, dB, mean mode in one view, mean over {len(figures.digests)} pictures never trained on:",
        "",
        f"| damage | {' | '.join(titles[name] for name in names)} | gain over the prefill | worst picture |",
        f"| --- |{' ---: |' * (len(names) + 2)}",
    ]
    for family, values in figures.by_family.items():
        gains = np.subtract(values["after"], values["prefill"])
        cells = [f"{figures.mean(family, name):.2f}" for name in names]
        lines.append(f"| {family.replace('_', ' ')} | {' | '.join(cells)} | {gains.mean():+.2f} | {gains.min():+.2f} |")
    return [*lines, ""]


def _is_grey(entry: Entry) -> bool:
    piece = entry.pieces[0]
    return bool((piece.max(-1).astype(int) - piece.min(-1) <= 2).mean() > 0.99)


def _cell(text: str) -> str:
    """Text that a table or list of Markdown will not take for its own signs."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
