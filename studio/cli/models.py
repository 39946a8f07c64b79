"""`anastylosis models`."""

from __future__ import annotations

from dataclasses import asdict

from studio.cli.outcome import Json, tell


def models(json: Json = False) -> None:
    """List what can be run here: licence, memory, and where the weights are.

    Example: anastylosis models
    """
    from pipelines.hub import available_models

    cards = available_models()
    lines = []
    for card in cards:
        lines.append(f"[bold]{card.id}[/]  {card.title}")
        lines.append(f"    {card.kind}; licence {card.licence}; {card.memory}; {'here: ' + str(card.where) if card.is_present else 'not here'}")
        if card.licence_note:
            lines.append(f"    {card.licence_note}")
    tell(json, {"models": [asdict(card) | {"where": str(card.where)} for card in cards]}, lines)
