"""The web page: gradio inside FastAPI, behind a guard, on this machine only unless told otherwise."""

from __future__ import annotations

import ipaddress
import os
import secrets
import signal
import socket
import threading
import time
import webbrowser
from collections.abc import Callable
from typing import TYPE_CHECKING

from provenance.home import Home
from studio.web.errors import ServeError
from studio.web.storage import Storage

if TYPE_CHECKING:
    from fastapi import FastAPI

MAX_UPLOAD_BYTES = 2 * 1024**3
LOOPBACK = ("127.0.0.1", "localhost", "::1")
OPENING = """<h1>Anastylosis</h1><p class="soft">Proposals for what is lost, with every addition shown, signed and logged.
Everything stays on this machine.</p>"""


def serve(
    port: int,
    home: Home,
    open_browser: bool = False,
    host: str = "127.0.0.1",
    token: str | None = None,
    *,
    model: str = "bundled",
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve the page until Ctrl-C; then remove everything that was uploaded or made in it.

    Args:
        port: 0 picks a free one.
        home: whose keys, log and Records are used.
        open_browser: open the page in the default browser.
        host: address to listen on. Anything but loopback asks for a `token` of at least 16 characters, and for a proxy with
            TLS in front, since the token would otherwise cross the network in the clear.
        token: left out, a random one is made for this run.
        model: id or folder of the restoration model.
        announce: takes the whole address with the token; left out, it is printed to the terminal.
    Raises: ServeError for a port that is taken or a host that would be open to others.
    """
    check_host(host, token)
    listening = _listen(host, port)
    port = listening.getsockname()[1]
    token = token or secrets.token_urlsafe(32)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/?token={token}"
    storage = Storage()
    try:
        app = build(home, token=token, hosts=host_names(host, port), storage=storage, model=model)
        _run(app, listening, lambda: _tell(address, announce, open_browser))
    finally:
        listening.close()
        storage.close()


def build(home: Home, *, token: str, hosts: tuple[str, ...], storage: Storage, model: str = "bundled") -> FastAPI:
    """The page as a FastAPI application, guard included.

    Args:
        token: what a request must carry, in the address once and then in a cookie.
        hosts: what a request's Host header may say, with port.
        storage: where uploads and Releases lie; closing the application closes it.
    """
    # read by gradio when it is imported and when a component is made
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(storage.uploads)
    os.environ["HF_HUB_OFFLINE"] = "1"
    import gradio as gr
    from fastapi import FastAPI

    from studio.web import look
    from studio.web.desk import Desks
    from studio.web.guard import Guard

    desks = Desks(storage, home, model)
    blocks = layout(desks)
    app = FastAPI(title="Anastylosis", docs_url=None, redoc_url=None, openapi_url=None)
    app = gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        footer_links=[],
        run_history=False,  # a museum's scans must not be kept in the browser either
        allowed_paths=[],
        max_file_size=MAX_UPLOAD_BYTES,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        theme=look.theme(),
        css=look.CSS,
        head=look.HEAD,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )
    limit = MAX_UPLOAD_BYTES + 2**20  # what a form adds to its file
    app.add_middleware(Guard, token=token, hosts=hosts, max_bytes=limit, scripts=look.SCRIPTS)
    app.state.desks = desks
    return app


def layout(desks):
    """The gradio Blocks: a heading and one tab for each thing that can be done."""
    import gradio as gr

    from studio.web.read_tab import read_tab
    from studio.web.restore_tab import restore_tab
    from studio.web.speculate_tab import speculate_tab
    from studio.web.verify_tab import verify_tab

    with gr.Blocks(title="Anastylosis", analytics_enabled=False, delete_cache=(600, 12 * 3600)) as blocks:
        gr.HTML(OPENING, elem_classes="piece")
        with gr.Tab("Restore", id="restore"):
            restore_tab(desks)
        with gr.Tab("Read", id="read"):
            read_tab(desks)
        with gr.Tab("Speculate", id="speculate"):
            speculate_tab(desks)
        with gr.Tab("Verify", id="verify"):
            verify_tab(desks)
        # gradio forgets a tab's state an hour after it was closed, and its files go with it
        session = gr.State("", delete_callback=desks.forget)

        def session_key(request: gr.Request) -> str:
            return str(request.session_hash)

        # gradio looks for the class itself, and with postponed annotations it would see a word
        session_key.__annotations__["request"] = gr.Request
        blocks.load(session_key, None, session, show_progress="hidden", api_visibility="private")
    return blocks


def check_host(host: str, token: str | None) -> None:
    """Refuse an address that others can reach, unless a token was chosen for it. Raises: ServeError."""
    if host in LOOPBACK or _is_loopback(host):
        return
    if not token or len(token) < 16:
        raise ServeError(
            f"{host} can be reached from other machines: pass a token of at least 16 characters, and put a proxy with TLS in "
            "front; or leave the host out to stay on this machine. Nothing was opened."
        )


def host_names(host: str, port: int) -> tuple[str, ...]:
    """What a browser may write into the Host header for this address."""
    if host in LOOPBACK or _is_loopback(host):
        names = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host}
    elif host in ("0.0.0.0", "::", ""):  # noqa: S104 - asked for by the user, and only with a token
        own = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)}
        names = {socket.gethostname(), "127.0.0.1", "localhost", *(f"[{name}]" if ":" in name else name for name in own)}
    else:
        names = {f"[{host}]" if ":" in host else host}
    return tuple(sorted(f"{name}:{port}" for name in names))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise ServeError(
            f"Port {port} of {host} cannot be used ({getattr(error, 'strerror', None) or error}): "
            "pass --port with another number, or --port 0 for any free one."
        ) from error
    return listening


def _run(app: FastAPI, listening: socket.socket, ready: Callable[[], None]) -> None:
    import uvicorn

    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)

    def tell_when_started() -> None:
        while not server.started and not server.should_exit:
            time.sleep(0.05)
        if server.started:
            ready()

    threading.Thread(target=tell_when_started, daemon=True).start()
    _end_cleanly_on(signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # Ctrl-C is how the page is meant to end
    finally:
        app.state.desks.close()


def _end_cleanly_on(*signals: signal.Signals) -> None:
    """Let a signal end the program by an exception, so that what was uploaded is removed on the way out.

    uvicorn catches SIGTERM, shuts down, and then sends it once more to whatever was there before: by default, sudden death.
    """

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is threading.main_thread():
        for one in signals:
            signal.signal(one, leave)


def _tell(address: str, announce: Callable[[str], None] | None, open_browser: bool) -> None:
    if announce is None:
        import typer

        typer.echo(f"The page is open at\n\n    {address}\n\nCtrl-C ends it and removes what was uploaded.", err=True)
    else:
        announce(address)
    if open_browser:
        webbrowser.open(address)
