"""The tab in which variants of a drawing are made: read, correct, draw, compare, take one, go on from it."""

# no "from __future__ import annotations" here, as in restore_tab.py
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from blender_addon.scenes.presets import ERAS, GLAZINGS, ROOFS, WALLS
from pipelines.grid import USUAL_STRENGTH, USUAL_VARIANTS
from provenance.release import Release
from studio.speculate import eight_bit_rgb
from studio.web.controls import PICTURES, run_and_stop, sealed_message, seed_and_rights, zipped
from studio.web.desk import Desk, Desks, VariantWishes
from studio.web.drawing_board import KEPT, TRACE, Laid, board_of, brush_of, laid, locked, variant_path
from studio.web.errors import NothingToDoError
from studio.web.job import Job
from studio.web.sentences import complaint, message, progress
from studio.web.variants_shown import VARIANT, contact, count_of, large, views_of

MOST = 8  # variants at once: more take longer than anybody waits before a page
STRENGTHS = [(f"{one:g}", one) for one in (0.0, 0.2, 0.4, USUAL_STRENGTH, 0.8, 1.0)]
BUTTON_PX = 260  # so that no label of three beside each other is broken
MATERIALS = [(f"{era.capitalize()}: {name.replace('-', ', ')}", name) for era, name in ERAS.items()] + [
    (f"{wall.capitalize()}, {roof}, {glazing}", f"{wall}-{roof}-{glazing}")
    for wall in WALLS
    for roof in ROOFS
    for glazing in GLAZINGS
    if f"{wall}-{roof}-{glazing}" not in ERAS.values()
]


