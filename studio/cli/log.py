"""`anastylosis log`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.arguments import HomeFolder, home_of
from studio.cli.outcome import Json, note, plain, tell

app = typer.Typer(help="Look into the append-only log of everything that was released.", no_args_is_help=True)

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")]
_FAILED = 1


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
        [f"{leaf['index']:>6}  {leaf['made']:<20}  {leaf['operation']:<10} {leaf['record'][:16]}…" for leaf in found],
    )


@app.command()
def checkpoint(
    policy: Annotated[
        Path | None,
        typer.Option(help="Ask the witnesses in this file (c2sp.org/tlog-policy) to cosign it first.", metavar="FILE"),
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Print the signed checkpoint: publish it, and nobody can rewrite what came before it.

    Example: anastylosis log checkpoint --policy witnesses.txt > checkpoint.txt
    """
    from studio.log import cosigned, open_log

    log = open_log(home_of(home))
    if policy is not None:
        _, troubles = cosigned(log, _policy(policy))
        for trouble in troubles:
            note(trouble)
    head = log.checkpoint()
    tell(
        json,
        {"origin": head.origin, "size": head.size, "root": head.root.hex(), "note": log.checkpoint_text()},
        [log.checkpoint_text()],
    )


@app.command()
def proof(leaf: int, home: HomeFolder = None, json: Json = False) -> None:
    """Print the proof of one leaf against the checkpoint as it is now, cosignatures included.

    Example: anastylosis log proof 12 > record.tlog-proof
    """
    from studio.log import open_log

    text = open_log(home_of(home)).proof(leaf)
    if json:
        tell(True, {"leaf": leaf, "proof": text}, [])
    else:
        typer.echo(text, nl=False)


@app.command()
def check(
    release: Annotated[Path, typer.Argument(help="Folder of a Release.")],
    policy: Annotated[Path, typer.Option(help="Logs and witnesses that you rely on (c2sp.org/tlog-policy).", metavar="FILE")],
    json: Json = False,
) -> None:
    """Check a Release's proof by a policy alone, on any machine: no log, no key of ours and no network is asked.

    Example: anastylosis log check out/ --policy museum.txt
    """
    from studio.log import checked

    found = checked(release, _policy(policy))
    tell(json, {"valid": found.valid, "reason": found.reason, "signers": list(found.signers)}, [plain(found.reason)])
    raise typer.Exit(0 if found.valid else _FAILED)


@app.command()
def audit(home: HomeFolder = None, json: Json = False) -> None:
    """Compute every hash of the log again; exit code 1 when one does not fit.

    Example: anastylosis log audit
    """
    from studio.log import open_log

    found = open_log(home_of(home)).audit()
    lines = found.problems or [f"The log is sound: {found.size} leaves, every hash and the signature of the checkpoint fit."]
    tell(json, {"size": found.size, "problems": list(found.problems)}, [plain(line) for line in lines])
    raise typer.Exit(_FAILED if found.problems else 0)


