"""`anastylosis models`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from studio.cli.arguments import HomeFolder, home_of
from studio.cli.outcome import Json, plain, progress, tell

app = typer.Typer(invoke_without_command=True)


@app.callback()
def models(context: typer.Context, home: HomeFolder = None, json: Json = False) -> None:
    """List what can be run here: licence, territory, memory, and where the weights are.

    Example: anastylosis models
    """
    if context.invoked_subcommand is not None:
        return
    from studio.models import shown

    cards, pins = shown(home_of(home))
    lines = []
    for card in cards:
        here = f"here: {card.where}" if card.is_present else "not here"
        lines.append(f"[bold]{plain(card.id)}[/]  {plain(card.title)}")
        lines.append(plain(f"    {card.kind}; licence {card.licence}; {card.memory}; {here}"))
        lines += [plain(f"    {said}") for said in (card.licence_note, card.territory) if said]
    lines += [plain(f"fetched and pinned: {name} at {pin.revision[:12]}, {pin.licence}") for name, pin in pins.items()]
    values = [asdict(card) | {"where": str(card.where)} for card in cards]
    tell(json, {"models": values, "pinned": {name: asdict(pin) for name, pin in pins.items()}}, lines)


@app.command()
def get(
    model: Annotated[str, typer.Argument(help="Hub id 'owner/name', or two of them as 'BASE+CONTROLNET'.", metavar="ID")],
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit; the newest when left out.")] = None,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Agree to the licence that is shown, without being asked.")
    ] = False,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Show the licence of a model, fetch it, and pin the digest of each file: a changed file is refused later.

    Only safetensors and settings are fetched, never pickles or code.

    Example: anastylosis models get black-forest-labs/FLUX.2-klein-4B
    """
    from studio.models import get as fetch
    from studio.models import offered

    def agree(offer) -> bool:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        for line in _offer_lines(offer):
            console.print(line)
        is_asked = sys.stdin.isatty() and not json
        return accept_licence or (is_asked and typer.confirm("Do you agree to this licence?", err=True))

    offers = offered(model, revision, agree)
    with progress("Fetching") as on_progress:
        pairs = fetch(offers, home=home_of(home), on_progress=on_progress)
    values = [
        {"id": offer.repository, "revision": pin.revision, "licence": pin.licence, "territory": offer.territory,
         "files": dict(pin.files), "weights_sha256": pin.digest()}
        for offer, pin in pairs
    ]  # fmt: skip
    lines = [f"{offer.repository} is here, pinned at {pin.revision[:12]}: {len(pin.files)} files." for offer, pin in pairs]
    tell(
        json,
        {"fetched": values},
        [*map(plain, lines), plain(f"Use it with: anastylosis speculate DRAWING --model {model} -o OUT")],
    )


def _offer_lines(offer) -> list[str]:
    gated = ["its page asks for consent of its own: give it there, then `hf auth login`"] if offer.is_gated else []
    return [
        f"[bold]{plain(offer.repository)}[/] at {offer.revision[:12]}: {len(offer.files)} files, {offer.size / 1e9:.2f} GB",
        plain(f"    licence: {offer.licence}"),
        *(plain(f"    {said}") for said in (offer.note, offer.territory, *gated)),
    ]
