"""An elevation is read in the page, corrected, drawn after, and gone on from; what comes out of it is sealed."""

import json
import time
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from pipelines.grid import grid
from provenance.home import Home
from studio.errors import NoDrawingError
from studio.samples.building import building
from studio.samples.sheets import elevation, plan
from studio.web import drawing_board, read_tab, restore_tab
from studio.web.desk import Desks, VariantWishes
from studio.web.drawing_board import board_of, laid, locked, variant_path
from studio.web.errors import NothingToDoError
from studio.web.job import Job
from studio.web.painter import layer_uri
from studio.web.speculate_tab import MATERIALS, chosen_of, corrections, wished
from studio.web.storage import Storage
from studio.web.tracer import SCRIPT, tracer
from studio.web.variants_shown import caption, contact, views_of
from tests.studio.web import test_journey as journey

address, browser, model, tab = journey.address, journey.browser, journey.model, journey.tab  # fixtures

PATIENCE_MS = 240_000  # a massing and a model on a busy machine; nobody waits that long where it is idle


@pytest.fixture(scope="module")
def facade(tmp_path_factory):
    return written(tmp_path_factory.mktemp("sheet") / "facade.png", elevation(building(5001), "solid", 12.0).image)


def written(path, image):
    path.write_bytes(cv2.imencode(".png", image[..., ::-1])[1].tobytes())
    return path


# ---- behind the tab
def test_what_is_no_elevation_is_refused_in_a_sentence(tmp_path):
    y, x = np.mgrid[:300, :400]
    photo = np.stack([80 + 60 * np.sin(x / 40), 100 + 50 * np.cos(y / 30), 90 + 70 * np.sin((x + y) / 50)], -1).astype(np.uint8)
    sheets = {
        "photograph": photo,
        "next to no ink": np.full((300, 400, 3), 245, np.uint8),
        "shows a plan": plan(building(0), px_per_m=30.0).image,
    }
    for said, image in sheets.items():
        with pytest.raises(NoDrawingError, match=said):
            laid(written(tmp_path / "sheet.png", image), False)


def test_a_person_may_say_that_it_is_an_elevation_all_the_same_and_is_told_where_variants_start(tmp_path):
    drawing = laid(written(tmp_path / "sheet.png", np.full((300, 400, 3), 245, np.uint8)), True)
    assert drawing.values is None and board_of(drawing) == "" and corrections(drawing, "anything") is None
    assert "could not be read" in drawing.said and "flattened tones" in drawing.said


def test_what_stays_must_be_something_and_not_all(tmp_path):
    path = written(tmp_path / "variant-1.png", np.full((20, 30, 3), 99, np.uint8))
    spot = np.zeros((20, 30), bool)
    spot[3:9, 4:8] = True
    assert np.array_equal(locked(path, layer_uri(spot)), spot)
    for sent, said in (("", "Nothing is painted"), (layer_uri(np.ones((20, 30), bool)), "nothing left to draw")):
        with pytest.raises(NothingToDoError, match=said):
            locked(path, sent)


def test_a_free_interpretation_is_called_one_in_words(tmp_path):
    fit = {"interpretation": "free interpretation", "f": 0.4, "recall": 0.5, "precision": 0.3, "worst_tile": 0.1}
    kept = {**fit, "interpretation": "reconstruction", "openings": {"kept": 9, "moved": 0, "lost": 0, "invented": 0}}
    record = {
        "findings": {"fidelity": [fit, kept], "prefill": "tones"},
        "request": {"cells": [asdict(cell) for cell in grid(2, strengths=[0.3, 0.6])], "seed": 3},
        "sources": [],
        "assumptions": ["No massing was built: no Blender. Its flattened tones are where the variants start."],
    }
    sheet = np.zeros((40, 60, 3), np.uint8)
    for number in (1, 2):
        written(tmp_path / f"variant-{number}.png", sheet)
    release: Any = SimpleNamespace(folder=tmp_path, record=record)
    nothing_chosen: Any = SimpleNamespace(release=release, chosen=None)
    assert "free interpretation, and no reconstruction" in caption(release, 1)
    assert "9 kept" in caption(release, 2) and "conjecture all the same" in caption(release, 2)
    beside = contact(release, sheet)
    assert "1 of 2 are free interpretations" in beside and "flattened tones" in beside and beside.count("<img") == 3
    assert len(views_of(release)) == 2, "no massing to show"
    with pytest.raises(NothingToDoError):
        variant_path(release, 3)
    with pytest.raises(NothingToDoError):
        chosen_of(nothing_chosen)


