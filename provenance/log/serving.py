"""Serving over HTTP on this machine: a log as static files after c2sp.org/tlog-tiles, or a witness."""

from __future__ import annotations

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from provenance.log.errors import LogError
from provenance.log.reader import LogReader
from provenance.log.tiles import WIDTH, Tile, pack_entries
from provenance.log.witness import Witness
from provenance.log.witness_request import LONGEST

LOOPBACK = "127.0.0.1"
_TILE = re.compile(r"/tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?")
_IMMUTABLE = "public, max-age=31536000, immutable"
_SECONDS = 30


class Server(ThreadingHTTPServer):
    """Listens as soon as it is made; `serve_forever` answers. Port 0 takes a free one; `address` tells which."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler], host: str = LOOPBACK):
        super().__init__((host, port), handler)

    @property
    def address(self) -> str:
        """The URL to give to others on this machine."""
        return f"http://{self.server_address[0]}:{self.server_address[1]}"


def log_server(log: LogReader, port: int = 0, host: str = LOOPBACK) -> Server:
    """A server of `log` for any client of tlog-tiles: `/checkpoint`, `/tile/<L>/<N>[.p/<W>]`, `/tile/entries/<N>[.p/<W>]`."""

    class Handler(_Handler):
        def do_GET(self) -> None:
            found = static_file(log, self.path.partition("?")[0])
            if found is None:
                self.answer(404, b"There is no such file of this log.\n", "text/plain; charset=utf-8")
            else:
                self.answer(200, *found)

        do_HEAD = do_GET

    return Server(port, Handler, host)


def static_file(log: LogReader, path: str) -> tuple[bytes, str, str] | None:
    """Bytes, content type and cache rule of one path, or None; nothing beyond the signed checkpoint is ever given."""
    try:
        if path == "/checkpoint":
            return log.checkpoint_text().encode(), "text/plain; charset=utf-8", "no-cache"
        match = _TILE.fullmatch(path)
        if match is None:
            return None
        kind, number, width = match.groups()
        level, index = 0 if kind == "entries" else int(kind), int(number.replace("x", "").replace("/", ""))
        tile = Tile(level, index, int(width) if width else WIDTH)
        # written one way only, at least one hash wide, and full in the signed tree
        is_ours = path[1:] in (tile.path, tile.entries_path) and 0 < tile.width <= WIDTH and level < 8
        if not is_ours or index * WIDTH + tile.width > log.checkpoint().size >> 8 * level:
            return None
        data = pack_entries(log.sequencer.entries(tile)) if kind == "entries" else b"".join(log.sequencer.hashes(tile))
    except LogError:
        return None
    return data, "application/octet-stream", _IMMUTABLE


def witness_server(witness: Witness, port: int = 0, host: str = LOOPBACK) -> Server:
    """A server of `witness` after c2sp.org/tlog-witness: `POST /add-checkpoint`."""

    class Handler(_Handler):
        def do_POST(self) -> None:
            if self.path != "/add-checkpoint":
                self.answer(404, b"Only /add-checkpoint is served here.\n", "text/plain; charset=utf-8")
                return
            length = self.headers.get("Content-Length", "")
            if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > LONGEST:
                self.close_connection = True  # its body is not read
                self.answer(400, b"A request needs a Content-Length of 65,536 at most.\n", "text/plain; charset=utf-8")
                return
            answer = witness.add_checkpoint(self.rfile.read(int(length)))
            self.answer(answer.status, answer.body.encode(), answer.content_type)

    return Server(port, Handler, host)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections, as the specification asks
    server_version, sys_version = "anastylosis", ""
    timeout = _SECONDS
    disable_nagle_algorithm = True

    def answer(self, status: int, body: bytes, content_type: str, cache: str = "no-store") -> None:
        """Send one whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", cache)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: stderr is for what a person must act on."""
