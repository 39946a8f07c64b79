"""`anastylosis train`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from studio.cli.arguments import HomeFolder, Rights, Seed, StrictRights, home_of
from studio.cli.outcome import Json, note, plain, progress, tell


class Plan(StrEnum):
    """How large crops, batches and a network from nothing are."""

    cpu = "cpu"
    gpu = "gpu"
    tiny = "tiny"


def train(
    images: Annotated[list[Path], typer.Argument(help="Folders or files: PNG, JPEG, TIFF or WebP.", metavar="IMAGES...")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder for the model; it must not exist yet, or be empty.", metavar="DIR")
    ],
    start: Annotated[
        str, typer.Option(help="'bundled', the folder of another model made here, or 'nothing'.", metavar="ID")
    ] = "bundled",
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of training, instead of minutes.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="Time to train for; 30 when neither is given.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Cores of the processor to use.")] = 1,
    seed: Seed = 0,
    holdout: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of the pictures that is never trained on, to measure on.")
    ] = 0.1,
    plan: Annotated[Plan, typer.Option(help="Size of crops and batches; tiny only tries the road.")] = Plan.cpu,
    rights: Rights = None,
    strict_rights: StrictRights = False,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Train a model on your own pictures, here; nothing is uploaded. After Ctrl-C the same command goes on.

    Example: anastylosis train scans/ --minutes 60 -o our-model
    """
    from studio.train import Wish
    from studio.train import train as train_on

    if steps is not None and minutes is not None:
        raise typer.BadParameter("give --steps or --minutes, not both.")
    wish = Wish(start, steps, minutes, seed, holdout, plan.value, rights, strict_rights)
    try:
        trained = train_on(images, out, wish, home=home_of(home), threads=threads, phase=progress)
    except KeyboardInterrupt:
        note("The run is kept: the same command goes on where it was stopped.")
        raise
    made = trained.collection
    lines = [
        f"[bold]{plain(str(trained.release.folder))}[/]  sealed, leaf {trained.release.leaf} of the log",
        plain(f"  {trained.steps} steps on {len(made.trained)} pictures; {len(made.held_out)} kept apart"),
        *(f"  [yellow]Left out:[/] {plain(name)}: {plain(why)}" for name, why in made.left_out),
        plain(f"  {trained.judgement.text}"),
        plain(f"  Use it: anastylosis restore PICTURE --model {trained.release.folder} -o restored"),
    ]
    tell(json, trained.to_json(), lines)
