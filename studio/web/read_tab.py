"""The tab in which a drawing is read: choose a sheet, see what was read, correct it, take the sealed reading."""

# no "from __future__ import annotations" here, as in restore_tab.py
import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from provenance.release import Release, release
from studio.drawings.corrections import corrected, parsed
from studio.drawings.reading_json import as_json, on_sheet_mask
from studio.read import KINDS, Given, SheetReading, draft_from, read_sheet, request_of
from studio.report.preview import preview
from studio.sources import Source, open_source
from studio.speculate import eight_bit_rgb
from studio.web.controls import PICTURES, in_order, sealed_message, zipped
from studio.web.desk import Desk, Desks
from studio.web.errors import NothingToDoError
from studio.web.sentences import complaint, message, unbraced
from studio.web.tracer import tracer

FIELD = "trace-data"
SHOWN_PX = 2000
FIND_OUT = "find out"
_TINT = np.array((0, 114, 178), np.float32)


@dataclass(frozen=True, eq=False)
class Kept:
    """A sheet that was read in one tab: the file, the reading, and its values as reading.json has them."""

    source: Source
    read: SheetReading
    values: dict
    kind: str | None


def read_tab(desks: Desks) -> None:
    """Lay out the tab inside the gradio Blocks that is being built."""
    import gradio as gr

    kept: WeakKeyDictionary[Desk, Kept] = WeakKeyDictionary()  # goes with the tab's desk
    gr.HTML(
        "<h2>Read a drawing</h2><p class='soft'>A plan, an elevation or a section. Walls, openings, levels and the scale are "
        "read, each with a confidence. The scale is never guessed: where the sheet does not say it, two points set it.</p>",
        elem_classes="piece",
    )
    sheet = gr.File(label="Scan of a drawing: PNG, JPEG or TIFF", file_types=PICTURES, elem_id="drawing", height=140)
    kind = gr.Radio([FIND_OUT, *KINDS], value=FIND_OUT, label="What the sheet shows", elem_id="drawing-kind")
    start = gr.Button("Read the sheet", variant="primary", elem_id="read-sheet", interactive=False)
    said = gr.HTML(elem_id="read-said")
    with gr.Column(visible=False) as second:
        gr.HTML(
            "<h2>What was read</h2><p class='soft'>Move, add, rename or take away openings. What you change is marked as "
            "yours in the sealed reading; what was read before is kept beside it.</p>",
            elem_classes="piece",
        )
        board = gr.HTML(elem_id="tracing", elem_classes="piece")
        trace = gr.Textbox(visible="hidden", elem_id=FIELD, elem_classes="sent", show_label=False)
        seal = gr.Button("Seal the reading", variant="primary", elem_id="seal-reading")
        sealed = gr.HTML(elem_id="read-sealed")
    with gr.Column(visible=False) as third:
        with gr.Row():
            one = gr.DownloadButton("Download reading.json", variant="primary", elem_id="download-reading")
            everything = gr.DownloadButton("Download everything (.zip)", elem_id="download-reading-all")
        files = gr.File(label="Each file of the Release", file_count="multiple", interactive=False, elem_id="reading-files")

    def take(path: str | None, request: gr.Request) -> tuple:
        kept.pop(desks.of(str(request.session_hash)), None)
        hidden = gr.update(visible=False)
        return gr.update(interactive=bool(path)), "", hidden, hidden, "", "", ""

    def read(path: str | None, wanted: str, request: gr.Request) -> Iterator[tuple]:
        keep, busy, ready = gr.update(), gr.update(interactive=False), gr.update(interactive=True)
        yield message("Reading … a large sheet takes a minute."), busy, keep, keep, keep, ""
        try:
            if not path:
                raise NothingToDoError("Choose a sheet first.")
            now = read_file(Path(path), None if wanted == FIND_OUT else wanted)
            kept[desks.of(str(request.session_hash))] = now
            shown = gr.update(visible=True)
            yield summary(now.values), ready, shown, gr.update(visible=False), board_of(now), ""
        except Exception as error:  # noqa: BLE001 - the page's one place for what goes wrong
            hidden = gr.update(visible=False)
            yield complaint(error), ready, hidden, hidden, "", ""

    def finish(sent: str | None, request: gr.Request) -> tuple:
        key = str(request.session_hash)
        try:
            now = kept.get(desks.of(key))
            if now is None:
                raise NothingToDoError("Read a sheet first.")
            done = sealed_reading(now, sent, desks.storage.new_folder(key, "reading"), desks)
            archive = zipped(done.folder, desks.storage.new_folder(key, "archive"), f"{Path(now.source.name).stem}-reading")
            paths = [str(path) for path in in_order(done)]
            return sealed_message(done), gr.update(visible=True), str(done.folder / "reading.json"), str(archive), paths
        except Exception as error:  # noqa: BLE001 - as above
            return complaint(error), gr.update(), gr.update(), gr.update(), gr.update()

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    sheet.change(take, sheet, [start, said, second, third, board, trace, sealed], **quiet)
    start.click(read, [sheet, kind], [said, start, second, third, board, sealed], **quiet)
    seal.click(finish, trace, [sealed, third, one, everything, files], **quiet)


def read_file(path: Path, kind: str | None) -> Kept:
    """Open and read a sheet."""
    source = open_source(path)
    read = read_sheet(source.pixels, source.name, None, kind)
    return Kept(source, read, as_json(read, source.name), kind)


def board_of(kept: Kept) -> str:
    """The board to correct on: the sheet with its walls tinted, and the openings."""
    rgb = eight_bit_rgb(kept.source.pixels).copy()
    walls = on_sheet_mask(kept.read.walls, kept.read.sheet, kept.read.size) > 127
    rgb[walls] = (0.45 * rgb[walls] + 0.55 * _TINT).astype(np.uint8)
    return unbraced(tracer(preview(rgb, SHOWN_PX), kept.read.size, kept.values["openings"], FIELD))


def sealed_reading(kept: Kept, sent: str | None, folder: Path, desks: Desks) -> Release:
    """The reading with what the person changed in it, sealed. Raises: CorrectionError, or what `release` raises."""
    values, request = kept.values, request_of(kept.source, Given(), kept.kind)
    if sent:
        changes = parsed(sent, kept.read.size, len(values["openings"]))
        values = corrected(values, changes)
        request["corrections"] = json.loads(sent)
    return release(draft_from(kept.source, kept.read, request, values), folder, desks.home)


def summary(values: dict) -> str:
    """What was read, in a few sentences."""
    scale = values["scale"]
    kinds = ", ".join(one["kind"] for one in values["drawings"]) or "no drawing"
    text = f"{values['file']}: {kinds}; {len(values['openings'])} openings, {len(values['rooms'])} rooms. "
    if scale["px_per_m"]:
        text += f"{scale['px_per_m']:.2f} pixels are one metre ({scale['source']})."
    else:
        finding = str(scale["finding"]).partition(" Pass --scale")[0]
        text += f"{finding[0].upper()}{finding[1:]} Set it with two points below."
    notes = "".join(f"<li>{escape(note)}</li>" for note in values["notes"] if not note.startswith("scale is not"))
    more = f"<details class='piece'><summary>What was assumed</summary><ul>{unbraced(notes)}</ul></details>" if notes else ""
    return message(text) + more
