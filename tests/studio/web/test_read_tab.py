"""A drawing is read in the page, corrected by hand, and leaves sealed."""

import hashlib
import json

import cv2
import pytest

from studio.drawings.corrections import CorrectionError, corrected, parsed
from studio.samples.building import building
from studio.samples.sheets import plan
from tests.studio.web import test_journey as journey

address, browser, model, tab = journey.address, journey.browser, journey.model, journey.tab  # fixtures

VALUES = {
    "drawings": [{"kind": "plan", "box": [0, 0, 200, 100]}],
    "openings": [
        {
            "kind": "door",
            "box": [10, 10, 20, 30],
            "confidence": 0.8,
            "inferred": False,
            "author": "drawing",
            "corners": [[1, 2]],
        },
        {"kind": "window", "box": [50, 10, 60, 30], "confidence": 0.6, "inferred": True, "author": "rule"},
    ],
    "scale": {"px_per_m": None, "source": "none", "confidence": 0.0, "finding": "scale is not certain: …"},
    "notes": ["scale is not certain: …", "The sheet was turned."],
    "author": "drawing",
}


def sent(openings, scale=None):
    return json.dumps({"openings": openings, "scale": scale})


def test_what_a_person_left_alone_stays_as_it_was_read():
    same = [{"was": k, "kind": one["kind"], "box": one["box"]} for k, one in enumerate(VALUES["openings"])]
    after = corrected(VALUES, parsed(sent(same), (200, 100), 2))
    assert after["openings"] == VALUES["openings"]
    assert after["author"] == "drawing"
    assert after["rejected"] == []


def test_what_a_person_changed_says_so_and_keeps_what_was_read():
    text = sent([{"was": 0, "kind": "window", "box": [12, 10, 22, 30]}, {"was": None, "kind": "door", "box": [90, 5, 80, 40]}])
    after = corrected(VALUES, parsed(text, (200, 100), 2))
    moved, added = after["openings"]
    assert (moved["author"], moved["kind"], moved["was"]["box"]) == ("person", "window", [10, 10, 20, 30])
    assert "corners" not in moved
    assert (added["author"], added["box"], added["inferred"]) == ("person", [80, 5, 90, 40], False)
    assert [one["kind"] for one in after["rejected"]] == ["window"]
    assert after["author"] == "person"


def test_two_points_set_the_scale():
    after = corrected(VALUES, parsed(sent([], [0, 0, 30, 40, 10]), (200, 100), 2))
    assert (after["scale"]["px_per_m"], after["scale"]["source"], after["scale"]["finding"]) == (5.0, "person", None)
    assert not any(note.startswith("scale is not certain") for note in after["notes"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"openings": 3}',
        sent([{"was": 7, "kind": "door", "box": [1, 1, 9, 9]}]),
        sent([{"was": True, "kind": "door", "box": [1, 1, 9, 9]}]),
        sent([{"was": None, "kind": "<script>", "box": [1, 1, 9, 9]}]),
        sent([{"was": None, "kind": "door", "box": [1, 1, 1, 9]}]),
        '{"openings": [{"was": null, "kind": "door", "box": [NaN, 1, 5, 9]}]}',
        sent([], [5, 5, 5, 5, 1]),
        sent([], [0, 0, 30, 40, -1]),
        sent([], ["a"]),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(text):
    with pytest.raises(CorrectionError):
        parsed(text, (200, 100), 2)


@pytest.mark.browser
def test_a_plan_is_read_corrected_and_sealed(tab, tmp_path):
    drawn = plan(building(0), px_per_m=30.0)
    path = tmp_path / "house.png"
    path.write_bytes(cv2.imencode(".png", drawn.image[..., ::-1])[1].tobytes())
    tab.get_by_role("tab", name="Read").click()
    give_picture_to_read(tab, path)
    tab.locator("#drawing-kind").get_by_text("plan", exact=True).click()
    tab.click("#read-sheet")
    tab.wait_for_selector("#tracing .tracer[data-ready=whole]")
    boxes = tab.locator("#tracing rect[data-k]")
    read = boxes.count()
    assert read > 5

    # take one away by keys, rename the next, draw a new one, and set the scale with two points
    boxes.nth(0).focus()
    tab.keyboard.press("Delete")
    assert boxes.count() == read - 1
    boxes.nth(0).focus()
    tab.keyboard.press("k")
    tab.click("#tracing [data-mode=add]")
    board = tab.locator("#tracing svg")
    board.scroll_into_view_if_needed()
    frame = board.bounding_box()

    def spot(x, y):
        return frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]

    tab.mouse.move(*spot(0.45, 0.45))
    tab.mouse.down()
    tab.mouse.move(*spot(0.50, 0.55), steps=4)
    tab.mouse.up()
    assert boxes.count() == read
    tab.click("#tracing [data-mode=scale]")
    for x in (0.1, 0.6):
        tab.mouse.click(*spot(x, 0.9))
    tab.fill("#tracing [data-metres]", "20")
    tab.wait_for_timeout(500)
    tab.click("#seal-reading")
    tab.wait_for_selector("#read-sealed .message")
    assert "Sealed" in tab.locator("#read-sealed").inner_text()

    reading = journey.download(tab, "#download-reading", tmp_path)
    values = json.loads(reading.read_bytes())
    assert values["author"] == "person"
    assert len(values["rejected"]) == 1
    assert sum(one["author"] == "person" for one in values["openings"]) == 2
    assert values["scale"]["source"] == "person"
    assert values["scale"]["px_per_m"] == pytest.approx(0.5 * drawn.image.shape[1] / 20, rel=0.02)
    archive = journey.download(tab, "#download-reading-all", tmp_path)
    assert archive.stat().st_size > 1000

    # the sealed reading verifies
    tab.get_by_role("tab", name="Verify").click()
    tab.set_input_files("#to-verify input[type=file]", reading)
    tab.wait_for_selector("#verdict .verdict")
    assert "Intact" in tab.locator("#verdict h2").inner_text()
    assert hashlib.sha256(reading.read_bytes()).hexdigest()


def give_picture_to_read(tab, path):
    tab.wait_for_selector("#drawing input[type=file]", state="attached")
    tab.set_input_files("#drawing input[type=file]", path)
    tab.wait_for_selector("#read-sheet:enabled")
