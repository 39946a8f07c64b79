"""`anastylosis log`."""

from __future__ import annotations

import typer

from studio.cli.arguments import HomeFolder, home_of
from studio.cli.outcome import Json, tell

app = typer.Typer(help="Look into the append-only log of everything that was released.", no_args_is_help=True)


@app.command()
def show(home: HomeFolder = None, json: Json = False) -> None:
    """List every leaf of the log.

    Example: anastylosis log show
    """
    from studio.log import leaves, open_log

    found = leaves(open_log(home_of(home)))
    tell(
        json,
        {"leaves": found},
        [f"{leaf['index']:>6}  {leaf['made']}  {leaf['operation']:<10} {leaf['record'][:16]}…" for leaf in found],
    )


@app.command()
def checkpoint(home: HomeFolder = None, json: Json = False) -> None:
    """Print the signed checkpoint: publish it, and nobody can rewrite what came before it.

    Example: anastylosis log checkpoint > checkpoint.txt
    """
    from studio.log import open_log

    log = open_log(home_of(home))
    head = log.checkpoint()
    tell(
        json,
        {"origin": head.origin, "size": head.size, "root": head.root.hex(), "note": log.checkpoint_text()},
        [log.checkpoint_text()],
    )


@app.command()
def audit(home: HomeFolder = None, json: Json = False) -> None:
    """Compute every hash of the log again; exit code 1 when one does not fit.

    Example: anastylosis log audit
    """
    from studio.log import open_log

    found = open_log(home_of(home)).audit()
    lines = found.problems or [f"The log is sound: {found.size} leaves, every hash and the signature of the checkpoint fit."]
    tell(json, {"size": found.size, "problems": list(found.problems)}, list(lines))
    raise typer.Exit(1 if found.problems else 0)
