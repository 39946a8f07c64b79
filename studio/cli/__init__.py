"""The command line: one file per command, and one place where errors become sentences."""

from __future__ import annotations

import os
import signal

import typer

from studio.cli import (
    demo,
    doctor,
    export,
    extension,
    keys,
    log,
    models,
    read,
    render,
    restore,
    scene,
    serve,
    speculate,
    train,
    verify,
)
from studio.cli.outcome import Commands

app = typer.Typer(
    cls=Commands,
    name="anastylosis",
    help="Augmented restoration, speculative variants and metric scenes, with every AI contribution signed, marked and logged.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (
    demo.demo,
    restore.restore,
    speculate.speculate,
    read.read,
    scene.scene,
    render.render,
    train.train,
    verify.verify,
    export.export,
    export.bundle,
    export.unbundle,
    serve.serve,
    doctor.doctor,
):
    app.command()(command)
app.add_typer(log.app, name="log")
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")
app.add_typer(extension.app, name="extension")


@app.callback()
def options(
    context: typer.Context,
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error.", envvar="ANASTYLOSIS_DEBUG"),
) -> None:
    """Augmented restoration, speculative variants and metric scenes.

    Every AI contribution is signed, marked and logged.
    """
    context.meta["debug"] = debug


def main() -> None:
    """Entry point of the `anastylosis` command."""
    # transformers reports every picture processor that it replaces; what matters reaches the user as an error of ours
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    # a service manager's stop cleans up like Ctrl-C
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app()
