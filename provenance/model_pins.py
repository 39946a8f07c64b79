"""Which models from elsewhere were fetched here, under which licence, and the digest of each of their files."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from provenance.errors import ModelPinError
from provenance.home import Home
from provenance.keys.files import write_new

FILE = "models.json"  # in the home's folder; holds no secret
_DIGEST, _COMMIT = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class ModelPin:
    """One repository of the hub, as it was fetched.

    Attributes:
        revision: its commit, 40 hexadecimal digits.
        licence: as it was shown when a person agreed to it.
        agreed: day of that, ISO 8601.
        files: SHA-256 by path in the repository.
    """

    revision: str
    licence: str
    agreed: str
    files: dict[str, str]


def kept_pins(home: Home) -> dict[str, ModelPin]:
    """Every pin that is kept here, by the repository's id; looking makes no file. Raises: ModelPinError."""
    path = home.folder / FILE
    try:
        found = json.loads(path.read_bytes())
        return {str(repository): _pin(values) for repository, values in found["models"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelPinError(f"{path} cannot be read: mend it, or delete it and fetch the models again.") from error


def keep_pin(home: Home, repository: str, pin: ModelPin) -> None:
    """Remember what was fetched; an earlier pin of the same repository is replaced. Raises: ModelPinError."""
    pins = kept_pins(home) | {repository: pin}
    values = {"models": {name: asdict(one) for name, one in sorted(pins.items())}}
    try:
        home.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelPinError(f"{home.folder} cannot be made ({error.strerror}): name another with --home.") from error
    write_new(home.folder / FILE, json.dumps(values, indent=1, ensure_ascii=False).encode() + b"\n", 0o644)


def _pin(values: dict[str, Any]) -> ModelPin:
    pin = ModelPin(**values)
    texts = (pin.revision, pin.licence, pin.agreed)
    is_whole = all(isinstance(text, str) for text in texts) and bool(_COMMIT.fullmatch(pin.revision)) and bool(pin.files)
    if not is_whole or not all(_DIGEST.fullmatch(digest) for digest in pin.files.values()):
        raise ValueError("not a pin")
    return pin
