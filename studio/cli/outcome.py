"""How a command ends: its result as a table or as JSON, its errors as a sentence, its progress on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperGroup

from blender_addon.errors import SceneError
from pipelines.errors import PipelineError
from provenance.errors import ProvenanceError
from studio.errors import StudioError

INTERRUPTED = 130
_META_JSON = "anastylosis.json"


def _remember_json(context: typer.Context, value: bool) -> bool:
    context.meta[_META_JSON] = value
    return value


Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object and nothing else on stdout.", callback=_remember_json, is_eager=True),
]


class Commands(TyperGroup):
    """The one place where an error of the packages becomes a sentence and an exit code."""

    def invoke(self, ctx: typer.Context) -> Any:
        """Run the command; 1 after a named error, 130 after Ctrl-C, a traceback only with --debug."""
        try:
            return super().invoke(ctx)
        except (StudioError, PipelineError, ProvenanceError, SceneError) as error:
            if ctx.meta.get("debug"):
                raise
            if ctx.meta.get(_META_JSON):
                sys.stdout.write(json.dumps({"error": type(error).__name__, "message": str(error)}, ensure_ascii=False) + "\n")
            Console(stderr=True, soft_wrap=True, highlight=False).print(f"[bold red]Error:[/] {plain(str(error))}")
            raise typer.Exit(1) from error
        except KeyboardInterrupt:
            Console(stderr=True).print("Stopped; nothing was left half-written.")
            raise typer.Exit(INTERRUPTED) from None


def tell(as_json: bool, values: dict, lines: list[str]) -> None:
    """Print the outcome of a command on stdout: the JSON object, or the lines."""
    if as_json:
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
        return
    console = Console(soft_wrap=True, highlight=False)
    for line in lines:
        console.print(line)


def note(text: str) -> None:
    """Say something beside the outcome, on stderr."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(f"[yellow]Note:[/] {plain(text)}")


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with an estimate on stderr, none when stderr is not a terminal. Yields on_progress(done, total)."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def plain(text: str) -> str:
    """Make square brackets mean themselves: a file name is no markup."""
    return text.replace("[", r"\[")
