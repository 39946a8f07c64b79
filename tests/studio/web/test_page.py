"""The page as gradio builds it, asked without a browser."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from provenance.home import Home
from studio.web.errors import ServeError
from studio.web.page import build, serve
from studio.web.storage import Storage

HOST, TOKEN = "127.0.0.1:7860", "t" * 32


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    before = {name: os.environ.get(name) for name in ("GRADIO_ANALYTICS_ENABLED", "GRADIO_TEMP_DIR", "HF_HUB_OFFLINE")}
    storage = Storage(folder)
    app = build(Home(folder / "home"), token=TOKEN, hosts=(HOST,), storage=storage)
    with TestClient(app, base_url=f"http://{HOST}", cookies={"anastylosis-7860": TOKEN}) as client:
        yield client, storage
    storage.close()
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


def test_the_page_loads_nothing_from_another_machine(page):
    html = page[0].get("/").text
    loaded = re.findall(r"""<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=["']?([^"'\s>]+)""", html)
    assert len(loaded) > 2
    assert not [address for address in loaded if re.match(r"(https?:)?//(?!127\.0\.0\.1)", address)]
    assert '"analytics_enabled":false' in html
    assert '"run_history":false' in html


def test_only_the_pages_own_scripts_may_run(page):
    rules = page[0].get("/").headers["content-security-policy"]
    assert "default-src 'none'" in rules
    assert "frame-ancestors 'none'" in rules
    scripts = next(rule for rule in rules.split("; ") if rule.startswith("script-src"))
    assert "unsafe-inline" not in scripts
    assert not re.search(r"https?:|\*", rules)


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=../../../../etc/passwd",
        f"/gradio_api/file={Path(__file__).resolve()}",
        "/static/%2e%2e/%2e%2e/routes.py",
        "/docs",
        "/openapi.json",
        "/gradio_api/docs",
        "/gradio_api/startup-events/../../file=/etc/hosts",
    ],
)
def test_no_file_of_this_machine_can_be_fetched(page, path):
    answer = page[0].get(path)
    assert answer.status_code in (403, 404, 405), answer.text[:200]


def test_another_tabs_storage_is_not_served_by_its_path(page):
    client, storage = page
    secret = storage.keep("another tab", "scan.tif", b"scan")
    assert client.get(f"/gradio_api/file={secret}").status_code == 403


def test_uploads_land_in_the_folder_that_is_removed(page):
    client, storage = page
    answer = client.post("/gradio_api/upload", files={"files": ("scan.tif", b"II*\0scan")})
    assert answer.status_code == 200
    assert Path(answer.json()[0]).is_relative_to(storage.uploads)


def test_no_function_of_the_page_is_offered_as_an_interface(page):
    assert page[0].get("/gradio_api/info").json() == {"named_endpoints": {}, "unnamed_endpoints": {}}


def test_a_taken_port_is_named(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ServeError, match="--port"):
            serve(other.getsockname()[1], Home(tmp_path))


def test_an_interrupted_page_leaves_no_file_and_calls_nobody(tmp_path):
    program = """
import pathlib, sys, tempfile
def watch(event, values):
    if event == "socket.connect" and isinstance(values[1], tuple) and values[1][0] not in ("127.0.0.1", "::1"):
        pathlib.Path(sys.argv[1], "called").write_text(str(values[1]))
    if event == "socket.getaddrinfo" and values[0] not in (None, "127.0.0.1", "localhost", "::1"):
        pathlib.Path(sys.argv[1], "called").write_text(str(values[0]))
sys.addaudithook(watch)
tempfile.tempdir = sys.argv[1]
from provenance.home import Home
from studio.web.page import serve
serve(0, Home(pathlib.Path(sys.argv[1], "home")), announce=lambda address: print(address, flush=True))
"""
    run = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert run.stdout is not None
        address = run.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{40,}", address), address
        assert len(list(tmp_path.glob("anastylosis-page-*"))) == 1
        time.sleep(0.5)
        run.terminate()
        run.wait(15)
    finally:
        run.kill()
    assert not list(tmp_path.glob("anastylosis-page-*"))
    assert not (tmp_path / "called").exists(), (tmp_path / "called").read_text()
