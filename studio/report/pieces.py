"""Pieces of a page that the report and the web page share: comparison, legend, facts, wall label. User text is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

import numpy as np

from blender_addon.scenes.levels import LEVELS
from studio.report.evidence import restoration_legend
from studio.report.facts import Facts, percent, plural
from studio.report.overlay import evidence_overlay, retouching_lines, shrunk_levels, swatch
from studio.report.preview import MAX_BYTES, MAX_PX, data_uri, fitted, preview

VIEWS = (("lines", "as fine retouching lines"), ("levels", "in the colours of the evidence levels"), ("plain", "not at all"))

RESTORATION_TEXTS: Mapping[int, str] = dict(restoration_legend())


@dataclass(frozen=True)
class Comparison:
    """HTML of a before/after comparison and the proportions that its style sheet needs."""

    html: str
    style: str


def comparison(
    before: np.ndarray,
    hypotheses: Sequence[np.ndarray],
    indices: np.ndarray,
    *,
    title: str,
    name: str = "compare",
    icc: bytes | None = None,
    max_px: int = MAX_PX,
    max_bytes: int = MAX_BYTES,
) -> Comparison:
    """The scan and the proposals under one divider, with what was added shown as lines, as levels or not at all.

    Args:
        before: the scan, uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4].
        hypotheses: at least one picture of the same size.
        indices: evidence level of each pixel, uint8 [H, W].
        title: the work, for the alternative texts.
        name: id of this comparison in the page; a word.
        icc: colour profile of the pictures.
    """
    width, height = fitted(before.shape[1], before.shape[0], max_px)
    levels = shrunk_levels(indices, width, height)
    count = len(hypotheses)
    shown = [preview(picture, max_px, icc) for picture in hypotheses]
    proposals = "".join(
        f'<img data-k="{k}" src="{data_uri(picture, max_bytes)}" width="{width}" height="{height}" '
        f'alt="{escape(_proposal(k, count))} for {escape(title)}">'
        for k, picture in enumerate(shown, 1)
    )
    overlays = "".join(
        f'<img class="overlay {kind}" src="{data_uri(layer)}" width="{width}" height="{height}" alt="">'
        for kind, layer in (("lines", retouching_lines(levels)), ("levels", evidence_overlay(levels)))
    )
    scan = data_uri(preview(before, max_px, icc), max_bytes)
    html = f"""<div class="compare" id="{name}">
<div class="stage"><img class="before" src="{scan}" width="{width}" height="{height}"
 alt="Scan of {escape(title)} as it came in"><div class="after">{proposals}{overlays}</div>
<span class="edge" aria-hidden="true"></span><span class="tag left" aria-hidden="true">Scan</span>
<span class="tag right" aria-hidden="true">Proposal</span>
<input class="divider" type="range" min="0" max="100" value="50" step="1"
 aria-label="Divider, in percent: the scan lies to its left, the proposal to its right"></div>
