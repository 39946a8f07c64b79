"""The page of a reading: the overlay, the scale and how certain it is, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from provenance.draft import Draft
from studio.report.facts import Facts, plural
from studio.report.page import document
from studio.report.pieces import assumptions, facts_list, files_list
from studio.report.preview import data_uri, preview

OVERLAY_PX = 1800  # wide enough that the captions of the overlay can be read


def reading_page(draft: Draft, values: Mapping, shown: np.ndarray, *, title: str = "") -> str:
    """A whole HTML document on what was read from a sheet.

    Args:
        draft: everything but this page.
        values: what reading.json holds.
        shown: the overlay, uint8 [H, W, 3].
        title: the sheet; left out, the file name of the source.
    """
    facts = Facts.of(draft, title)
    small = preview(shown, OVERLAY_PX)
    figure = (
        f'<figure><img src="{data_uri(small, 1_500_000)}" width="{small.shape[1]}" height="{small.shape[0]}" '
        f'alt="{escape(facts.title)} with everything that was read drawn over it"></figure>'
    )
    body = f"""<header><p class="over">Reading of a drawing</p><h1>{escape(facts.title)}</h1>
<p class="lede">{_opening(values)}</p></header>
<section aria-label="Overlay">{figure}</section>
<section><h2>Scale</h2>{_scale(values)}</section>
<section><h2>What was found</h2>{_found(values)}
<p class="note">Confidence says how well the ink was read. It says nothing of the sheet as a source.</p></section>
<section><h2>How it was read</h2>{facts_list(facts)}<h3>Assumed, and not given</h3>{assumptions(facts)}</section>
<section><h2>Files beside this page</h2>{files_list(facts)}</section>"""
    return document(f"{facts.title}: reading", body)


def _opening(values: Mapping) -> str:
    kinds = [one["kind"] for one in values["drawings"]]
    what = ", ".join(
        f"one {kind}" if kinds.count(kind) == 1 else f"{kinds.count(kind)} × {kind}" for kind in dict.fromkeys(kinds)
    )
    scale = values["scale"]
    known = f"{scale['px_per_m']:.2f} pixels are one metre." if scale["px_per_m"] else "Its scale is not certain."
    by_hand = " It was corrected by a person." if values.get("author") == "person" else ""
    return f"The sheet carries {escape(what or 'no drawing that was recognised')}. {known}{by_hand}"


def _scale(values: Mapping) -> str:
    scale = values["scale"]
    said = f"<p><b>{escape(scale['finding'])}</b></p>" if scale["finding"] else ""
    if scale["px_per_m"]:
        source = {"bar": "the bar on the sheet", "room sizes": "the written sizes of rooms", "person": "a person"}
        said += f"<p>{scale['px_per_m']:.2f} pixels per metre, from {source.get(scale['source'], escape(scale['source']))}.</p>"
    rows = [
        (_number(bar["value"]), bar["unit"] or "not read", _number(bar["px_per_m"]), f"{bar['confidence']:.0%}")
        for bar in values["scales"]
    ]
    return said + (_table(("Bar of", "Unit", "Pixels per metre", "Confidence"), rows) if rows else "")


def _found(values: Mapping) -> str:
    rows = [(one["kind"], "drawing", f"{one['confidence']:.0%}") for one in values["drawings"]]
    if north := values.get("north"):
        rows.append(("north", f"{north['degrees']:.0f}° clockwise from the top", f"{north['confidence']:.0%}"))
    for kind in dict.fromkeys(one["kind"] for one in values["openings"]):
        ones = [one for one in values["openings"] if one["kind"] == kind]
        inferred = sum(one["inferred"] for one in ones)
        by_rule = f", {inferred} of them completed by rule" if inferred else ""
        by_hand = sum(one.get("author") == "person" for one in ones)
        by_person = f", {by_hand} by a person" if by_hand else ""
        mean = sum(one["confidence"] for one in ones) / len(ones)
        rows.append((plural(len(ones), kind) + by_rule + by_person, "openings", f"{mean:.0%}"))
    for key in ("lines", "columns", "rooms", "stairs", "dims"):
        if values[key]:
            mean = sum(one["confidence"] for one in values[key]) / len(values[key])
            words = {"lines": "levels", "dims": "written dimensions"}.get(key, key)
            rows.append((str(len(values[key])), words, f"{mean:.0%}"))
    return _table(("How many", "What", "Mean confidence"), rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="levels"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")
