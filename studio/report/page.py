"""Pages of a Release: one HTML file each that fetches nothing, works from a memory stick and can be printed.

A page is written before its Release is sealed, so it speaks of what the Record will say and never quotes it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote

import numpy as np

from blender_addon.scenes.levels import level_image
from provenance.draft import Draft, Picture
from studio.report import look
from studio.report.evidence import FULL_SPREAD, EvidenceMap, level_legend, level_shares, uncertainty_picture
from studio.report.facts import Facts, percent, plural
from studio.report.fidelity_map import WORDS as FATES
from studio.report.pieces import (
    assumptions,
    comparison,
    facts_list,
    files_list,
    legend,
    scale,
    share_bar,
)
from studio.report.preview import data_uri, preview

MAX_HYPOTHESES = 16
_SCALE_NOTE = (
    '<p class="note">After the seven levels of the CoVHer scale. A high number is no low worth; '
    "it says that no source reaches there.</p>"
)
SCENE_TEXTS = dict(level_legend())


def restoration_page(
    draft: Draft,
    *,
    before: np.ndarray,
    evidence: EvidenceMap | np.ndarray,
    spread: np.ndarray | None = None,
    error: np.ndarray | None = None,
    title: str = "",
) -> str:
    """The page of a restoration.

    Args:
        draft: everything but this page; its pictures "restored" and "hypothesis" are the proposals.
        before: the scan, uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4].
        evidence: an EvidenceMap, or its indices uint8 [H, W].
        spread: float32 [H, W], 0…1, deviation among the hypotheses.
        error: float32 [H, W], 0…1, the absolute error that the model expects of its fill.
        title: the work; left out, the file name of the scan.
    Returns: a whole HTML document.
    """
    facts = Facts.of(draft, title)
    restored = _pictures(draft, "restored")
    icc = restored[0].icc if restored else None
    offered = [picture.pixels for picture in _pictures(draft, "hypothesis") or restored[:1]][:MAX_HYPOTHESES]
    indices = evidence.indices if isinstance(evidence, EvidenceMap) else evidence
    shares = dict(facts.levels) or level_shares(indices)
    compared = comparison(before, offered, indices, title=facts.title, icc=icc)
    filled = sum(share for number, share in shares.items() if number != "1")
    mark = "AI-modified" if facts.filled_by == "model" else "No model used"
    body = f"""<header><p class="over"><span class="mark">{mark}</span>Proposal for a restoration</p>
<h1>{escape(facts.title)}</h1><p class="lede">{_opening(percent(filled))} of this picture is proposed.
The rest is the scan, pixel for pixel.</p></header>
<section aria-label="Comparison">{compared.html}</section>
<section><h2>How well each part is known</h2>{share_bar(shares)}{legend(shares)}
{_SCALE_NOTE}</section>
{_doubt(error)}{_uncertainty(spread, len(offered))}
<section class="two"><div><h2>What was done</h2>{_done(facts, len(offered))}</div>
<div><h2>What was not done</h2>{_not_done(facts)}</div></section>
<section><h2>How it was made</h2>{facts_list(facts)}<h3>Assumed, and not given</h3>{assumptions(facts)}</section>
{_label(facts)}{_files(facts)}"""
    return document(f"{facts.title}: proposal for a restoration", body, compared.style)


def variants_page(
    draft: Draft, *, fidelity: Sequence[Any], drawing: np.ndarray | None = None, title: str = "", names: Sequence[str] = ()
) -> str:
    """The contact sheet of speculative variants.

    Args:
        draft: everything but this page; its pictures "variant" are shown, each linked to its file.
        fidelity: one for each variant, with f, recall, precision, worst_tile (0…1), chamfer (px) and interpretation,
            "reconstruction" or "free interpretation".
        drawing: the sheet that the variants were drawn from.
        title: the work; left out, the file name of the sheet.
        names: the materials of each variant's massing, if they have one.
    """
    facts, variants = Facts.of(draft, title), _pictures(draft, "variant")
    built = [f"{escape(name)}. " for name in names] or [""] * len(variants)
    count = len(variants)
    items = "".join(
        f'<li><a href="{escape(quote(picture.name))}">'
        f"{_figure(picture.pixels, f'Variant {k} of {count} for {facts.title}')}</a><figcaption>"
        f"<strong>Variant {k} of {count}: {escape(str(fit.interpretation))}</strong>{name}{_fidelity(fit)}</figcaption></li>"
        for k, (picture, fit, name) in enumerate(zip(variants, fidelity, built, strict=True), 1)
    )
    sheet = ""
    if drawing is not None:
        figure = _figure(drawing, f"Drawing of {facts.title} as it came in")
        sheet = f"<section><h2>The sheet that they follow</h2>{figure}</section>"
    free = sum(fit.interpretation != "reconstruction" for fit in fidelity)
    mark = "AI-modified" if facts.model else "No model used"
    body = f"""<header><p class="over"><span class="mark">{mark}</span>Speculation</p><h1>{escape(facts.title)}</h1>