def test_a_grid_is_laid_out_as_one_and_says_what_changes_where(tmp_path):
    fit = {"interpretation": "reconstruction", "f": 0.95, "recall": 0.9, "precision": 0.9, "worst_tile": 0.7}
    cells = grid(strengths=[0.3, 0.6], references_sha256=["a" * 64, "b" * 64])
    record = {
        "findings": {"fidelity": [fit] * 4, "prefill": "massing"},
        "request": {"cells": [asdict(cell) for cell in cells], "seed": 3},
        "sources": [{"sha256": letter * 64, "name": f"{name}.png"} for letter, name in (("a", "dawn"), ("b", "dusk"))],
        "assumptions": [],
    }
    for number in range(1, 5):
        written(tmp_path / f"variant-{number}.png", np.zeros((40, 60, 3), np.uint8))
    release: Any = SimpleNamespace(folder=tmp_path, record=record)
    beside = contact(release, np.zeros((40, 60, 3), np.uint8))
    assert "--columns:2" in beside and "Across: strengths. Down: references." in beside
    assert "colours of dusk.png · strength 0.3" in beside


def test_the_controls_become_a_grid_of_wishes():
    asked = wished(["tudor"], ["/a/dawn.png", "/a/dusk.png"], " flint \n\nbrick", [0.6, 0.0], 6, None, " ")
    assert asked.prompts == ("flint", "brick") and asked.strengths == (0.0, 0.6) and asked.rights is None
    assert [path.name for path in asked.references] == ["dawn.png", "dusk.png"] and asked.seed == 0


def test_all_materials_are_offered_once():
    assert len(MATERIALS) == len({name for _, name in MATERIALS}) == 5 * 3 * 3


def test_each_board_and_brush_of_the_page_writes_into_a_field_of_its_own():
    assert len({drawing_board.TRACE, drawing_board.KEPT, read_tab.FIELD, restore_tab.FIELD}) == 4
    sheet, ones = np.zeros((20, 30, 3), np.uint8), [{"kind": "door", "box": [1, 1, 9, 9], "inferred": False}]
    assert 'data-field="elevation-data"' in tracer(sheet, (30, 20), ones, drawing_board.TRACE)
    assert "box.dataset.field" in SCRIPT and "#trace-data" not in SCRIPT


def test_forgetting_a_tab_stops_its_variants_and_a_second_run_waits_for_the_first(tmp_path, facade):
    desks = Desks(Storage(tmp_path), Home(tmp_path / "home"))
    desk = desks.of("tab")

    def work(on_progress):
        while True:
            on_progress(0, 1)
            time.sleep(0.01)

    desk.speculation = Job(work)
    with pytest.raises(NothingToDoError, match="still being drawn"):
        desk.start_variants(facade, VariantWishes())
    desk.stop()
    assert not desk.speculation.stopping, "a restoration's Stop leaves variants alone"
    desks.forget("tab")
    assert not desk.speculation.running
    desks.close()


