"""Masks, work in the background, and files that must not stay behind."""

import base64
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.segmentation import Proposal
from provenance.errors import RightsError
from provenance.home import Home
from provenance.verdict import Verdict
from studio.errors import MaskAndDamageError, MaskSizeError, StudioError
from studio.restore import restore
from studio.sources import open_source
from studio.web.controls import zipped
from studio.web.desk import Desks, Wishes, gathered
from studio.web.errors import NothingToDoError, ServeError, StoppedError
from studio.web.job import Job, Standing
from studio.web.page import check_host, host_names
from studio.web.painter import layer_uri, painter, read_painted
from studio.web.painting import as_png, corrected, full_size, proxy, shrunk_mask
from studio.web.sentences import complaint, progress
from studio.web.storage import Storage, remove_abandoned
from studio.web.verify_tab import described

masks = arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)))


# ---- masks
@settings(max_examples=40, deadline=None)
@given(masks)
def test_what_the_painter_sends_back_is_what_was_painted(mask):
    assert np.array_equal(read_painted(layer_uri(mask), mask.shape), mask)


@settings(max_examples=40, deadline=None)
@given(masks, st.integers(1, 5), st.integers(1, 5))
def test_a_stroke_lands_on_the_same_place_of_the_master(mask, tall, wide):
    shape = (mask.shape[0] * tall, mask.shape[1] * wide)
    assert np.array_equal(full_size(mask, shape), np.kron(mask, np.ones((tall, wide), bool)))


@settings(max_examples=40, deadline=None)
@given(arrays(bool, (90, 120)), st.integers(1, 90))
def test_a_mask_that_nobody_corrected_stays_as_it_was_given(given_mask, max_px):
    assert np.array_equal(corrected(given_mask, shrunk_mask(given_mask, max_px), given_mask.shape), given_mask)


def test_a_correction_changes_only_the_place_that_was_corrected():
    given_mask = np.zeros((400, 400), bool)
    given_mask[200, 100:300] = True  # a hair crack, thinner than a pixel of the copy
    painted = shrunk_mask(given_mask, 100)
    painted[50, 25:40] = False  # erased: columns 100 … 159 of the master
    painted[10:12, 10:12] = True  # added
    mask = corrected(given_mask, painted, given_mask.shape)
    assert not mask[200, 100:160].any()
    assert mask[200, 160:300].all()
    assert mask[40:48, 40:48].all()
    assert mask.sum() == 140 + 64


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "data:image/png;base64,",
        "data:image/png;base64,!!!!",
        "data:image/jpeg;base64,AAAA",
        layer_uri(np.zeros((9, 9), bool)),
        "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\0\0\x08" * 2).decode(),
        layer_uri(np.ones((8, 8), bool))[:-20],
    ],
    ids=["no picture", "empty", "no base64", "jpeg", "other size", "header only", "cut off"],
)
def test_a_broken_mask_from_the_browser_is_refused_with_a_sentence(text):
    with pytest.raises(NothingToDoError, match="paint once more"):
        read_painted(text, (8, 8))


def test_the_copy_to_paint_on_is_small_and_keeps_the_proportions():
    assert proxy(np.zeros((100, 9000), np.uint16)).shape == (23, 2048, 3)
    assert proxy(np.zeros((30, 20, 4), np.uint8)).shape == (30, 20, 3)


