"""`anastylosis keys`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.arguments import HomeFolder, home_of
from studio.cli.outcome import Json, plain, tell

app = typer.Typer(help="See, make, replace and bring the keys that sign, and name who stamps the time.", no_args_is_help=True)

Organisation = Annotated[
    str | None, typer.Option(help="Name that readers see as the signer; a local installation when left out.", metavar="NAME")
]
Root = Annotated[
    Path | None, typer.Option(help="Root certificate (PEM) that the chain leads to, when it is not in it.", metavar="ROOT.pem")
]


@app.command()
def show(home: HomeFolder = None, json: Json = False) -> None:
    """Say what signs here, its chain, its end, who vouches for it, and who stamps the time.

    Example: anastylosis keys show
    """
    from studio.keys import show as shown

    _tell(json, shown(home_of(home)))


@app.command()
def make(
    organisation: Organisation = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the keys that there are, as rotate does.")] = False,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Make a root, an issuer and a signing key, and try them on a small picture.

    Example: anastylosis keys make --organisation "City Museum"
    """
    from studio.keys import make as made

    _tell(json, made(home_of(home), organisation, replace=force))


@app.command()
def rotate(organisation: Organisation = None, home: HomeFolder = None, json: Json = False) -> None:
    """Replace the signing key; its certificates are kept, so that what it signed still verifies.

    Example: anastylosis keys rotate
    """
    from studio.keys import rotate as rotated

    _tell(json, rotated(home_of(home), organisation))


@app.command()
def revoke(
    since: Annotated[str, typer.Option(help="From when on somebody else may have had it, such as 2026-03-01.", metavar="DATE")],
    key: Annotated[
        str | None, typer.Option(help="Fingerprint of a former key; the one that signs now when left out.", metavar="DIGITS")
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Mark a key as compromised and replace it; lists the releases that lose their proof.

    A release keeps it when an RFC 3161 time stamp shows that it was signed before that date.

    Example: anastylosis keys revoke --since 2026-03-01
    """
    from provenance.timestamp_clock import parse_beginning
    from studio.keys import revoke as revoked

    _tell(json, revoked(home_of(home), parse_beginning(since), key))


@app.command()
def use(
    chain: Annotated[Path | None, typer.Argument(help="Certificates (PEM), signing one first.", metavar="CHAIN.pem")] = None,
    key: Annotated[Path | None, typer.Argument(help="Its private key (PEM, PKCS#8, mode 0600).", metavar="KEY.pem")] = None,
    remote: Annotated[
        str | None, typer.Option(help="Let a signer on another machine sign; its key never comes here.", metavar="URL")
    ] = None,
    root: Root = None,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Sign with an institution's own chain and key, or with a remote signer.

    A remote signer answers GET with its chain and POST (bytes to sign) with the signature: see provenance/keys/remote.py.

    Example: anastylosis keys use museum-chain.pem museum-key.pem
    """
    from studio.keys import use as used

    _tell(json, used(home_of(home), chain, key, remote=remote, root=root))


@app.command()
def tsa(
    url: Annotated[str, typer.Argument(help="Time-stamping authority (RFC 3161), or 'none'.", metavar="URL|none")],
    root: Root = None,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Name the authority that stamps signatures and Records, once a trial stamp held.

    Example: anastylosis keys tsa https://freetsa.org/tsr --root freetsa-root.pem
    """
    from studio.keys import tsa as named

    lines = named(home_of(home), url, root)
    tell(json, {"tsa": None if url == "none" else url, "said": lines}, [plain(line) for line in lines])


def _tell(json: bool, shown) -> None:
    tell(json, shown.to_json(), shown.lines())
