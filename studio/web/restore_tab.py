"""The tab in which a picture is restored: choose, mark what is lost, run, compare, take the sealed files."""

# no "from __future__ import annotations" here: gradio finds the request by an annotation that must be a class, and gradio may
# only be imported inside the function
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.request import LINE_GUIDANCE
from pipelines.segmentation import CLASSES_OF
from studio.report.evidence import evidence_map
from studio.report.facts import Facts
from studio.report.pieces import assumptions, comparison, facts_list, legend, share_bar
from studio.sources import open_source
from studio.web.controls import PICTURES, in_order, run_and_stop, sealed_message, seed_and_rights, zipped
from studio.web.desk import Desk, Desks, Restored, Wishes
from studio.web.job import Job
from studio.web.painter import layer_uri, painter
from studio.web.sentences import complaint, message, progress, unbraced

FIELD = "mask-data"


def restore_tab(desks: Desks) -> None:
    """Lay out the tab inside the gradio Blocks that is being built."""
    import gradio as gr

    gr.HTML("<h2>1. The picture</h2>", elem_classes="piece")
    label = "Scan or photograph: PNG, JPEG or TIFF, up to 16 bits"
    picture = gr.File(label=label, file_types=PICTURES, elem_id="picture", height=140)
    said = gr.HTML(elem_id="said")
    with gr.Column(visible=False) as second:
        gr.HTML(
            "<h2>2. What is lost</h2><p class='soft'>Mark only what is lost; nothing else will be changed. Paint it, "
            "give a mask file (white = lost), or let a mask be proposed and correct it with brush and eraser.</p>",
            elem_classes="piece",
        )
        see = "What you see (may be left open): only that is looked for then, and found sooner"
        sees = gr.CheckboxGroup([(key.replace("-", " "), key) for key in CLASSES_OF], label=see, elem_id="sees")
        with gr.Row(equal_height=True):
            propose = gr.Button("Propose a mask", elem_id="propose")
            mask = gr.UploadButton("Give a mask file", file_types=PICTURES, elem_id="mask-file")
            empty = gr.Button("Start again with an empty mask", elem_id="empty")
        marked = gr.HTML(elem_id="marked")
        board = gr.HTML(elem_id="mask-editor", elem_classes="piece")
        painted = gr.Textbox(visible="hidden", elem_id=FIELD, elem_classes="sent", show_label=False)
        gr.HTML("<h2>3. How</h2>", elem_classes="piece")
        with gr.Row():
            info = "Different answers; none is more true than another."
            hypotheses = gr.Slider(1, 8, 1, step=1, label="Hypotheses", info=info, min_width=280)
            info = "0 is the safest, 1 the liveliest."
            texture = gr.Slider(0, 1, 0, step=0.05, label="Texture", info=info, min_width=280)
        guides = _guides()
        seed, rights = seed_and_rights()
        run, stop = run_and_stop("Make a proposal", "run", "stop")
        told = gr.HTML(elem_id="told")
    with gr.Column(visible=False) as third:
        gr.HTML("<h2>4. The proposal</h2>", elem_classes="piece")
        seen = gr.HTML(elem_id="seen", elem_classes="piece")
        gr.HTML(
            "<h2>5. The sealed files</h2><p class='soft'>As they were sealed, byte for byte. They go when this page ends.</p>",
            elem_classes="piece",
        )
        with gr.Row():
            one = gr.DownloadButton("Download the proposal", variant="primary", elem_id="download")
            everything = gr.DownloadButton("Download everything (.zip)", elem_id="download-all")
        files = gr.File(label="Each file of the Release", file_count="multiple", interactive=False, elem_id="files")

    def take(path: str | None, request: gr.Request) -> tuple:
        desk = desks.of(str(request.session_hash))
        desk.clear()
        hidden, none = gr.update(visible=False), (None,) * 3  # sketch and veil belong to the picture before
        try:
            if not path:
                return "", "", hidden, hidden, "", "", "", *none
            shown, text = desk.take_picture(Path(path))
        except Exception as error:  # noqa: BLE001 - the page's one place for what goes wrong
            return "", "", hidden, hidden, complaint(error), "", "", *none
        return painter(shown, field=FIELD), "", gr.update(visible=True), hidden, message(text), "", "", *none

    def lay_proposal(said: list[str], request: gr.Request) -> tuple:
        desk = desks.of(str(request.session_hash))
        return lay(desk, lambda: desk.propose(said))

    def lay_file(path: str, request: gr.Request) -> tuple:
        desk = desks.of(str(request.session_hash))
        return lay(desk, lambda: desk.take_mask(Path(path)))

    def lay_nothing(request: gr.Request) -> tuple:
        desk = desks.of(str(request.session_hash))
        desk.drop_mask()
        return painter(desk.shown, field=FIELD) if desk.shown is not None else "", "", ""

    def lay(desk: Desk, mask_and_text: Callable[[], tuple[np.ndarray, str]]) -> tuple:
        try:
            mask, text = mask_and_text()
            board_now = painter(desk.shown, mask, field=FIELD) if desk.shown is not None else ""
            return board_now, layer_uri(mask), message(text)
        except Exception as error:  # noqa: BLE001 - as above
            return gr.update(), gr.update(), complaint(error)

    def make(sent: str | None, request: gr.Request, *chosen: Any) -> Iterator[tuple]:
        desk = desks.of(str(request.session_hash))
        keep, busy, ready = gr.update(), {"interactive": False}, {"interactive": True}
        job: Job[Restored] | None = None
        try:
            job = desk.start(sent, _wishes(*chosen))
            for standing in job.standings():
                said = message("Stopping at the next step …") if job.stopping else progress(standing)
                yield said, gr.update(**busy), gr.update(**ready), keep, keep, keep, keep, keep
            restored = job.outcome()
            sealed = restored.release
            paths = [str(path) for path in in_order(sealed)]
            place = desks.storage.new_folder(str(request.session_hash), "archive")
            archive = str(zipped(sealed.folder, place, f"{Path(restored.before.name).stem}-release"))
            text, shown = sealed_message(sealed), gr.update(visible=True)
            yield text, gr.update(**ready), gr.update(**busy), shown, proposal(restored), paths[0], archive, paths
        except Exception as error:  # noqa: BLE001 - as above
            yield complaint(error), gr.update(**ready), gr.update(**busy), keep, keep, keep, keep, keep
        finally:
            if job is not None and job.running:  # the tab was closed
                job.stop()

    def halt(request: gr.Request) -> None:
        # says nothing itself: its words could arrive after those of `make`, and stand there for ever
        desks.of(str(request.session_hash)).stop()

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    laid = [board, painted, marked]
    picture.change(take, picture, [board, painted, second, third, said, marked, told, *guides[:3]], **quiet)
    propose.click(lay_proposal, sees, laid, **quiet)
    mask.upload(lay_file, mask, laid, **quiet)
    empty.click(lay_nothing, None, laid, **quiet)
    options, results = [hypotheses, texture, seed, rights, *guides], [third, seen, one, everything, files]
    run.click(make, [painted, *options], [told, run, stop, *results], **quiet)
    stop.click(halt, None, None, queue=False, **quiet)


