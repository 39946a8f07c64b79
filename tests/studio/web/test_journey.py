"""A person's whole way through the page in a real browser: upload, mask, run, compare, download, verify."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from studio.samples.painting import panel as sample_panel

pytestmark = pytest.mark.browser

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--no-first-run",
    "--no-default-browser-check",
]
SERVE = """
import sys, pathlib, tempfile, torch
torch.set_num_threads(1)
tempfile.tempdir = sys.argv[1]
from provenance.home import Home
from studio.web.page import serve
serve(0, Home(pathlib.Path(sys.argv[1], "home")), model=sys.argv[2], announce=lambda address: print(address, flush=True))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The bundled model, or a tiny untrained one of the same kind where no weights were installed."""
    from pipelines.bundled import is_bundled

    if is_bundled():
        return "bundled"
    from diffusers import FlowMatchEulerDiscreteScheduler

    from pipelines.network import RestorationNetwork
    from pipelines.restoration import RestorationPipeline

    folder = tmp_path_factory.mktemp("model")
    network = RestorationNetwork(widths=(16, 24), blocks=1, time_channels=16)
    RestorationPipeline(network=network, scheduler=FlowMatchEulerDiscreteScheduler()).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def address(tmp_path_factory, model):
    folder = tmp_path_factory.mktemp("served")
    run = subprocess.Popen([sys.executable, "-c", SERVE, str(folder), model], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    line = run.stdout.readline().strip()
    assert line.startswith("http://127.0.0.1:"), "the page did not start"
    yield line
    run.terminate()
    run.wait(30)
    assert not list(folder.glob("anastylosis-page-*")), "uploads stayed behind"


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def tab(browser, address):
    """An open tab; at its end nothing may have left this machine, and no script may have failed."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(90_000)
    foreign, failed = [], []
    page.on("request", lambda r: foreign.append(r.url) if not r.url.startswith((address[:20], "data:", "blob:")) else None)
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("console", lambda message: failed.append(message.text) if "Content Security Policy" in message.text else None)
    with page.expect_request(lambda r: "heartbeat" in r.url):  # the page's first sign that it listens to what is done in it
        page.goto(address)
    page.wait_for_selector("#picture")
    assert "token" not in page.url
    yield page
    context.close()
    assert not foreign
    assert not failed


def painted_panel(folder):
    """A panel with a loss that runs diagonally, and the mask of the loss."""
    y, x = np.mgrid[:96, :128]
    panel = np.stack([90 + 0.5 * x + 20 * np.sin(y / 9), 120 + 0.3 * y + 15 * np.sin(x / 7), 150 - 0.4 * x], -1)
    panel = (panel + np.random.default_rng(5).normal(0, 3, panel.shape)).clip(0, 255).astype(np.uint8)
    mask = np.zeros((96, 128), np.uint8)
    cv2.line(mask, (20, 15), (105, 80), 255, 4)
    panel[mask > 0] = 240
    for name, pixels in (("panel.png", panel), ("losses.png", mask)):
        (folder / name).write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return folder / "panel.png", folder / "losses.png"


def give_picture(tab, path, shows="#mask-editor .painter[data-ready=whole]"):
    """Choose a file as a person would: on a fresh page, when this one was still waking up and let the choice pass."""
    from playwright.sync_api import TimeoutError as TookTooLong

    for patience_ms in (25_000, 50_000, 90_000):
        tab.set_input_files("#picture input[type=file]", path)
        try:
            tab.wait_for_selector(shows, timeout=patience_ms)
            return
        except TookTooLong:
            tab.reload()
            tab.wait_for_selector("#picture input[type=file]", state="attached")
    raise AssertionError(f"the page did not take {path.name} in three tries")