<p class="lede">{plural(count, "variant")} of something that is not there. {_how_many_free(free, count)}</p></header>
<section aria-label="Variants"><ul class="sheet">{items}</ul></section>
<section><h2>How the numbers are meant</h2><p>Each variant was compared with the lines of the drawing.
<em>Recall</em> is the part of the drawn lines that the variant keeps, <em>precision</em> the part of its lines that were drawn,
F their harmonic mean, and the worst tile is the worst of 64 fields. Above the gate a variant is called a reconstruction,
below it a free interpretation. Doors and windows were looked for one by one: whoever misses or moves one is no reconstruction.
What a model adds is level 7, conjecture, in both.</p></section>{_fates(draft)}{sheet}{_massing(draft)}
<section><h2>How they were made</h2>{facts_list(facts)}<h3>Assumed, and not given</h3>{assumptions(facts)}</section>
{_label(facts)}{_files(facts)}"""
    return document(f"{facts.title}: variants", body)


def scene_page(draft: Draft, *, render: np.ndarray | None = None, evidence: np.ndarray | None = None, title: str = "") -> str:
    """The page of a scene: its picture and its evidence side by side.

    Args:
        draft: everything but this page; `levels` are shares of the scene.
        render: uint8 [H, W, 3]; left out, the Draft's first picture "render", if there is one.
        evidence: uint8 [H, W], level of the surface at each pixel, 0 where there is none, same view; left out, the Draft's.
        title: the scene; left out, the file name of its first source.
    """
    facts = Facts.of(draft, title)
    render = render if render is not None else _first(draft, "render")
    evidence = evidence if evidence is not None else _first(draft, "evidence")
    figures = ""
    if render is not None:
        figures += f"{_figure(render, f'Rendered view of {facts.title}', 'As it may have looked')}"
    if evidence is not None:
        coloured = level_image(evidence, pitch_px=8)
        coloured[evidence == 0] = 128
        alt = f"The same view of {facts.title}, coloured by evidence level"
        figures += _figure(coloured, alt, "How well each surface is known")
    caption = "Share of the scene at each evidence level"
    body = f"""<header><p class="over">{'<span class="mark">AI-modified</span>' if facts.model else ""}Scene in metres</p>