def _guides() -> tuple[Any, Any, Any, Any]:
    """What a person may give to go by: sketch, veil, reference, and how far the sketch leads."""
    import gradio as gr

    with gr.Accordion("To go by (may be left out)", open=False, elem_id="guides"):
        gr.HTML(
            "<p class='soft'>A sketch: strokes on white or on a transparent layer, of the picture's size; the fill follows "
            "them. A stain or yellowed varnish: a picture of the same size, white where it lies; it is divided out, and "
            "nothing there is invented. A picture to resemble: its palette and handling are followed.</p>",
            elem_classes="piece",
        )
        with gr.Row():
            names = (("Sketch", "sketch"), ("Stain or varnish", "veil"), ("A picture to resemble", "resembled"))
            sketch, veil, reference = (
                gr.File(label=label, file_types=PICTURES, elem_id=name, height=160, min_width=220) for label, name in names
            )
        info = "1 is cautious; at 2 the lines show, and what lies beside them is less certain."
        guidance = gr.Slider(1, 3, LINE_GUIDANCE, step=0.1, label="How far to follow the sketch", info=info, elem_id="guidance")
    return sketch, veil, reference, guidance


def _wishes(
    count: float,
    lively: float,
    seed: float | None,
    rights: str | None,
    sketch: str | None,
    veil: str | None,
    reference: str | None,
    guidance: float,
) -> Wishes:
    sketched, veiled, resembled = (Path(one) if one else None for one in (sketch, veil, reference))
    rights = (rights or "").strip() or None
    return Wishes(int(count), float(lively), int(seed or 0), rights, sketched, float(guidance), veiled, resembled)


def proposal(restored: Restored) -> str:
    """The comparison, the evidence and the facts of a Release, as one piece of the page."""
    record, folder = restored.release.record, restored.release.folder
    named = {role: [file["name"] for file in record["outputs"] if file["role"] == role] for role in ("hypothesis", "restored")}
    pictures = [open_source(folder / name).pixels for name in named["hypothesis"] or named["restored"][:1]]
    facts = Facts.of_record(record)
    indices = evidence_map(restored.mask, facts.filled_by).indices
    compared = comparison(
        restored.before.pixels,
        pictures,
        indices,
        title=restored.before.name,
        name="proposal",
        icc=restored.before.icc,
        max_px=1600,
        max_bytes=1_500_000,
    )
    body = (
        f"<p>{escape(_how_much(facts))}</p>{compared.html}"
        f"<h3>How well each part is known</h3>{share_bar(facts.levels)}{legend(facts.levels)}"
        f"<h3>How it was made</h3>{facts_list(facts)}<h3>Assumed, and not given</h3>{assumptions(facts)}"
    )
    return f"<style>{compared.style}</style>{unbraced(body)}"


def _how_much(facts: Facts) -> str:
    if facts.filled_by != "model":
        return "Losses were bridged by calculation; no model was used. Everything else is the scan, pixel for pixel."
    return f"{facts.conjecture:.2%} of the picture is AI-modified. Everything else is the scan, pixel for pixel."