@app.command()
def fsck(
    repair: Annotated[bool, typer.Option("--repair", help="Write what is missing or wrong and can be proven.")] = False,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint or proof of this log that somebody else kept; may be given again.", metavar="FILE"),
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Look for missing or damaged files, forks and clocks that ran backwards; changes nothing without --repair.

    Repairs only what the signed root proves, and says what is lost. Exit code 1 while something is.

    Example: anastylosis log fsck --repair
    """
    from studio.log import examine

    report = examine(home_of(home), repair=repair, others=against or [])
    found = [{"state": one.state, "text": one.text} for one in report.findings]
    lines = [f"{one.state + ':':<12}{one.text}" for one in report.findings]
    if report.is_sound:
        lines.append(f"The log is sound: {report.size} leaves, proven from the entries up to the signed root.")
    elif not repair and any(one.state == "repairable" for one in report.findings):
        lines.append("Run it again with --repair to write what can be proven.")
    tell(json, {"size": report.size, "sound": report.is_sound, "findings": found}, [plain(line) for line in lines])
    raise typer.Exit(0 if report.is_sound else _FAILED)


@app.command()
def forget(
    leaf: Annotated[int | None, typer.Argument(help="Forget every name and prompt of this leaf.")] = None,
    name: Annotated[
        str | None, typer.Option(help="Forget every field in which this text stands, whatever its case.", metavar="TEXT")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Erase names, prompts and file names that are kept beside the log; its proofs hold as before.

    The log itself holds salted digests only, which tell nothing once their salts are gone. Releases that were handed out,
    backups, snapshots and the spare blocks of a solid-state drive are out of reach.

    Example: anastylosis log forget --name "Anna Rossi"
    """
    from studio.log import forget as erase
    from studio.log import to_forget

    if leaf is None and name is None:
        raise typer.BadParameter("name a leaf, or a text with --name.")
    here = home_of(home)
    plan = to_forget(here, leaf, name)
    count = sum(len(one.places) for one in plan)
    if not yes:
        for one in plan:
            note(f"leaf {one.leaf}: {', '.join(one.places)}")
        typer.confirm(f"Erase these {count} fields for good?", abort=True, err=True)
    erase(here, plan, name)
    said = [{"leaf": one.leaf, "record": one.digest, "fields": list(one.places)} for one in plan]
    lines = [
        f"Forgotten: {count} fields of {len(plan)} Records. Their digests stay in the log; nobody can tell what they said."
    ]
    lines.append("Releases that were handed out, backups, snapshots and spare blocks of a drive may still hold the text.")
    tell(json, {"forgotten": said}, lines)


@app.command()
def envelope(record: Path, json: Json = False) -> None:
    """Print the DSSE envelope of a Record: signed, and without any name or prompt in it.

    Example: anastylosis log envelope release/record.json > record.dsse
    """
    from studio.log import envelope_of

    tell(True, envelope_of(record), []) if json else typer.echo(_compact(envelope_of(record)))


@app.command()
def serve(port: Port = 8420, home: HomeFolder = None) -> None:
    """Serve the log to readers on this machine (c2sp.org/tlog-tiles), until Ctrl-C.

    For others, publish the files: anastylosis log publish FOLDER.

    Example: anastylosis log serve --port 8420
    """
    from provenance.log.serving import log_server
    from studio.log import open_log

    server = log_server(open_log(home_of(home)), port)
    note(f"{server.address}/checkpoint and {server.address}/tile/…")
    _until_stopped(server)


@app.command()
def resolve(
    port: Port = 8422,
    host: Annotated[str, typer.Option(help="Address to listen on; anything but loopback asks for a token.")] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(help="What a program must send; made for this run when left out.", envvar="ANASTYLOSIS_RESOLVER_TOKEN"),
    ] = None,
    home: HomeFolder = None,
) -> None:
    """Lead programs from a mark, a fingerprint or a stripped picture to its credential, until Ctrl-C.

    Answers C2PA's Soft Binding Resolution API: /matches/byBinding, /matches/byContent, /manifests/ID and
    /services/supportedAlgorithms. Each request carries `Authorization: Bearer TOKEN`.

    Example: anastylosis log resolve --port 8422
    """
    from studio.web.resolution import serve as serve_resolver

    serve_resolver(port, home_of(home), host, token, announce=lambda at, word: note(f"{at}/matches/byContent, token {word}"))
    note("Stopped.")


@app.command()
def publish(folder: Path, home: HomeFolder = None, json: Json = False) -> None:
    """Bring a folder of static files up to the log, for any web server (c2sp.org/tlog-tiles).

    Example: anastylosis log publish /var/www/log
    """
    from provenance.log.publishing import publish as bring_up
    from studio.log import open_log

    size, written = bring_up(open_log(home_of(home)), folder)
    tell(
        json,
        {"size": size, "files": written},
        [f"{plain(str(folder))} holds the log of {size} leaves; {written} files were new."],
    )


@app.command()
def witness(
    folder: Annotated[Path, typer.Argument(help="Where the witness keeps its key and what it has seen.")],
    name: Annotated[str | None, typer.Option(help="Its name, such as witness.example.org/archive; once.")] = None,
    log: Annotated[
        list[str] | None, typer.Option(help="Verifier key (log.vkey) of a log to witness; may be given again.", metavar="KEY")
    ] = None,
    port: Port = 8421,
) -> None:
    """Be a witness for other logs (c2sp.org/tlog-witness): cosign what only grows, refuse what was rewritten.

    Example: anastylosis log witness ~/witness --name witness.example.org/archive --log "$(cat log.vkey)"
    """
    from provenance.log.note import NoteVerifier
    from provenance.log.serving import witness_server
    from provenance.log.witness import Witness

    ours = Witness.open(folder.expanduser(), name)
    for key in log or []:
        ours.know(NoteVerifier.parse(key))
    server = witness_server(ours, port)
    note(f"{server.address}/add-checkpoint, with the key {ours.signer.verifier.text()}")
    _until_stopped(server)


@app.command()
def join(
    database: Annotated[str, typer.Argument(help="libpq connection string; keep the password in ~/.pgpass.")],
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Log into a team's PostgreSQL database from now on, instead of into a folder of this machine.

    The machines of a team share one log key: copy keys/log.key from the first to the others.

    Example: anastylosis log join "host=db.example.org dbname=log user=studio"
    """
    from provenance.log.team import join as join_team
    from studio.log import open_log

    here = home_of(home)
    join_team(here.log, database)
    log = open_log(here)
    size = log.checkpoint().size
    tell(json, {"place": log.place, "size": size}, [f"This installation logs into {plain(log.place)}: {size} leaves so far."])


def _policy(path: Path):
    from studio.log import policy_of

    return policy_of(path)


def _compact(value: dict) -> str:
    from provenance.record import canonical

    return canonical(value).decode()


def _until_stopped(server) -> None:
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        note("Stopped.")
    finally:
        server.server_close()