<h1>{escape(facts.title)}</h1><p class="lede">{_known(facts)}</p></header>
<section class="pair" aria-label="Views">{figures}</section>
<section><h2>How well each part is known</h2>{share_bar(facts.levels)}{legend(facts.levels, caption, SCENE_TEXTS)}
{_SCALE_NOTE}</section>
<section><h2>How it was made</h2>{facts_list(facts)}<h3>Assumed, and not given</h3>{assumptions(facts)}</section>
{_label(facts)}{_files(facts)}"""
    return document(f"{facts.title}: scene", body)


@dataclass(frozen=True)
class Chapter:
    """One Release in an index.

    Attributes:
        title: the work.
        link: path to the Release's page, relative to the index, with "/".
        kind: what was done, such as "Proposal for a restoration".
        gist: one or two sentences.
        picture: uint8 or uint16 pixels for the card, or None.
        levels: share (0…1) at each evidence level.
    """

    title: str
    link: str
    kind: str = ""
    gist: str = ""
    picture: np.ndarray | None = None
    levels: Mapping[str, float] = field(default_factory=dict)


def demo_page(chapters: Sequence[Chapter], title: str = "Anastylosis: a demonstration", lede: str = "") -> str:
    """An index over several Releases, with relative links, so that the folder can be moved or put on a stick."""
    cards = ""
    for chapter in chapters:
        figure = _figure(preview(chapter.picture, 640), f"View of {chapter.title}") if chapter.picture is not None else ""
        bar = share_bar(chapter.levels) if chapter.levels else ""
        cards += (
            f'<li><a href="{escape(quote(chapter.link))}">{figure}<figcaption><span class="over">{escape(chapter.kind)}</span>'
            f"<strong>{escape(chapter.title)}</strong>{escape(chapter.gist)}</figcaption></a>{bar}</li>"
        )
    opening = lede or "Each card opens one sealed Release: its files, its Record, and how well each part of it is known."
    body = f"""<header><h1>{escape(title)}</h1><p class="lede">{escape(opening)}</p></header>
<section aria-label="Releases"><ul class="sheet">{cards}</ul></section>
<section><h2>The bars</h2><p>They show how much of a picture or scene stands at each evidence level.</p>
{scale(SCENE_TEXTS)}</section>"""
    return document(title, body)


def document(title: str, body: str, style: str = "") -> str:
    """A whole HTML document whose policy allows its own style and script and pictures inside it, and nothing else."""
    css, script = look.PAGE + style, look.SCRIPT
    policy = f"default-src 'none'; img-src data:; style-src {_digest(css)}; script-src {_digest(script)}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<title>{escape(title)}</title><style>{css}</style></head>
<body><main>{body}<footer><p>Made with Anastylosis. To check that nothing was changed since, run
<code>anastylosis verify</code> on this folder.</p></footer></main><script>{script}</script></body></html>
"""


def _pictures(draft: Draft, role: str) -> list[Picture]:
    return [file for file in draft.files if isinstance(file, Picture) and file.role == role]


def _first(draft: Draft, role: str) -> np.ndarray | None:
    return next((picture.pixels for picture in _pictures(draft, role)), None)


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def _figure(image: np.ndarray, alt: str, caption: str = "") -> str:
    small = preview(image)
    text = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    size = f'width="{small.shape[1]}" height="{small.shape[0]}"'
    return f'<figure><img src="{data_uri(small)}" {size} alt="{escape(alt)}">{text}</figure>'


def _fidelity(fit: Any) -> str:
    return (
        f"<small>F {fit.f:.3f} · recall {fit.recall:.3f} · precision {fit.precision:.3f}<br>"
        f"worst tile {fit.worst_tile:.3f} · mean distance {fit.chamfer:.2f} px{_counted(fit)}</small>"
    )


def _counted(fit: Any) -> str:
    openings = getattr(fit, "openings", None)
    if openings is None:
        return ""
    counts = ", ".join(f"{number} {fate}" for fate, number in openings.counts().items() if number or fate == "kept")
    return f"<br>doors and windows: {counts}"


def _massing(draft: Draft) -> str:
    pictures = _pictures(draft, "massing")
    if not pictures:
        return ""
    figure = _figure(pictures[0].pixels, "The massing that the first variant started from, lit from the upper left")
    return f"""<section><h2>What they started from</h2>{figure}<p class="note">A massing of what was read, in materials and
depths by rule, level 6. No model made any of it.</p></section>"""