# ---- in a browser
@pytest.mark.browser
@pytest.mark.blender
def test_a_drawing_is_read_corrected_drawn_after_and_gone_on_from(tab, facade, tmp_path):
    # a picture lies in the tab Restore: neither brush may write into the other's field
    tab.set_default_timeout(PATIENCE_MS)
    journey.give_picture(tab, facade)

    count = read_in_tab(tab, facade)
    boxes = tab.locator("#elevation-board rect[data-k]")
    boxes.nth(0).focus()
    tab.keyboard.press("Delete")
    boxes.nth(3).focus()
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    sent = json.loads(tab.locator("#elevation-data textarea").input_value())
    assert len(sent["openings"]) == count - 1

    tab.locator("#variants input[type=number]").fill("1")
    tab.locator("#variants input[type=number]").press("Tab")
    tab.click("#draw-variants")
    tab.wait_for_selector("#contact img, #variants-told .bad")
    assert "Sealed" in tab.locator("#variants-told").inner_text()
    assert "Variant 1 of 1" in tab.locator("#variant-large").inner_text()
    tab.locator("#variant-view").get_by_text("Kept, moved, lost, invented").click()
    tab.wait_for_selector("#variant-large .fates")
    tab.locator("#variant-view").get_by_text("The massing it began from").click()
    tab.wait_for_selector("#variant-large img[alt*=massing]")
    variant = journey.download(tab, "#download-variant", tmp_path)
    archive = journey.download(tab, "#download-variants", tmp_path)
    record = record_in(archive)
    (moved,) = record["findings"]["by_person"]["openings"]
    assert moved["box"][0] == moved["was"]["box"][0] + 3
    assert len(record["findings"]["by_person"]["rejected"]) == 1
    assert len(record["request"]["corrections"]["openings"]) == count - 1

    # go on from it: what is painted stays
    tab.click("#go-on")
    tab.wait_for_selector("#kept-editor .painter[data-ready=whole]")
    tab.locator("#kept-editor [data-size]").fill("40")
    canvas = tab.locator("#kept-editor canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    tab.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    tab.mouse.up()
    tab.wait_for_timeout(500)
    there = tab.evaluate("[...document.querySelectorAll('.sent textarea')].map((e) => [e.closest('.sent').id, e.value.length])")
    lengths = dict(there)
    assert lengths["kept-data"] > 100 and not lengths["mask-data"], "the tab Restore was painted in"
    tab.click("#draw-again")
    tab.wait_for_selector("#kept-editor", state="hidden")
    assert "was locked" in tab.locator("#contact").inner_text()
    after = record_in(journey.download(tab, "#download-variants", tmp_path))
    assert after["findings"]["lineage"] == [after["request"]["ancestor_sha256"]]

    # what was fetched verifies
    tab.get_by_role("tab", name="Verify").click()
    tab.set_input_files("#to-verify input[type=file]", variant)
    tab.wait_for_selector("#verdict .verdict")
    assert "Intact" in tab.locator("#verdict h2").inner_text()


@pytest.mark.browser
@pytest.mark.blender
def test_stop_is_heard_while_a_massing_renders(tab, facade):
    tab.set_default_timeout(PATIENCE_MS)
    tab.set_viewport_size({"width": 700, "height": 900})
    read_in_tab(tab, facade)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 700
    tab.click("#draw-variants")
    tab.wait_for_selector("#variants-told progress[value]")
    tab.click("#stop-variants:enabled")
    tab.wait_for_selector("#variants-told .bad")
    assert "Stopped. Nothing was sealed" in tab.locator("#variants-told").inner_text()
    assert tab.locator("#draw-variants").is_enabled()
    assert not tab.locator("#contact").is_visible()


def read_in_tab(tab, path):
    """Read a drawing in the tab Speculate; how many openings stand on its board."""
    tab.get_by_role("tab", name="Speculate").click()
    tab.wait_for_selector("#elevation input[type=file]", state="attached")
    tab.set_input_files("#elevation input[type=file]", path)
    tab.click("#read-elevation:enabled")
    tab.wait_for_selector("#elevation-board .tracer[data-ready=whole]")
    return tab.locator("#elevation-board rect[data-k]").count()


def record_in(archive):
    import zipfile

    with zipfile.ZipFile(archive) as packed:
        return json.loads(packed.read("record.json"))