def download(tab, selector, folder):
    with tab.expect_download() as waiting:
        tab.click(selector)
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_from_a_scan_to_a_sealed_file_that_verifies(tab, tmp_path):
    panel, losses = painted_panel(tmp_path)
    give_picture(tab, panel)
    tab.set_input_files("input[data-testid='Give a mask file-upload-button']", losses)
    tab.wait_for_selector("#marked .message")
    tab.wait_for_selector("#mask-editor .painter[data-mask][data-ready=whole]")

    # a stroke of the brush on top of it, by mouse
    canvas = tab.locator("#mask-editor canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.2)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.2, steps=5)
    tab.mouse.up()
    tab.wait_for_timeout(500)

    # a sketch for the fill to follow
    sketch = np.full((96, 128), 255, np.uint8)
    cv2.line(sketch, (20, 20), (100, 82), 0, 2)
    (tmp_path / "sketch.png").write_bytes(cv2.imencode(".png", sketch)[1].tobytes())
    tab.click("#guides button")
    tab.set_input_files("#sketch input[type=file]", tmp_path / "sketch.png")
    tab.wait_for_selector("#sketch :text('sketch')")
    tab.click("#run")
    tab.wait_for_selector("#seen .compare, #told .bad")
    assert "Sealed" in tab.locator("#told").inner_text()

    # the divider, by keyboard
    divider = tab.locator("#seen .divider")
    divider.focus()
    tab.keyboard.press("Home")
    assert tab.eval_on_selector("#seen .stage", "e => e.style.getPropertyValue('--at')") == "0%"
    tab.locator("#seen .show input[value=levels]").check(force=True)
    assert tab.locator("#seen .overlay.levels").is_visible()

    # the sealed files, byte for byte
    folder = tmp_path / "fetched"
    folder.mkdir()
    proposal = download(tab, "#download", folder)
    links = tab.locator("#files a[download]")
    for index in range(links.count()):
        with tab.expect_download() as waiting:
            links.nth(index).click()
        waiting.value.save_as(folder / waiting.value.suggested_filename)
    record = json.loads((folder / "record.json").read_bytes())
    assert {"record.json", "record.tlog-proof", "index.html", proposal.name} <= {path.name for path in folder.iterdir()}
    for output in record["outputs"]:
        assert hashlib.sha256((folder / output["name"]).read_bytes()).hexdigest() == output["sha256"], output["name"]
    assert {source["name"] for source in record["sources"]} == {"panel.png", "corrected-mask.png", "sketch.png"}
    assert record["request"]["line_guidance"] == 1.5

    # only the mask was filled, the stroke included
    def pixels(path):
        return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)

    changed = (pixels(proposal)[..., :3] != pixels(panel)).any(2)
    hole = pixels(folder / "mask.png") > 0
    assert not (changed & ~hole).any()
    assert hole[round(0.2 * 96), round(0.75 * 128)]
    assert (hole | (pixels(losses) == 0)).all()

    # and what was fetched verifies, in the other tab
    tab.get_by_role("tab", name="Verify").click()
    tab.set_input_files("#to-verify input[type=file]", proposal)
    tab.wait_for_selector("#verdict .verdict")
    assert "Intact" in tab.locator("#verdict h2").inner_text()
    kept = download(tab, "#record", tmp_path)
    assert kept.read_bytes() == (folder / "record.json").read_bytes()

    # one changed byte does not
    changed_file = tmp_path / "changed.png"
    data = bytearray(proposal.read_bytes())
    data[len(data) // 2] ^= 1
    changed_file.write_bytes(data)
    tab.locator("#to-verify button[aria-label=Clear]").click()
    tab.wait_for_selector("#to-verify input[type=file]", state="attached")
    tab.set_input_files("#to-verify input[type=file]", changed_file)
    tab.wait_for_selector("#verdict .verdict:not(.intact)")


def test_a_mask_can_be_painted_with_keys_and_taken_back(tab, tmp_path):
    panel, _ = painted_panel(tmp_path)
    give_picture(tab, panel)
    board = tab.locator("#mask-editor .board")
    board.focus()
    pixels = "[...e.getContext('2d').getImageData(0, 0, e.width, e.height).data]"
    count = f"e => {pixels}.filter((v, i) => i % 4 == 3 && v > 127).length"

    def painted():
        return tab.eval_on_selector("#mask-editor canvas", count)

    assert painted() == 0
    for key in ("]", " ", "ArrowRight", "ArrowRight", "ArrowDown", " "):
        tab.keyboard.press(key)
    first = painted()
    assert first > 20
    for key in ("e", " ", "ArrowUp", " "):
        tab.keyboard.press(key)
    assert painted() < first
    tab.keyboard.press("Control+z")
    assert painted() == first
    tab.keyboard.press("Control+z")
    assert painted() == 0
    tab.keyboard.press("Control+y")
    assert painted() == first


def test_stop_stops_and_seals_nothing(tab, tmp_path):
    panel = tmp_path / "large.png"
    # on noise the model would not prove itself, and the prefill be done before anybody presses Stop
    picture = cv2.resize(sample_panel(3).painting, (1500, 1500), interpolation=cv2.INTER_CUBIC)
    panel.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    mask = np.zeros((1500, 1500), np.uint8)
    mask[100:1400, 100:1400] = 255
    (tmp_path / "mask.png").write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    give_picture(tab, panel)
    tab.set_input_files("input[data-testid='Give a mask file-upload-button']", tmp_path / "mask.png")
    tab.wait_for_selector("#mask-editor .painter[data-mask][data-ready=whole]")
    tab.get_by_label("number input for Hypotheses").fill("8")  # one alone may be done before a busy browser has clicked
    tab.keyboard.press("Tab")
    tab.click("#run")
    tab.wait_for_selector("#stop:enabled")
    tab.click("#stop")
    tab.wait_for_selector("#told .bad")
    assert "Stopped. Nothing was sealed" in tab.locator("#told").inner_text()
    assert tab.locator("#run").is_enabled()
    assert not tab.locator("#files").is_visible()


def test_what_goes_wrong_is_told_in_a_sentence(tab, tmp_path):
    broken = tmp_path / "scan.png"
    broken.write_bytes(b"this is no picture")
    give_picture(tab, broken, shows="#said .bad")
    text = tab.locator("#said").inner_text()
    assert "scan.png" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("width", [1440, 390])
def test_every_control_has_a_name_and_nothing_is_cut_off(tab, tmp_path, width):
    tab.set_viewport_size({"width": width, "height": 900})
    panel, _ = painted_panel(tmp_path)
    give_picture(tab, panel)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    nameless = tab.evaluate(
        """() => [...document.querySelectorAll('button, input, select, textarea, img, [tabindex="0"]')]
        .filter((e) => e.checkVisibility() && !e.closest('[hidden]'))
        .filter((e) => e.tagName === 'IMG' ? !e.hasAttribute('alt')
            : !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.innerText?.trim() || e.title
                || e.labels?.length && [...e.labels].some((l) => l.innerText.trim())))
        .map((e) => e.outerHTML.slice(0, 160))"""
    )
    assert not nameless, nameless
    assert len(re.findall("h1", " ".join(tab.locator("h1").evaluate_all("all => all.map((e) => e.localName)")))) == 1