def speculate_tab(desks: Desks) -> None:
    """Lay out the tab inside the gradio Blocks that is being built."""
    import gradio as gr

    boards: WeakKeyDictionary[Desk, Laid] = WeakKeyDictionary()  # goes with the tab's desk
    gr.HTML(
        "<h2>1. The drawing</h2><p class='soft'>An elevation or a view of something that was never built, or is gone. Its "
        "outline, doors and windows are read; variants are drawn after them, and each is measured against the drawing.</p>",
        elem_classes="piece",
    )
    label = "Scan of an elevation: PNG, JPEG or TIFF"
    sheet = gr.File(label=label, file_types=PICTURES, elem_id="elevation", height=140)
    is_elevation = gr.Checkbox(False, label="It is an elevation, whatever it looks like", elem_id="is-elevation")
    start = gr.Button("Read the drawing", variant="primary", elem_id="read-elevation", interactive=False)
    said = gr.HTML(elem_id="elevation-said")
    with gr.Column(visible=False) as second:
        gr.HTML(
            "<h2>2. Its openings</h2><p class='soft'>Move, add, rename or take away openings where the reading is wrong. The "
            "variants are built on what stands here, and the Record says which openings are yours.</p>",
            elem_classes="piece",
        )
        board = gr.HTML(elem_id="elevation-board", elem_classes="piece")
        trace = gr.Textbox(visible="hidden", elem_id=TRACE, elem_classes="sent", show_label=False)
    with gr.Column(visible=False) as third:
        gr.HTML("<h2>3. How</h2>", elem_classes="piece")
        info = "Wall, roof, glazing. Left empty, they are chosen by rule, others for each draw."
        presets = gr.Dropdown(
            MATERIALS, value=[], multiselect=True, label="Materials", info=info, elem_id="materials", max_choices=MOST
        )
        label = "Pictures whose colours the variants take (may be left out)"
        references = gr.File(label=label, file_types=PICTURES, file_count="multiple", elem_id="references", height=140)
        info = "One a line. Each is asked of the model that this page was started with."
        reads_words = desks.model != "bundled"
        prompts = gr.Textbox(label="Prompts", info=info, lines=2, max_length=8000, visible=reads_words, elem_id="prompts")
        info = "0 stays with the massing, 1 leaves it furthest. Several make a row of the grid."
        strengths = gr.CheckboxGroup(STRENGTHS, value=[USUAL_STRENGTH], label="Strength", info=info, elem_id="strengths")
        info = (
            "In all. Each combination of the above is drawn once at least; what is left over repeats them in another light and "
            "with other noise."
        )
        variants = gr.Slider(1, MOST, USUAL_VARIANTS, step=1, label="Variants", info=info, elem_id="variants")
        seed, rights = seed_and_rights()
        run, stop = run_and_stop("Draw variants", "draw-variants", "stop-variants")
        told = gr.HTML(elem_id="variants-told")
    with gr.Column(visible=False) as fourth:
        gr.HTML("<h2>4. The variants</h2>", elem_classes="piece")
        sheet_of_all = gr.HTML(elem_id="contact", elem_classes="piece")
        gr.HTML("<h2>5. One of them</h2>", elem_classes="piece")
        which = gr.Radio([1], value=1, label="Variant", elem_id="which-variant")
        view = gr.Radio([VARIANT], value=VARIANT, label="Show", elem_id="variant-view")
        seen = gr.HTML(elem_id="variant-large", elem_classes="piece")
        with gr.Row(equal_height=True):
            label = "Download this variant"
            one = gr.DownloadButton(label, variant="primary", elem_id="download-variant", min_width=BUTTON_PX)
            label = "Download everything (.zip)"
            everything = gr.DownloadButton(label, elem_id="download-variants", min_width=BUTTON_PX)
            onward = gr.Button("Go on from this one", elem_id="go-on", min_width=BUTTON_PX)
    with gr.Column(visible=False) as fifth:
        gr.HTML(
            "<h2>6. What stays</h2><p class='soft'>Paint over what you want to keep of this variant, and draw again: the new "
            "ones name it as their ancestor. Materials, strength and seed are those under 3; another seed, another answer.</p>",
            elem_classes="piece",
        )
        brush = gr.HTML(elem_id="kept-editor", elem_classes="piece")
        painted = gr.Textbox(visible="hidden", elem_id=KEPT, elem_classes="sent", show_label=False)
        again, halt_again = run_and_stop("Draw again, and keep what is painted", "draw-again", "stop-again")
        told_again = gr.HTML(elem_id="again-told")

    def take(path: str | None, request: gr.Request) -> tuple:
        desk = desks.of(str(request.session_hash))
        desk.stop_variants()
        boards.pop(desk, None)
        hidden = gr.update(visible=False)
        return gr.update(interactive=bool(path)), "", hidden, hidden, hidden, hidden, "", "", "", ""

    def read(path: str | None, is_one: bool, request: gr.Request) -> Iterator[tuple]:
        keep, hidden = gr.update(), gr.update(visible=False)
        busy, ready = gr.update(interactive=False), gr.update(interactive=True)
        yield message("Reading … a large sheet takes a minute."), busy, keep, keep, keep, keep, keep
        try:
            if not path:
                raise NothingToDoError("Choose a drawing first.")
            now = boards[desks.of(str(request.session_hash))] = laid(Path(path), is_one)
            drawn, shown = board_of(now), gr.update(visible=True)
            yield message(now.said), ready, shown if drawn else hidden, shown, hidden, hidden, drawn
        except Exception as error:  # noqa: BLE001 - the page's one place for what goes wrong
            yield complaint(error), ready, hidden, hidden, hidden, hidden, ""

    def draw(
        sent: str | None, names: list[str], liked: list[str] | None, words: str | None, far: list[float], count: float,
        number: float | None, statement: str | None, request: gr.Request,
    ) -> Iterator[tuple]:  # fmt: skip
        wishes = wished(names, liked, words, far, count, number, statement)
        yield from worked(lambda desk, now: desk.start_variants(now.path, wishes, corrections=corrections(now, sent)), request)

    def draw_again(
        mask: str | None, sent: str | None, names: list[str], liked: list[str] | None, words: str | None, far: list[float],
        count: float, number: float | None, statement: str | None, request: gr.Request,
    ) -> Iterator[tuple]:  # fmt: skip
        wishes = wished(names, liked, words, far, count, number, statement)

        def begin(desk: Desk, now: Laid) -> Job[Release]:
            ancestor = chosen_of(now)
            kept = locked(ancestor, mask)
            return desk.start_variants(now.path, wishes, corrections=corrections(now, sent), ancestor=ancestor, lock=kept)

        yield from worked(begin, request)

    def worked(begin: Callable[[Desk, Laid], Job[Release]], request: gr.Request) -> Iterator[tuple]:
        """Do the work and tell how far it is; at its end lay out what came of it."""
        key = str(request.session_hash)
        desk, keep = desks.of(key), gr.update()
        busy, ready = gr.update(interactive=False), gr.update(interactive=True)
        unchanged = (keep,) * 8
        job: Job[Release] | None = None
        try:
            now = boards.get(desk)
            if now is None:
                raise NothingToDoError("Read a drawing first.")
            job = begin(desk, now)
            for standing in job.standings():
                text = message("Stopping at the next step …") if job.stopping else progress(standing)
                yield text, busy, ready, *unchanged
            release = job.outcome()
            if boards.get(desk) is not now:
                raise NothingToDoError("Another drawing was chosen meanwhile: the variants of the earlier one are not shown.")
            now.release, now.chosen = release, None
            archive = zipped(release.folder, desks.storage.new_folder(key, "archive"), f"{now.path.stem}-variants")
            choices = [(f"{k}", k) for k in range(1, count_of(release) + 1)]
            shown, first = gr.update(visible=True), str(variant_path(release, 1))
            beside = contact(release, eight_bit_rgb(now.source.pixels))
            yield (
                sealed_message(release), ready, busy, shown, beside, gr.update(choices=choices, value=1),
                gr.update(choices=views_of(release), value=VARIANT), large(release, 1, VARIANT), first, str(archive),
                gr.update(visible=False),
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - as above
            yield complaint(error), ready, busy, *unchanged
        finally:
            if job is not None and job.running:  # the tab was closed
                job.stop()

    def show(number: int, what: str, request: gr.Request) -> tuple:
        now = boards.get(desks.of(str(request.session_hash)))
        try:
            if now is None or now.release is None:
                raise NothingToDoError("Draw variants first.")
            return large(now.release, number, what), str(variant_path(now.release, number))
        except Exception as error:  # noqa: BLE001 - as above
            return complaint(error), gr.update()

    def go_on(number: int, request: gr.Request) -> tuple:
        now = boards.get(desks.of(str(request.session_hash)))
        try:
            if now is None or now.release is None:
                raise NothingToDoError("Draw variants first.")
            now.chosen = number
            return gr.update(visible=True), brush_of(variant_path(now.release, number)), "", ""
        except Exception as error:  # noqa: BLE001 - as above
            return gr.update(visible=True), "", "", complaint(error)

    def halt(request: gr.Request) -> None:
        # says nothing itself, as in the tab Restore
        desks.of(str(request.session_hash)).stop_variants()

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    sheet.change(take, sheet, [start, said, second, third, fourth, fifth, board, trace, told, told_again], **quiet)
    start.click(read, [sheet, is_elevation], [said, start, second, third, fourth, fifth, board], **quiet)
    options = [trace, presets, references, prompts, strengths, variants, seed, rights]
    results = [fourth, sheet_of_all, which, view, seen, one, everything, fifth]
    run.click(draw, options, [told, run, stop, *results], **quiet)
    again.click(draw_again, [painted, *options], [told_again, again, halt_again, *results], **quiet)
    for button in (stop, halt_again):
        button.click(halt, None, None, queue=False, **quiet)
    for choice in (which, view):
        choice.input(show, [which, view], [seen, one], **quiet)
    onward.click(go_on, which, [fifth, brush, painted, told_again], **quiet)


def wished(
    names: list[str], liked: list[str] | None, words: str | None, far: list[float], count: float, number: float | None,
    statement: str | None,
) -> VariantWishes:  # fmt: skip
    """The options as the controls have them."""
    return VariantWishes(
        variants=int(count),
        strengths=tuple(sorted(float(one) for one in far or ())),
        seed=int(number or 0),
        presets=tuple(names or ()),
        references=tuple(Path(one) for one in liked or ()),
        prompts=tuple(line.strip() for line in (words or "").splitlines() if line.strip()),
        rights=(statement or "").strip() or None,
    )


def corrections(drawing: Laid, sent: str | None) -> str | None:
    """What the board sent; nothing for a drawing that has no board."""
    return None if drawing.values is None else sent or None


def chosen_of(drawing: Laid) -> Path:
    """The file of the variant that is gone on from. Raises: NothingToDoError when none was chosen."""
    if drawing.release is None or drawing.chosen is None:
        raise NothingToDoError("Choose one of the variants first.")
    return variant_path(drawing.release, drawing.chosen)
