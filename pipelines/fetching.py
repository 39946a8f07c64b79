"""Getting a model from the hub: what it is, what of it is needed, under which licence; then the files, and their digests."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import ModelChangedError, ModelNotFoundError, UnsafeModelError, UnsupportedModelError
from pipelines.known_models import known_licence, territory
from pipelines.model_files import HUB_ID, is_offline
from pipelines.pins import Pin, file_sha256

_ENDINGS = (".safetensors", ".json", ".txt", ".model", ".jinja", ".md")  # weights, settings, words of tokenizers, the licence
_VARIANT = re.compile(r"\.(fp16|bf16|fp8|non_ema)\b|-(fp16|bf16|fp8)\b")  # the same weights once more, with fewer bits
_FOLDER_OF_ANOTHER_KIND = re.compile(r"(^|/)(openvino|onnx|flax|assets|images|\.)")


@dataclass(frozen=True)
class Offer:
    """What the hub has of one repository, before anything large is fetched.

    Attributes:
        repository: "owner/name".
        revision: the commit, 40 hexadecimal digits.
        licence: as its page names it, else as the list here does, else a sentence that says that nobody does.
        note: what to look at before publishing with it.
        territory: where the licence does not reach, as far as it is known here.
        files: bytes by path, of what would be fetched; -1 where the hub does not say.
        sha256: by path, where the hub tells it.
        is_gated: whether its page asks for consent of its own.
    """

    repository: str
    revision: str
    licence: str
    note: str
    territory: str
    files: dict[str, int]
    sha256: dict[str, str]
    is_gated: bool

    @property
    def size(self) -> int:
        """Bytes that would be fetched, as far as the hub tells."""
        return sum(max(0, size) for size in self.files.values())


def look(repository: str, revision: str | None = None) -> Offer:
    """Ask the hub what it has.

    Args:
        revision: branch, tag or commit; the main branch when left out.

    Raises:
        ModelNotFoundError: offline, unreachable, not there, or not for this person.
        UnsafeModelError: without safetensors.
        UnsupportedModelError: for what is no "owner/name".
    """
    if not HUB_ID.fullmatch(repository):
        raise UnsupportedModelError(f'{repository} is no hub id: give "owner/name"; what is a folder here needs no fetching.')
    if is_offline():
        raise ModelNotFoundError(f"HF_HUB_OFFLINE forbids to fetch {repository}: unset it, or name a folder as the model.")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        found = HfApi().model_info(repository, revision=revision, files_metadata=True)
    except HfHubHTTPError as error:
        raise ModelNotFoundError(
            f"{repository}{f' at {revision}' if revision else ''} was not found on the hub, or asks for consent there: look at "
            f"https://huggingface.co/{repository}."
        ) from error
    except _failures() as error:
        raise ModelNotFoundError(f"The hub cannot be reached, so {repository} was not fetched: {str(error)[:200]}") from error
    siblings = {one.rfilename: one for one in found.siblings or []}
    wanted = needed(list(siblings))
    if not any(name.endswith(".safetensors") for name in wanted):
        raise UnsafeModelError(f"{repository} holds no safetensors: pickles are never fetched.")
    stated = (found.card_data or {}).get("license") if found.card_data else None
    named, note = known_licence(repository) or ("", "")
    licence = str(stated or named or "its page names none: nobody here may assume one")
    sizes = {name: siblings[name].size for name in wanted}
    told = {name: siblings[name].lfs for name in wanted}
    return Offer(
        repository,
        str(found.sha),
        licence,
        note or "read the licence on the model's page before publishing: it was not verified here",
        territory(repository, licence),
        {name: -1 if size is None else size for name, size in sizes.items()},
        {name: lfs["sha256"] for name, lfs in told.items() if lfs is not None},
        bool(found.gated),
    )


def needed(names: list[str]) -> list[str]:
    """Of a repository's files those that are loaded here: never a pickle, nothing twice, nothing of another framework.

    A repository in diffusers' layout often holds the whole model once more as one file at its top, and with fewer bits.
    """
    kept = [name for name in names if name.endswith(_ENDINGS) or Path(name).name.upper().startswith("LICENSE")]
    kept = [name for name in kept if not _FOLDER_OF_ANOTHER_KIND.search(name) and _is_inside(name)]
    has_parts = "model_index.json" in names
    weights = [name for name in kept if name.endswith(".safetensors") and not (has_parts and "/" not in name)]
    full = [name for name in weights if not _VARIANT.search(name)]
    if not has_parts:
        plain = [name for name in full if re.fullmatch(r"diffusion_pytorch_model(-\d+-of-\d+)?\.safetensors", name)]
        full = plain or full
    chosen = set(full or weights)
    return [name for name in kept if not name.endswith(".safetensors") or name in chosen]


def _is_inside(name: str) -> bool:
    return not name.startswith("/") and "\\" not in name and ".." not in name.split("/")


def fetch(offer: Offer, on_progress: Callable[[int, int], None] | None = None) -> Pin:
    """Fetch what was offered into the hub's own cache, and take the digest of every file.

    Args:
        on_progress: called with (bytes done, bytes in all) as they come; may raise to stop. What was fetched stays.

    Raises:
        ModelNotFoundError: when the connection ends, or the hub refuses a file.
        ModelChangedError: when a file is not the one that the hub had announced.
    """
    from huggingface_hub import hf_hub_download

    digests: dict[str, str] = {}
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if on_progress is not None:
            on_progress(min(done, offer.size), max(1, offer.size))

    for name in offer.files:
        try:
            path = Path(hf_hub_download(offer.repository, name, revision=offer.revision, tqdm_class=_counted(count)))
        except _failures() as error:
            raise ModelNotFoundError(
                f"{name} of {offer.repository} could not be fetched, so nothing was pinned; the same command goes on where it "
                f"stopped: {str(error)[:200]}"
            ) from error
        digests[name] = file_sha256(path)
        if digests[name] != offer.sha256.get(name, digests[name]):
            raise ModelChangedError(
                f"{name} of {offer.repository} is not the file that the hub announces: delete {path} and try again."
            )
    if on_progress is not None:
        on_progress(max(1, offer.size), max(1, offer.size))  # files that were here already, or twice, came without a byte
    return Pin(offer.revision, offer.licence, digests)


def _failures() -> tuple[type[BaseException], ...]:
    """What a connection can end with; the library's own error tells which HTTP client it was built on."""
    from huggingface_hub.errors import HfHubHTTPError

    return (OSError, *HfHubHTTPError.__bases__)


def _counted(count: Callable[[int], None]) -> Any:
    """A bar for the library that draws nothing and tells how many bytes have come."""
    from tqdm.auto import tqdm

    class Counted(tqdm):
        def __init__(self, *values: Any, **options: Any):
            super().__init__(*values, **{**options, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            count(int(n or 0))
            return None

    return Counted
