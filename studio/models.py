"""Models from elsewhere: shown with their licence, fetched once with a person's consent, and checked whenever they are used."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

from pipelines.fetching import Offer, fetch, look
from pipelines.known_models import BUNDLED, ModelCard, available_models
from pipelines.pins import Pin
from provenance.home import Home
from provenance.model_pins import ModelPin, keep_pin, kept_pins
from studio.errors import LicenceNotAcceptedError, ModelNotFetchedError


def shown(home: Home) -> tuple[list[ModelCard], dict[str, ModelPin]]:
    """The list of models that are known to fit, and what was fetched here."""
    return available_models(), kept_pins(home)


def offered(model: str, revision: str | None, agree: Callable[[Offer], bool]) -> tuple[Offer, ...]:
    """Show a person what would be fetched, before anything is: a model, or it and its ControlNet ("BASE+CONTROLNET").

    Args:
        revision: branch, tag or commit, of a single repository; None for the newest.
        agree: called with the offer of each repository; False ends it.

    Raises:
        PipelineError: when the hub does not have it; LicenceNotAcceptedError; ModelNotFetchedError.
    """
    repositories = model.split("+")
    if revision is not None and len(repositories) > 1:
        raise ModelNotFetchedError(
            f"{model} names {len(repositories)} repositories: fetch them one by one to give a --revision."
        )
    offers = tuple(look(repository, revision) for repository in repositories)
    for offer in offers:
        if not agree(offer):
            raise LicenceNotAcceptedError(
                f"Nothing was fetched: {offer.repository} comes under {offer.licence}. Read it, then pass --accept-licence."
            )
    return offers


def get(
    offers: tuple[Offer, ...], *, home: Home, on_progress: Callable[[int, int], None] | None = None
) -> tuple[tuple[Offer, Pin], ...]:
    """Fetch what a person agreed to, and pin every file.

    Raises:
        PipelineError: when the hub does not give it; ModelPinError.
    """
    pins = []
    for offer in offers:
        pin = fetch(offer, on_progress)
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        keep_pin(home, offer.repository, ModelPin(pin.revision, pin.licence, today, dict(pin.files)))
        pins.append(pin)
    return tuple(zip(offers, pins, strict=True))


def pins_for(model: str, home: Home) -> dict[str, Pin]:
    """The pins of what a model's name names on the hub; none for the bundled model, folders and files.

    Raises:
        ModelNotFetchedError: for a hub id that was never fetched here, so that nobody has seen its licence.
    """
    from pipelines.model_files import HUB_ID

    if model == BUNDLED:
        return {}
    named = [part for part in model.split("+") if not Path(part).exists() and HUB_ID.fullmatch(part)]
    kept = kept_pins(home)
    missing = [part for part in named if part not in kept]
    if missing:
        raise ModelNotFetchedError(
            f"{missing[0]} was not fetched yet. See its licence and fetch it with: anastylosis models get {missing[0]}"
        )
    # all of them, since what a single file leaves out may lie in another repository
    return {name: Pin(pin.revision, pin.licence, pin.files) for name, pin in kept.items()}