def _fates(draft: Draft) -> str:
    maps = _pictures(draft, "fidelity")
    if not maps:
        return ""
    figures = "".join(
        f"<li>{_figure(one.pixels, f'What variant {number} kept, moved, lost and invented', f'Variant {number}')}</li>"
        for number, one in enumerate(maps, 1)
    )
    legend = "".join(f"<li>{escape(words)}</li>" for words in FATES.values())
    return f"""<section><h2>Kept, moved, lost, invented</h2><ul class="sheet">{figures}</ul>
<ul class="note">{legend}</ul></section>"""


def _how_many_free(free: int, count: int) -> str:
    if free == 0:
        return "All keep to the drawing closely enough to be called reconstructions."
    if free == count:
        return "None keeps to the drawing closely enough to be called a reconstruction."
    return f"{plural(free, 'is a free interpretation', 'are free interpretations')}; the others keep to the drawing."


def _known(facts: Facts) -> str:
    if facts.conjecture <= 0:
        return "No part of it is conjecture."
    return f"{_opening(percent(facts.conjecture))} of it is conjecture."


def _opening(text: str) -> str:
    return text[0].upper() + text[1:]


def _doubt(error: np.ndarray | None) -> str:
    if error is None or not error.any():
        return ""
    figure = _figure(uncertainty_picture(error), "Where the fill may be far off: the lighter, the more")
    return f"""<section><h2>How far off it may be</h2><div class="pair"><div>{figure}
<div class="scale"><span>close</span><i></i><span>error of {FULL_SPREAD:.0%} of the range, or more</span></div></div>
<p class="note">The error that the model expects of its safest fill, learnt from pictures whose truth is known. It knows of
textures and edges, not of what was painted there: a lost face looks to it like any other soft place.</p></div></section>"""


def _uncertainty(spread: np.ndarray | None, count: int) -> str:
    if spread is None or count < 2:
        return ""
    figure = _figure(uncertainty_picture(spread), "Where the hypotheses disagree: the lighter, the more")
    return f"""<section><h2>Where the hypotheses disagree</h2><div class="pair"><div>{figure}
<div class="scale"><span>all agree</span><i></i><span>deviation of {FULL_SPREAD:.0%} of the range, or more</span></div></div>
<p class="note">The lighter, the further the {plural(count, "hypothesis", "hypotheses")} lie apart at that point.
Agreement is no proof: all come from one model and may share its error.</p></div></section>"""


def _done(facts: Facts, count: int) -> str:
    if facts.filled_by != "model":
        return (
            "<p>The losses inside the mask were bridged by calculation from the paint around them. No model made any pixel.</p>"
        )
    many = f" It gave {count} hypotheses; there is no telling which is nearest to what was lost." if count > 1 else ""
    return (
        f"<p>A model filled the pixels inside the mask, {percent(facts.conjecture)} of the picture, from the paint around them "
        f"and from what it learned of other pictures.{many}</p>"
        "<p>Each picture with such pixels carries a signed Content Credential, or has one beside it. Where the filled region "
        "is large enough it also carries an invisible mark. The Record says which file has which, and stands in a log "
        "that cannot be rewritten.</p>"
    )


def _not_done(facts: Facts) -> str:
    who = "The model" if facts.filled_by == "model" else "The calculation"
    return (
        "<ul><li>No pixel outside the mask was changed.</li>"
        f"<li>{who} did not decide what is damage: the mask did.</li>"
        f"<li>{who} did not know the work and consulted no photograph or copy of it.</li>"
        "<li>The object itself was not touched, and this preview is no advice to touch it.</li></ul>"
    )


def _label(facts: Facts) -> str:
    return (
        f"<section><h2>For the wall</h2><blockquote><p><b>{escape(facts.title)}</b></p><p>{escape(facts.label)}</p>"
        f"</blockquote></section>"
    )


def _files(facts: Facts) -> str:
    return f"<section><h2>Files beside this page</h2>{files_list(facts)}</section>"