def test_a_mask_file_holds_black_and_white_only():
    mask = np.eye(9, dtype=bool)
    image = cv2.imdecode(np.frombuffer(as_png(mask), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(image, mask * np.uint8(255))


def test_the_painter_can_be_used_with_keys_alone():
    html = painter(np.zeros((20, 30, 3), np.uint8), np.eye(20, 30, dtype=bool), field="mask")
    assert 'tabindex="0"' in html
    assert "Arrow keys" in html
    assert html.count("<button") == html.count('<button type="button"') == 7


# ---- the desk
@pytest.fixture
def desks(tmp_path):
    made = Desks(Storage(tmp_path), Home(tmp_path / "home"))
    yield made
    made.close()


def write(path: Path, pixels) -> Path:
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    return path


@pytest.fixture
def panel(tmp_path):
    return write(tmp_path / "panel.png", np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8))


def test_each_missing_thing_is_named(desks, panel, tmp_path):
    desk = desks.of("tab")
    with pytest.raises(NothingToDoError, match="no picture"):
        desk.start("", Wishes())
    desk.take_picture(panel)
    with pytest.raises(NothingToDoError, match="marked as lost"):
        desk.start("", Wishes())
    with pytest.raises(MaskSizeError, match="9×9"):
        desk.take_mask(write(tmp_path / "mask.png", np.full((9, 9), 255, np.uint8)))
    with pytest.raises(NothingToDoError, match="No damage"):
        write(panel, np.full((48, 64, 3), 128, np.uint8))
        desk.take_picture(panel)
        desk.propose()


def test_a_proposal_that_a_person_asked_for_is_taken_beside_a_veil_too(desks, panel, tmp_path, monkeypatch):
    asked = []

    def marked(pixels, said=()):
        asked.append(tuple(said))
        mask = np.zeros(pixels.shape[:2], bool)
        mask[5:9, 30:60] = True
        return Proposal(mask, float(mask.mean()), {"loss": float(mask.mean())}, False)

    monkeypatch.setattr("pipelines.segmentation.propose", marked)
    stain = np.zeros((48, 64), np.uint8)
    stain[20:40, 20:50] = 255
    desk = desks.of("tab")
    desk.take_picture(write(panel, np.random.default_rng(2).integers(120, 136, (48, 64, 3), np.uint8)))
    shown, _ = desk.propose(["losses"])
    job = desk.start(layer_uri(shown), Wishes(veil=write(tmp_path / "stain.png", stain)))
    for _ in job.standings():
        pass
    record = job.outcome().release.record
    assert asked == [("losses",), ("losses",)] and job.outcome().mask[6, 40]
    assert any("a person saw them" in one for one in record["assumptions"])


def test_a_mask_and_a_word_of_damage_are_not_taken_together(panel, tmp_path):
    with pytest.raises(MaskAndDamageError, match="leave --mask or --damage out"):
        restore(panel, tmp_path / "out", home=Home(tmp_path / "home"), mask=panel, damage=["losses"])
    assert not (tmp_path / "out").exists()


def test_a_veil_may_change_the_picture_where_no_mask_does(desks, panel, tmp_path):
    stain = np.zeros((48, 64), np.uint8)
    stain[10:40, 20:50] = 255
    picture = np.full((48, 64, 3), 190, np.uint8)
    picture[stain > 0] = 140
    desk = desks.of("tab")
    desk.take_picture(write(panel, picture))
    job = desk.start("", Wishes(veil=write(tmp_path / "stain.png", stain)))
    for _ in job.standings():
        pass
    restored = job.outcome()
    after = open_source(restored.release.folder / "restored.png").pixels
    assert np.array_equal(restored.mask, stain > 0)
    assert (after != picture).any(2)[stain > 0].mean() > 0.9 and np.array_equal(after[stain == 0], picture[stain == 0])


def test_erasing_a_whole_mask_is_not_a_mask(desks, panel, tmp_path):
    desk = desks.of("tab")
    desk.take_picture(panel)
    spot = np.zeros((48, 64), np.uint8)
    spot[10:20, 10:20] = 255
    desk.take_mask(write(tmp_path / "mask.png", spot))
    with pytest.raises(NothingToDoError, match="erased"):
        desk.start(layer_uri(np.zeros((48, 64), bool)), Wishes())


def test_an_untouched_mask_file_goes_on_under_its_own_name_and_a_corrected_one_does_not(desks, panel, tmp_path):
    desk = desks.of("tab")
    desk.take_picture(panel)
    spot = np.zeros((48, 64), np.uint8)
    spot[10:20, 10:20] = 255
    path = write(tmp_path / "losses.png", spot)
    shown, _ = desk.take_mask(path)
    assert desk._mask(layer_uri(shown))[0] == path
    shown[30, 30] = True
    kept, mask = desk._mask(layer_uri(shown))
    assert kept.name == "corrected-mask.png"
    assert mask.sum() == 101


def test_two_tabs_do_not_see_each_other(desks, panel):
    desks.of("one").take_picture(panel)
    assert desks.of("two").picture is None
    folder = desks.storage.session("one")
    desks.forget("one")
    assert not folder.exists()


# ---- work in the background
def test_stop_ends_the_work_at_its_next_step():
    steps = []

    def work(on_progress):
        for step in range(10_000):
            steps.append(step)
            on_progress(step, 10_000)
            time.sleep(0.002)

    job = Job(work)
    for standing in job.standings(every=0.01):
        if standing.done > 3:
            job.stop()
    with pytest.raises(StoppedError, match="Nothing was sealed"):
        job.outcome()
    assert len(steps) < 5_000


def test_stop_never_turns_into_a_finished_work_or_another_error():
    entered = threading.Event()

    def work(on_progress):
        entered.set()
        time.sleep(0.05)
        on_progress(1, 1)
        return "done"

    job = Job(work)
    entered.wait()
    job.stop()
    with pytest.raises(StoppedError):
        job.outcome()
    assert Job(lambda _: "done").outcome() == "done"


def test_the_estimate_waits_until_it_means_something():
    assert Standing(0, 0, 5.0).share is None
    assert Standing(1, 100, 5.0).seconds_left is None
    assert Standing(50, 100, 5.0).seconds_left == pytest.approx(5.0)
    assert "50%" in progress(Standing(50, 100, 5.0))
    assert "Getting ready" in progress(Standing(0, 0, 0.0))


# ---- sentences
@pytest.mark.parametrize("error", [ValueError("<b>secret /path</b>"), MemoryError(), OSError(28, "No space left on device")])
def test_what_was_not_foreseen_becomes_a_sentence_without_a_traceback(error):
    html = complaint(error)
    assert "Nothing was sealed" in html
    assert "secret" not in html
    assert 'role="alert"' in html


def test_a_foreseen_error_is_told_in_its_own_words_and_harmless():
    html = complaint(RightsError("“<img src=x>” ${1+1} {{constructor}} does not allow it."))
    assert "&lt;img src=x&gt;" in html
    assert not set("${}`") & set(html)


def test_an_error_speaks_of_the_page_and_not_of_the_command_line():
    for error in (MaskSizeError("a is 1×1 but b is 2×2: give a mask of the same size, or pass --fit-mask to resize it."),
                  RightsError("Ask the holder, and state the permission with --rights. Nothing was made.")):  # fmt: skip
        assert "--" not in complaint(error)


def test_a_verdict_has_a_word_a_sign_and_reasons(tmp_path):
    picture = write(tmp_path / "picture.png", np.zeros((20, 30, 3), np.uint8))
    verdict = Verdict(picture, "altered", ("its <bytes> changed",), ai_share=0.125, contains_ai=True, regions=((1, 2, 3, 4),))
    html = described(verdict)
    assert "Altered" in html
    assert "✕" in html
    assert "Its &lt;bytes&gt; changed." in html
    assert "12.5 % of the pixels" in html
    assert html.count("<rect") == 2
    assert 'viewBox="0 0 30 20"' in html
    for state in ("intact", "recovered", "unknown"):
        assert f"verdict {state}" in described(Verdict(tmp_path / "gone.glb", state, ()))


# ---- files that must not stay
def test_nothing_stays_when_the_page_ends(tmp_path):
    storage = Storage(tmp_path)
    (storage.uploads / "scan.tif").write_bytes(b"scan")
    storage.keep("tab", "mask.png", b"mask")
    assert storage.folder.stat().st_mode & 0o077 == 0
    storage.close()
    storage.close()
    assert not list(tmp_path.iterdir())


def test_what_a_killed_page_left_is_removed_by_the_next_and_a_running_page_is_not_touched(tmp_path):
    program = (
        "import os, pathlib, sys; from studio.web.storage import Storage\n"
        "s = Storage(pathlib.Path(sys.argv[1])); (s.uploads / 'scan.tif').write_bytes(b'x'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=60)
    left = list(tmp_path.iterdir())
    assert len(left) == 1
    running = Storage(tmp_path)
    assert not left[0].exists()
    assert remove_abandoned(tmp_path) == []
    assert running.uploads.is_dir()
    running.close()


def test_a_session_key_cannot_leave_the_folder(tmp_path):
    storage = Storage(tmp_path)
    assert storage.session("../../etc").is_relative_to(storage.folder)
    storage.close()


def test_files_that_belong_together_lie_together_only_while_they_are_checked(tmp_path):
    paths = []
    for folder, name in (("a", "house.glb"), ("b", "house.glb.c2pa")):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / name)
        paths[-1].write_bytes(name.encode())
    with gathered(paths, tmp_path / "check") as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["house.glb", "house.glb.c2pa"]
    assert not (tmp_path / "check").exists()


def test_the_archive_holds_the_sealed_bytes(tmp_path):
    folder = tmp_path / "release-1"
    (folder / "frames").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"\x89PNG" * 100)
    (folder / "frames" / "1.png").write_bytes(b"1")
    with zipfile.ZipFile(zipped(folder, tmp_path / "archive", "panel-release")) as packed:
        assert packed.namelist() == ["a.png", "frames/1.png"]
        assert packed.read("a.png") == b"\x89PNG" * 100


# ---- opening
@pytest.mark.parametrize(("host", "token"), [("0.0.0.0", None), ("192.168.1.4", "short"), ("::", None), ("museum.test", None)])
def test_an_address_that_others_reach_needs_a_token(host, token):
    with pytest.raises(ServeError, match="token of at least 16"):
        check_host(host, token)


def test_loopback_and_a_chosen_token_open():
    for host in ("127.0.0.1", "localhost", "::1", "127.0.0.2"):
        check_host(host, None)
    check_host("0.0.0.0", "sixteen-characters")
    assert "127.0.0.1:80" in host_names("127.0.0.1", 80)
    assert host_names("museum.example", 80) == ("museum.example:80",)
    assert issubclass(ServeError, StudioError)
