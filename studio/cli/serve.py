"""`anastylosis serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from studio.cli.arguments import HomeFolder, home_of


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = 7860,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    home: HomeFolder = None,
) -> None:
    """Open the web page on this machine; no request leaves it.

    Example: anastylosis serve --port 7860
    """
    from studio.web.page import serve as serve_page

    serve_page(port, home_of(home), open_browser=open_browser)
