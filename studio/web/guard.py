"""Who may talk to the page: this machine, this page's own scripts, and whoever holds the token.

A page on loopback is reachable by every site that the same browser shows. So three things are asked of each request: that it
was sent to one of our own names (DNS rebinding), that no other site sent it (cross-site requests), and that it carries the
token, once in the address and from then on in a cookie that scripts cannot read.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cache-control": "no-store",
}
# gradio builds the templates of its HTML component from text ("unsafe-eval": without it the page stays empty) and sets styles
# in attributes. Scripts that stand in the page are allowed one by one, by digest.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval'{digests}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; media-src 'self' blob:; "
    "worker-src 'self' blob:; manifest-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'"
)
_STRANGER = "This page opens with the whole address that was printed at its start; the part after “token=” is missing or old."
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
# gradio fetches addresses for the browser on these paths; this page has no use for that
_FETCHING = re.compile(r"/(file=https?:|proxy=)", re.IGNORECASE)


class Guard:
    """ASGI middleware.

    Args:
        app: the page.
        token: the secret; 32 random bytes, base64.
        hosts: what a Host header may say, such as "127.0.0.1:7860".
        max_bytes: largest request body.
        scripts: scripts that gradio puts into the document later, and that may run.
    """

    def __init__(
        self, app: App, *, token: str, hosts: Iterable[str], max_bytes: int, scripts: Iterable[str] = ()
    ) -> None:
        self.app, self.token, self.max_bytes = app, token, max_bytes
        self.hosts = frozenset(host.lower() for host in hosts)
        self.scripts = tuple(script.encode() for script in scripts)
        port = next(iter(self.hosts)).rpartition(":")[2]
        self.cookie = f"anastylosis-{port}"  # cookies ignore ports: two pages on one machine must not share a name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with one sentence."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            if refusal or not self._is_known(headers):
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self.app(scope, receive, send)
            return
        if refusal:
            await _answer(send, *refusal)
            return
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        offered = next((value for name, value in query if name == "token"), None)
        if offered is not None and scope["method"] in ("GET", "HEAD") and self._same(offered):
            await self._welcome(send, scope["path"], [(name, value) for name, value in query if name != "token"])
        elif not self._is_known(headers):
            await _answer(send, 401, _STRANGER)
        else:
            is_asset = scope["path"].startswith(("/assets/", "/static/"))
            await self.app(scope, receive, _with_headers(send, is_asset, self.scripts))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "").lower()
        if host not in self.hosts:
            return 421, f"This page answers to {', '.join(sorted(self.hosts))} only, and was called “{host}”."
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
            return 403, "Another site sent this request; only this page may."
        is_navigation = headers.get("sec-fetch-mode") == "navigate" and scope.get("method") == "GET"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not is_navigation:
            return 403, "Another site sent this request; only this page may."
        if _FETCHING.search(scope["path"]):
            return 403, "This page fetches nothing from elsewhere."
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.max_bytes:
            return 413, f"This is larger than the limit of {self.max_bytes / 1e6:,.0f} MB."
        return None

    def _same(self, offered: str) -> bool:
        return hmac.compare_digest(offered.encode(), self.token.encode())

    def _is_known(self, headers: dict[str, str]) -> bool:
        pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
        return any(name == self.cookie and self._same(value) for name, _, value in pairs)

    async def _welcome(self, send: Send, path: str, query: list[tuple[str, str]]) -> None:
        """Put the token into a cookie and take it out of the address bar, the history and every Referer."""
        # one leading slash: "//elsewhere" would be another site's address
        target = "/" + path.lstrip("/\\") + ("?" + urlencode(query) if query else "")
        cookie = f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Lax"
        await _answer(send, 303, "", {"location": target, "set-cookie": cookie})


def policy(html: bytes, scripts: Iterable[bytes] = ()) -> str:
    """The content security policy for a document: its inline scripts and those given, by digest; nothing from elsewhere."""
    inline = [found.group(1) for found in _INLINE_SCRIPT.finditer(html)]
    digests = {base64.b64encode(hashlib.sha256(script).digest()).decode() for script in (*inline, *scripts)}
    return POLICY.format(digests="".join(f" 'sha256-{one}'" for one in sorted(digests)))


def _with_headers(send: Send, is_asset: bool, scripts: tuple[bytes, ...]) -> Send:
    """Add our headers to an answer; a document is held back until its scripts are known."""
    held: dict[str, Any] = {}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = {name: value for name, value in HEADERS.items() if not (is_asset and name == "cache-control")}
            headers = [(name, value) for name, value in message["headers"] if name.decode("latin-1").lower() not in ours]
            headers += [(name.encode(), value.encode()) for name, value in ours.items()]
            message = {**message, "headers": headers}
            kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
            if kind.startswith(b"text/html"):
                held.update(start=message, body=b"")
                return
            if b"javascript" not in kind:  # a worker takes its policy from its script's answer
                headers.append((b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"))
        elif held and message["type"] == "http.response.body":
            held["body"] += message.get("body", b"")
            if message.get("more_body"):
                return
            start = held["start"]
            start["headers"].append((b"content-security-policy", policy(held["body"], scripts).encode()))
            await send(start)
            message = {"type": "http.response.body", "body": held["body"]}
        await send(message)

    return sending


async def _answer(send: Send, status: int, text: str, extra: dict[str, str] | None = None) -> None:
    body = (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Anastylosis</title><main><h1>Anastylosis</h1><p>{escape(text)}</p></main></html>"
    ).encode()
    headers = HEADERS | {"content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'none'"}
    headers |= {"content-length": str(len(body))} | (extra or {})
    listed = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})
