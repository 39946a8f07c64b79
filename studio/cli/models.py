"""`anastylosis models`."""

from __future__ import annotations

from dataclasses import asdict

from studio.cli.outcome import Json, plain, tell


def models(json: Json = False) -> None:
    """List what can be run here: licence, memory, and where the weights are.

    Example: anastylosis models
    """
    from pipelines.hub import available_models

    cards = available_models()
    lines = []
    for card in cards:
        here = f"here: {card.where}" if card.is_present else "not here"
        lines.append(f"[bold]{plain(card.id)}[/]  {plain(card.title)}")
        lines.append(plain(f"    {card.kind}; licence {card.licence}; {card.memory}; {here}"))
        if card.licence_note:
            lines.append(plain(f"    {card.licence_note}"))
    tell(json, {"models": [asdict(card) | {"where": str(card.where)} for card in cards]}, lines)
