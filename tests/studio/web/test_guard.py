"""Who the page answers, and what each answer carries."""

import base64
import hashlib

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from studio.web.guard import HEADERS, Guard, policy

TOKEN = "a-secret-of-thirty-two-characters"
HOST = "127.0.0.1:7860"


async def _socket(websocket):
    await websocket.accept()
    await websocket.send_text("in")


def client(**kwargs):
    async def anything(request):
        return JSONResponse({"path": request.url.path, "query": request.url.query})

    routes = [
        Route("/page", lambda _: HTMLResponse("<script>let a=1</script><script src='/b.js'></script>")),
        Route("/assets/a.js", lambda _: PlainTextResponse("1", media_type="text/javascript")),
        WebSocketRoute("/live", _socket),
        Route("/{path:path}", anything, methods=["GET", "POST"]),
    ]
    guarded = Guard(Starlette(routes=routes), token=TOKEN, hosts=(HOST, "localhost:7860"), max_bytes=1000)
    return TestClient(guarded, base_url=f"http://{HOST}", follow_redirects=False, **kwargs)


def known():
    return client(cookies={"anastylosis-7860": TOKEN})


def test_a_stranger_gets_a_sentence_and_nothing_else():
    answer = client().get("/config")
    assert answer.status_code == 401
    assert "token=" in answer.text
    assert "path" not in answer.text


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "ü"])
def test_a_wrong_token_opens_nothing(token):
    answer = client().get("/", params={"token": token})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_the_token_moves_from_the_address_into_a_cookie_that_scripts_cannot_read():
    answer = client().get("/", params={"token": TOKEN, "view": "verify"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?view=verify"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert known().get("/").status_code == 200


def test_the_token_leads_to_no_other_site():
    for path in ("//evil.example/", "/\\evil.example", "///evil.example"):
        answer = client().get(f"http://{HOST}{path}", params={"token": TOKEN})
        assert answer.headers["location"].startswith("/")
        assert not answer.headers["location"].startswith(("//", "/\\"))


def test_a_name_that_was_bound_to_this_machine_is_refused():
    answer = known().get("/", headers={"host": "evil.example:7860"})
    assert answer.status_code == 421
    assert known().get("/", headers={"host": "localhost:7860"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9999", "null", "https://127.0.0.1"])
def test_another_site_cannot_send_anything(origin):
    assert known().post("/queue/join", headers={"origin": origin}).status_code == 403


def test_the_page_itself_can_send():
    assert known().post("/queue/join", headers={"origin": f"http://{HOST}"}).status_code == 200


def test_another_site_can_link_here_and_not_fetch():
    site = {"sec-fetch-site": "cross-site"}
    assert known().get("/", headers={**site, "sec-fetch-mode": "navigate"}).status_code == 200
    assert known().get("/", headers={**site, "sec-fetch-mode": "no-cors"}).status_code == 403
    assert known().post("/", headers={**site, "sec-fetch-mode": "navigate"}).status_code == 403


@pytest.mark.parametrize("path", ["/gradio_api/file=http://127.0.0.1:1/x", "/file=HTTPS://evil.example", "/gradio_api/proxy=http://a"])
def test_the_page_fetches_nothing_for_anybody(path):
    assert known().get(path).status_code == 403


def test_what_is_too_large_is_refused_before_it_is_read():
    assert known().post("/upload", content=b"x" * 1001).status_code == 413
    assert known().post("/upload", content=b"x" * 1000).status_code == 200
    assert known().post("/upload", headers={"content-length": "many"}).status_code == 413


def test_a_socket_needs_the_cookie_too():
    with pytest.raises(WebSocketDisconnect), client().websocket_connect(f"ws://{HOST}/live"):
        pass
    with known().websocket_connect(f"ws://{HOST}/live") as live:
        assert live.receive_text() == "in"
    with pytest.raises(WebSocketDisconnect), known().websocket_connect(f"ws://{HOST}/live", headers={"origin": "http://evil.example"}):
        pass


def test_every_answer_carries_the_headers():
    for answer in (known().get("/page"), known().get("/anything"), client().get("/")):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert "content-security-policy" in answer.headers


def test_scripts_are_allowed_one_by_one():
    answer = known().get("/page")
    digest = base64.b64encode(hashlib.sha256(b"let a=1").digest()).decode()
    allowed = next(part for part in answer.headers["content-security-policy"].split("; ") if part.startswith("script-src"))
    assert f"'sha256-{digest}'" in allowed
    assert "unsafe-inline" not in allowed
    assert allowed.count("sha256-") == 1
    assert answer.text.startswith("<script>let a=1")
    assert "sha256-" in policy(b"", [b"later"])


def test_assets_may_be_kept_by_the_browser_and_pictures_may_not():
    assert known().get("/assets/a.js").headers.get("cache-control") != "no-store"
    assert known().get("/gradio_api/file=x.png").headers["cache-control"] == "no-store"
