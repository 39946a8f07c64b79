"""The tab that says of any file what is known of it."""

# no "from __future__ import annotations" here, as in restore_tab.py
from pathlib import Path
from typing import Any

from provenance.home import Home
from provenance.verdict import Verdict
from studio.errors import SourceError
from studio.report.facts import percent
from studio.report.preview import data_uri, preview
from studio.sources import open_source
from studio.web.desk import Desks, gathered
from studio.web.sentences import complaint, plain

SIGNS = {"intact": "✓", "altered": "✕", "recovered": "≈", "unknown": "?"}
WORDS = {
    "intact": ("Intact", "This file is, byte for byte, what was sealed."),
    "altered": ("Altered", "This file was sealed once, and something in it was changed since."),
    "recovered": ("Recovered copy", "This is a copy without its signature. Its Record was found all the same."),
    "unknown": ("Unknown", "Nothing here leads to a Record. That makes the file neither genuine nor false."),
}


def verify_tab(desks: Desks) -> None:
    """Lay out the tab inside the gradio Blocks that is being built."""
    import gradio as gr

    gr.HTML(
        "<h2>Check a file</h2><p class='soft'>Any file, from here or from elsewhere. Files that belong together, such as a "
        "model and its .c2pa sidecar, can be given together. Nothing is kept and nothing leaves this machine.</p>",
        elem_classes="piece",
    )
    given = gr.File(label="Files to check", file_count="multiple", elem_id="to-verify", height=160)
    said = gr.HTML(elem_id="verdict", elem_classes="piece")
    record = gr.DownloadButton("Download the Record (record.json)", visible=False, elem_id="record")

    def check(paths: list[str] | None, request: gr.Request) -> tuple[str, Any]:
        if not paths:
            return "", gr.update(visible=False)
        key = str(request.session_hash)
        try:
            with gathered([Path(path) for path in paths], desks.storage.new_folder(key, "verify")) as folder:
                found = verdicts(folder, desks.home)
                html = "".join(described(verdict, desks.home) for verdict in found)
            records = [verdict.record for verdict in found if verdict.record is not None]
            if not records:
                return html, gr.update(visible=False)
            kept = desks.storage.keep(key, "record.json", record_bytes(records[0]))
            return html, gr.update(visible=True, value=str(kept))
        except Exception as error:  # noqa: BLE001 - the page's one place for what goes wrong
            return complaint(error), gr.update(visible=False)

    given.change(check, given, [said, record], show_progress="minimal", api_visibility="private")


def verdicts(folder: Path, home: Home) -> list[Verdict]:
    """The Verdicts on the files of a folder; a file alone is judged alone, a bundle as the Release in it."""
    from provenance.bundle import is_bundle, unpack
    from provenance.verify import verify, verify_folder

    files = sorted(folder.iterdir())
    if len(files) == 1 and is_bundle(files[0]):
        unpack(files[0], folder / "unpacked")   # it stays as long as the page looks at it
        return verify_folder(folder / "unpacked", home)
    return [verify(files[0], home)] if len(files) == 1 else verify_folder(folder, home)


def record_bytes(record: dict) -> bytes:
    """A Record in its one spelling, as its digest stands in the log."""
    from provenance.record import canonical

    return canonical(record)


def described(verdict: Verdict, home: Home | None = None) -> str:
    """A Verdict in words, with its sign, its reasons and, for a picture, where a model acted.

    Args:
        home: whose kept masks are laid onto the picture; without, boxes are drawn.
    """
    title, sentence = WORDS[verdict.state]
    reasons = "".join(f"<li>{plain(reason[:1].upper() + reason[1:])}.</li>" for reason in verdict.reasons)
    facts = [("File", plain(verdict.path.name)), ("AI in it", plain(_ai(verdict)))]
    if verdict.signer:
        facts.append(("Signed by", plain(verdict.signer)))
    if verdict.record is not None:
        made = f"{verdict.record.get('operation', '')}, {verdict.record.get('made', '')}"
        facts.append(("Record", f"<code>{plain(str(verdict.record.get('id', '')))}</code><br><small>{plain(made)}</small>"))
    if verdict.leaf is not None:
        facts.append(("Leaf of the log", str(verdict.leaf)))
    listed = "".join(f"<dt>{term}</dt><dd>{text}</dd>" for term, text in facts)
    return (
        f'<section class="verdict {verdict.state}" aria-label="Verdict: {title}"><h2 role="status">'
        f'<span class="sign" aria-hidden="true">{SIGNS[verdict.state]}</span>{title}</h2><p>{sentence}</p>'
        f'<dl class="facts">{listed}</dl><h3>Why</h3><ul>{reasons}</ul></section>{_mapped(verdict, home) or _seen(verdict)}'
    )


def _ai(verdict: Verdict) -> str:
    if verdict.ai_share is not None and verdict.ai_share > 0:
        return f"{percent(verdict.ai_share)} of the pixels"
    if verdict.contains_ai is None:
        return "not known"
    return "yes" if verdict.contains_ai else "no"


def _mapped(verdict: Verdict, home: Home | None) -> str:
    """The picture with the sealed mask laid on it; nothing where the verdict does not rest on a Record with one."""
    from provenance.ai_map import NoMapError, ai_map

    if home is None or verdict.state not in ("intact", "recovered") or verdict.record is None:
        return ""
    try:
        found = ai_map(verdict.path, home, verdict.recovery)
    except NoMapError:
        return ""
    small = preview(found.picture(), 1200)
    said = plain(found.caption[:1].upper() + found.caption[1:])
    return (
        f'<div class="seen"><img src="{data_uri(small, 800_000)}" width="{small.shape[1]}" height="{small.shape[0]}" '
        f'alt="{plain(verdict.path.name)} in grey, orange where a model made it"></div><p><small>{said}.</small></p>'
    )


def _seen(verdict: Verdict) -> str:
    """The picture with the boxes drawn over it; nothing for what is no picture."""
    try:
        source = open_source(verdict.path)
    except SourceError:
        return ""
    width, height = source.size
    small = preview(source.pixels, 1200, source.icc)
    boxes = ""
    for x, y, wide, high in verdict.regions[:400]:
        at = f'x="{x}" y="{y}" width="{wide}" height="{high}"'
        boxes += f"<g><rect {at}/><rect {at}/></g>"
    if not boxes:
        alt, note = f"{verdict.path.name}, no marked regions", ""
    else:
        alt = f"{verdict.path.name} with {len(verdict.regions)} boxes around what a model made"
        note = "<p><small>Boxes: where a model made pixels, as the Record says.</small></p>"
    return (
        f'<div class="seen"><img src="{data_uri(small, 800_000)}" width="{small.shape[1]}" height="{small.shape[0]}" '
        f'alt="{plain(alt)}"><svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">{boxes}</svg>'
        f"</div>{note}"
    )
