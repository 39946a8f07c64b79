"""`anastylosis demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.outcome import Json, plain, progress, tell


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder; must not exist yet, or be empty.", metavar="DIR")] = Path(
        "anastylosis-demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws another panel and another house.")] = 7,
    quick: Annotated[bool, typer.Option("--quick", help="Small renders, for a first look.")] = False,
    json: Json = False,
) -> None:
    """Draw sample works, restore, speculate, build scenes, render, seal, verify, and make a page that shows it all.

    Example: anastylosis demo
    """
    from studio.demo import run_demo

    with progress("Demo") as on_progress:
        outcome = run_demo(out, seed=seed, quick=quick, on_progress=on_progress)
    lines = [f"{step.seconds:6.1f} s  {step.title}" for step in outcome.steps]
    lines += [f"[bold]{outcome.page}[/]  open it in a browser", *outcome.verdict_lines]
    lines += [f"[yellow]Note:[/] {plain(note)}" for note in outcome.notes]
    tell(json, outcome.to_json(), lines)
    raise typer.Exit(outcome.exit_code)