<div class="choices">{_views(name)}{_strip(shown, name) if count > 1 else ""}</div></div>"""
    return Comparison(html, f"#{name} .stage{{--ratio:{width / height:.4f};--wide:{max(2 * width, 360)}px}}")


def legend(
    levels: Mapping[str, float],
    caption: str = "Share of the picture at each evidence level",
    texts: Mapping[int, str] = RESTORATION_TEXTS,
) -> str:
    """A table of the levels that occur, with number, colour, hatching, meaning and share; the rest of the scale folded away."""
    occurs = {step.number: float(levels.get(str(step.number), 0.0)) for step in LEVELS}
    here = _levels_table(caption, texts, {number: share for number, share in occurs.items() if share > 0})
    rest = {number: None for number, share in occurs.items() if share <= 0}
    if not rest:
        return here
    others = _levels_table("None of it is here", texts, rest)
    return f"{here}<details><summary>The other levels of the scale</summary>{others}</details>"


def scale(texts: Mapping[int, str] = RESTORATION_TEXTS) -> str:
    """A table of the whole scale without shares."""
    return _levels_table("The seven levels", texts, {step.number: None for step in LEVELS})


def _levels_table(caption: str, texts: Mapping[int, str], shares: Mapping[int, float | None]) -> str:
    with_shares = any(share is not None for share in shares.values())
    rows = "".join(
        f'<tr><td><img src="{data_uri(swatch(step.number))}" width="24" height="24" alt=""></td>'
        f'<th scope="row"><b>{step.number} · {escape(step.name)}</b><br><span>{escape(texts[step.number])}</span></th>'
        + (f"<td>{percent(shares[step.number] or 0)}</td></tr>" if with_shares else "</tr>")
        for step in LEVELS
        if step.number in shares
    )
    share = '<th scope="col">Share</th>' if with_shares else ""
    head = f'<thead><tr><th scope="col">Mark</th><th scope="col">Level</th>{share}</tr></thead>'
    kind = "levels shares" if with_shares else "levels"
    return f'<table class="{kind}"><caption>{escape(caption)}</caption>{head}<tbody>{rows}</tbody></table>'


def share_bar(levels: Mapping[str, float]) -> str:
    """The shares as one bar; its numbers stand in the alternative text and in the legend."""
    shares = [(step, float(levels.get(str(step.number), 0.0))) for step in LEVELS]
    total, at, bars = sum(share for _, share in shares) or 1.0, 0.0, ""
    for step, share in shares:
        long = 1000 * share / total
        if share:
            bars += f'<rect x="{at:.2f}" y="0" width="{max(long, 3):.2f}" height="10" fill="{step.hex}"/>'
        at += long
    text = ", ".join(f"level {step.number}: {percent(share)}" for step, share in shares if share)
    return (
        f'<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(text or "nothing was assessed")}">{bars}</svg>'
    )


def facts_list(facts: Facts) -> str:
    """How it was made, as a list of terms: sources, model, seed, what was assumed; the whole Request folded away."""
    pairs: list[tuple[str, str]] = []
    for source in facts.sources:
        kind = "Scan" if source.role == "parent" else "Input"
        rights = escape(source.rights) if source.rights else "no rights statement was given"
        pairs.append((kind, f"{escape(source.name)}<br><small><code>{escape(source.sha256)}</code><br>{rights}</small>"))
    if facts.model:
        pairs.append(("Model", escape(str(facts.model.get("id", "")))))
        pairs.append(("Weights", f"<code>{escape(str(facts.model.get('weights_sha256', '')))}</code>"))
        if facts.model.get("licence"):
            pairs.append(("Licence", escape(str(facts.model["licence"]))))
    else:
        pairs.append(("Model", "none ran"))
    for key, term in (("seed", "Seed"), ("hypotheses", "Hypotheses"), ("variants", "Variants"), ("texture", "Texture")):
        if key in facts.request:
            pairs.append((term, escape(str(facts.request[key]))))
    if facts.request.get("prompt"):
        pairs.append(("Prompt", escape(str(facts.request["prompt"]))))
    if facts.reason:
        pairs.append(("Way", escape(facts.reason)))
    listed = "".join(f"<dt>{term}</dt><dd>{text}</dd>" for term, text in pairs)
    return f'<dl class="facts">{listed}</dl>{_request(facts.request)}'


def assumptions(facts: Facts) -> str:
    """What was assumed and not given."""
    if not facts.assumptions:
        return "<p>Nothing had to be assumed.</p>"
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in facts.assumptions) + "</ul>"


def files_list(facts: Facts) -> str:
    """The files beside the page, as relative links."""
    beside = (
        *facts.files,
        ("record.json", "the Record: what was made, from what, with what"),
        ("record.tlog-proof", "proof that the Record stands in the log"),
    )
    rows = "".join(
        f'<li><a href="{escape(quote(name))}">{escape(name)}</a> <span class="note">{escape(gist)}</span></li>'
        for name, gist in beside
    )
    return f"<ul>{rows}</ul>"


def _proposal(k: int, count: int) -> str:
    return f"Hypothesis {k} of {count}" if count > 1 else "Proposal"


def _views(name: str) -> str:
    choices = "".join(
        f'<label><input type="radio" name="{name}-view" value="{value}"{" checked" if value == "lines" else ""}>{text}</label>'
        for value, text in VIEWS
    )
    return f'<fieldset class="show"><legend>Show what was added</legend>{choices}</fieldset>'


def _strip(shown: Sequence[np.ndarray], name: str) -> str:
    labels = ""
    for k, picture in enumerate(shown, 1):
        small = preview(picture, 300)
        labels += (
            f'<label><img src="{data_uri(small, 40_000)}" width="{small.shape[1]}" height="{small.shape[0]}" alt="">'
            f'<span><input type="radio" name="{name}-k" value="{k}"{" checked" if k == 1 else ""}> '
            f"{_proposal(k, len(shown))}</span></label>"
        )
    title = plural(len(shown), "hypothesis", "hypotheses")
    return f'<fieldset class="strip"><legend>{title}, none more true than another</legend>{labels}</fieldset>'


def _request(request: Mapping[str, object]) -> str:
    if not request:
        return ""
    text = json.dumps(dict(request), indent=2, ensure_ascii=False, sort_keys=True, default=str)
    return f"<details><summary>The whole request</summary><pre>{escape(text)}</pre></details>"
