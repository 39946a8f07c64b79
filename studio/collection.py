"""The pictures of an institution: found in folders, opened one by one, cut into pieces, and some of them kept apart."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from provenance.draft import SourceNote
from provenance.errors import RightsError
from provenance.fingerprint import SAME_WORK, distance, fingerprint
from provenance.rights import check_rights
from studio.errors import MissingFileError, SourceError, StudioError
from studio.sources import open_source

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".avif"})
LEAST_PICTURES = 8  # fewer teach their own accidents, and leave nothing to measure on


class TooFewPicturesError(StudioError):
    """There are not enough pictures that can be trained on; the text lists what was left out and why."""


@dataclass(frozen=True)
class Entry:
    """One picture of the collection.

    Attributes:
        name: as found, from the named folder on; never an absolute path.
        note: its digest and rights statement, for Records.
        size: width and height, px.
        pieces: uint8 [h, w, 3], at most 1024 px on a side.
        fingerprint: 16 hexadecimal digits that copies of one work share.
    """

    name: str
    note: SourceNote
    size: tuple[int, int]
    pieces: list[np.ndarray]
    fingerprint: str

    @property
    def sha256(self) -> str:
        """Digest of the file's bytes."""
        return self.note.sha256


@dataclass(frozen=True)
class Collection:
    """What may be learnt from.

    Attributes:
        trained: pictures to train on, held_out: pictures to measure on, each in the order of their digests.
        left_out: (name, why) of what was found and is in neither.
        passed_over: how many files of other kinds lay in the folders, by ending.
    """

    trained: tuple[Entry, ...]
    held_out: tuple[Entry, ...]
    left_out: tuple[tuple[str, str], ...]
    passed_over: dict[str, int]

    def digest(self) -> str:
        """Names the pictures and which of them are kept apart."""
        text = "\n".join(f"{entry.sha256} {split}" for split in ("trained", "held_out") for entry in getattr(self, split))
        return hashlib.sha256(text.encode()).hexdigest()


def open_collection(
    paths: Iterable[Path],
    *,
    rights: str | None = None,
    strict_rights: bool = False,
    held_out: float = 0.1,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Collection:
    """Open every picture below `paths`, and keep some apart.

    A file that cannot be read, is too small, stands there twice or whose rights statement forbids it is left out and named.
    Copies of one work, by their fingerprints, go to the same side.

    Args:
        paths: folders, walked with all below them, and files.
        rights: rights statement of all of them; it stands above those in the files.
        strict_rights: leave out also what nobody stated the rights of.
        held_out: share of the files that is kept apart, 0…0.5; at least one when above 0.
        seed: decides which.
        on_progress: called with (done, total) after every file.
    Raises: MissingFileError for a path that is not there; TooFewPicturesError.
    """
    from pipelines.training.own import MEMORY_PX

    files, passed_over = _found(paths)
    share = MEMORY_PX // max(1, len(files))
    entries: dict[str, Entry] = {}
    left_out = []
    for done, (name, path) in enumerate(files.items()):
        try:
            entry = _opened(name, path, rights, strict_rights, seed, share)
            if entry.sha256 in entries:
                left_out.append((name, f"is the same file as {entries[entry.sha256].name}"))
            else:
                entries[entry.sha256] = entry
        except (SourceError, RightsError, _TooSmallError) as error:
            left_out.append((name, str(error).replace(str(path), path.name)))  # lists are passed on: no paths of this computer
        on_progress(done + 1, len(files))
    apart = kept_apart({entry.sha256: entry.fingerprint for entry in entries.values()}, held_out, seed)
    ordered = [entries[digest] for digest in sorted(entries)]
    trained = tuple(entry for entry in ordered if entry.sha256 not in apart)
    if len(ordered) < LEAST_PICTURES or not trained:
        raise TooFewPicturesError(_too_few(len(ordered), left_out))
    return Collection(trained, tuple(e for e in ordered if e.sha256 in apart), tuple(left_out), passed_over)


class _TooSmallError(StudioError):
    """A picture has a side of less than 128 px."""


def _found(paths: Iterable[Path]) -> tuple[dict[str, Path], dict[str, int]]:
    """Files by the name that they will have in lists, in the order of these names; how many of other kinds there were."""
    files, others = {}, Counter()
    for path in paths:
        if path.is_dir():
            root = path.resolve()
            for file in sorted(root.rglob("*")):
                inner = file.relative_to(root)
                if not file.is_file() or any(part.startswith(".") for part in inner.parts):
                    continue
                if file.suffix.lower() in ENDINGS:
                    files[(Path(root.name) / inner).as_posix()] = file
                else:
                    others[file.suffix.lower() or "no ending"] += 1
        elif path.exists():
            files[path.name] = path
        else:
            raise MissingFileError(f"{path} does not exist: check the name and the folder.")
    return dict(sorted(files.items())), dict(others)


def _opened(name: str, path: Path, rights: str | None, strict: bool, seed: int, share_px: int) -> Entry:
    from pipelines.training.own import LEAST_PX, pieces

    source = open_source(path, rights=rights)
    check_rights(source.rights, strict)
    width, height = source.size
    if min(width, height) < LEAST_PX:
        raise _TooSmallError(f"{path.name} is {width}×{height} pixels: both sides must have at least {LEAST_PX}.")
    cut = pieces(source.pixels, (seed, int(source.sha256[:12], 16)), share_px)
    return Entry(name, source.note("input"), source.size, cut, fingerprint(source.pixels))


def kept_apart(fingerprints: dict[str, str], share: float, seed: int) -> frozenset[str]:
    """Which digests to keep apart: whole groups of copies, in an order that the seed and the digests decide.

    Args:
        fingerprints: of each picture, by digest of its file.
        share: 0…0.5 of the pictures; at least one of them when above 0.
        seed: another one keeps others apart.
    """
    if share <= 0 or len(fingerprints) < 2:
        return frozenset()
    wanted, apart = max(1, round(share * len(fingerprints))), set()
    order = sorted(_groups(fingerprints), key=lambda group: hashlib.sha256(f"{seed} {min(group)}".encode()).digest())
    for group in order:
        if len(apart) + len(group) <= wanted:
            apart |= group
    if not apart:  # every group is larger than what was wanted
        smallest = min(order, key=len)
        apart = smallest if len(smallest) < len(fingerprints) else set()
    return frozenset(apart)


def _groups(fingerprints: dict[str, str]) -> list[set[str]]:
    groups: list[set[str]] = []
    for digest, mark in sorted(fingerprints.items()):
        near = [group for group in groups if any(distance(mark, fingerprints[other]) <= SAME_WORK for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append({digest}.union(*near))
    return groups


def _too_few(count: int, left_out: list[tuple[str, str]]) -> str:
    text = f"{count} pictures can be trained on, and at least {LEAST_PICTURES} are needed: name more files or folders."
    if left_out:
        shown = "; ".join(f"{name}: {why}" for name, why in left_out[:10])
        text += f" {len(left_out)} were left out: {shown}" + (" …" if len(left_out) > 10 else "")
    return text
