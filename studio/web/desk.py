"""What lies on the desk of one open tab: the picture, its mask, the work in progress and what was sealed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.request import LINE_GUIDANCE
from provenance.home import Home
from studio.guides import open_veil
from studio.sources import Source, open_mask, open_source
from studio.web.errors import NothingToDoError
from studio.web.job import Job
from studio.web.painter import read_painted
from studio.web.painting import as_png, corrected, proxy, shrunk_mask
from studio.web.storage import Storage

if TYPE_CHECKING:
    from provenance.release import Release


@dataclass(frozen=True)
class Wishes:
    """The options of a restoration, as the page offers them; what a person gives to go by is as in `studio.guides`."""

    hypotheses: int = 1
    texture: float = 0.0
    seed: int = 0
    rights: str | None = None
    lines: Path | None = None
    line_guidance: float = LINE_GUIDANCE
    veil: Path | None = None
    reference: Path | None = None


@dataclass(frozen=True)
class VariantWishes:
    """The options of a speculation, as the page offers them."""

    variants: int = 4
    strengths: tuple[float, ...] = ()
    seed: int = 0
    presets: tuple[str, ...] = ()
    references: tuple[Path, ...] = ()
    prompts: tuple[str, ...] = ()
    rights: str | None = None


@dataclass(frozen=True)
class Restored:
    """What a finished restoration left: the sealed Release, the scan's pixels, and where they were allowed to change."""

    release: Release
    before: Source
    mask: np.ndarray


class Desk:
    """One tab's desk. Its methods raise StudioError, PipelineError or ProvenanceError with a sentence for the person."""

    def __init__(self, key: str, storage: Storage, home: Home, model: str) -> None:
        self._key, self._storage, self._home, self._model = key, storage, home, model
        self.picture: Path | None = None
        self.shape = (0, 0)
        self.shown: np.ndarray | None = None
        self.given: np.ndarray | None = None
        self.given_path: Path | None = None
        self.said: tuple[str, ...] = ()
        self.job: Job[Restored] | None = None
        self.speculation: Job[Release] | None = None

    def take_picture(self, path: Path) -> tuple[np.ndarray, str]:
        """Open the master; return the copy to paint on, uint8 [h, w, 3], and a sentence about the master."""
        self.clear()
        source = open_source(path)
        shown = proxy(source.pixels, source.icc)
        self.picture, self.shape, self.shown = path, source.pixels.shape[:2], shown
        depth = 8 * source.pixels.dtype.itemsize
        text = f"{source.name}: {source.size[0]}×{source.size[1]} pixels, {depth} bits for each channel. "
        text += " ".join(source.notes)
        if shown.shape[:2] != self.shape:
            text += f" You paint on a copy of {shown.shape[1]}×{shown.shape[0]}; the master stays as it is."
        return shown, text.strip()

    def take_mask(self, path: Path) -> tuple[np.ndarray, str]:
        """Open a mask file for the picture; return it at the size of the copy, bool [h, w], and what was understood."""
        self._need_picture()
        mask = open_mask(path, (self.shape[1], self.shape[0]))
        self.given, self.given_path = mask.pixels, path
        return shrunk_mask(mask.pixels), " ".join(mask.notes)

    def propose(self, said: Collection[str] = ()) -> tuple[np.ndarray, str]:
        """Let the damage detector propose a mask; return it at the size of the copy, bool [h, w], and a sentence.

        Args:
            said: what a person sees, keys of `pipelines.segmentation.CLASSES_OF`.
        """
        from pipelines.segmentation import propose

        proposal = propose(open_source(self._need_picture()).pixels, said)
        if proposal.nothing_found:
            say = "" if said else "say what you see, "
            raise NothingToDoError(f"No damage was found. If something is lost, {say}paint it, or give a mask file.")
        self.given, self.given_path, self.said = proposal.mask, None, tuple(said)
        kinds = ", ".join(f"{kind} {share:.2%}" for kind, share in proposal.kinds.items() if share > 0)
        return shrunk_mask(proposal.mask), (
            f"A proposal, not a finding: {proposal.share:.2%} of the picture ({kinds}). "
            "Look at it, erase what is no damage, add what it missed."
        )

    def drop_mask(self) -> None:
        """Forget a given mask; what is painted later starts from nothing."""
        self.given, self.given_path = None, None

    def start(self, painted: str | None, wishes: Wishes) -> Job[Restored]:
        """Begin a restoration and return it while it works.

        Args:
            painted: what the painter sent.
            wishes: the options.

        Raises: NothingToDoError when a picture or a mask is missing.
        """
        if self.job is not None and self.job.running:
            raise NothingToDoError("A restoration is still running in this tab: stop it, or wait for it.")
        picture = self._need_picture()
        path, mask = self._mask(painted, may_be_empty=wishes.veil is not None)
        is_proposed = path is None and bool(mask.any())
        said = self.said if is_proposed else ()
        out = self._storage.new_folder(self._key, "release")
        home, model = self._home, self._model

        def work(on_progress: Callable[[int, int], None]) -> Restored:
            from studio.restore import restore

            release = restore(
                picture,
                out,
                mask=path,
                propose=is_proposed,
                damage=said,
                hypotheses=wishes.hypotheses,
                texture=wishes.texture,
                lines=wishes.lines,
                line_guidance=wishes.line_guidance,
                veil=wishes.veil,
                reference=wishes.reference,
                seed=wishes.seed,
                rights=wishes.rights,
                model=model,
                home=home,
                on_progress=on_progress,
            )
            before = open_source(picture)
            return Restored(release, before, mask if wishes.veil is None else mask | open_veil(wishes.veil, before).pixels)

        self.job = Job(work)
        return self.job

    def start_variants(
        self,
        drawing: Path,
        wishes: VariantWishes,
        *,
        corrections: str | None = None,
        ancestor: Path | None = None,
        lock: np.ndarray | None = None,
    ) -> Job[Release]:
        """Begin a speculation and return it while it works; a restoration in the same tab is not disturbed.

        Args:
            corrections: what the board sent.
            ancestor, lock: a variant that was sealed in this tab, and what stays of it, bool [H, W] of its size.

        Raises: NothingToDoError while another one runs.
        """
        if self.speculation is not None and self.speculation.running:
            raise NothingToDoError("Variants are still being drawn in this tab: stop that, or wait for it.")
        kept = None if lock is None else self._storage.keep(self._key, "lock.png", as_png(lock))
        out, home, model = self._storage.new_folder(self._key, "variants"), self._home, self._model

        def work(on_progress: Callable[[int, int], None]) -> Release:
            from studio.speculate import speculate

            return speculate(
                drawing,
                out,
                home=home,
                references=wishes.references,
                prompts=wishes.prompts,
                presets=wishes.presets,
                strengths=wishes.strengths,
                variants=wishes.variants,
                seed=wishes.seed,
                rights=wishes.rights,
                model=model,
                corrections=corrections,
                ancestor=ancestor,
                lock=kept,
                on_progress=on_progress,
            )

        self.speculation = Job(work)
        return self.speculation

    def stop(self) -> None:
        """Stop the restoration that is running; nothing happens when none is."""
        if self.job is not None:
            self.job.stop()

    def stop_variants(self) -> None:
        """Stop the speculation that is running; nothing happens when none is."""
        if self.speculation is not None:
            self.speculation.stop()

    def clear(self) -> None:
        """Clear the desk for another picture."""
        self.stop()
        self.picture, self.shape, self.shown = None, (0, 0), None
        self.drop_mask()

    def _need_picture(self) -> Path:
        if self.picture is None or not self.picture.is_file():
            raise NothingToDoError("There is no picture yet: choose one under “The picture”.")
        return self.picture

    def _mask(self, sent: str | None, *, may_be_empty: bool = False) -> tuple[Path | None, np.ndarray]:
        """The mask file for the restoration, and its pixels.

        No file stands for the detector's proposal, taken as it is, or for no mask where there may be none.
        """
        shown_shape = (0, 0) if self.shown is None else self.shown.shape[:2]
        painted = read_painted(sent, shown_shape)
        if may_be_empty and self.given is None and not painted.any():
            return None, np.zeros(self.shape, bool)
        if self.given is None:
            if not painted.any():
                raise NothingToDoError(
                    "Nothing is marked as lost: paint it, give a mask file, or press “Propose a mask”. Nothing was sealed."
                )
            name, mask = "painted-mask.png", corrected(None, painted, self.shape)
        elif np.array_equal(painted, shrunk_mask(self.given, max(shown_shape))):
            return self.given_path, self.given
        else:
            name, mask = "corrected-mask.png", corrected(self.given, painted, self.shape)
        if not mask.any():
            raise NothingToDoError("Everything was erased from the mask: mark what is lost. Nothing was sealed.")
        return self._storage.keep(self._key, name, as_png(mask)), mask


class Desks:
    """All open tabs. A desk appears when a tab first asks for it and goes, with its files, when the tab is forgotten."""

    def __init__(self, storage: Storage, home: Home, model: str = "bundled") -> None:
        self.storage, self.home, self.model = storage, home, model
        self._desks: dict[str, Desk] = {}
        self._lock = threading.Lock()

    def of(self, key: str) -> Desk:
        """The desk of a tab."""
        with self._lock:
            if key not in self._desks:
                self._desks[key] = Desk(key, self.storage, self.home, self.model)
            return self._desks[key]

    def forget(self, key: str) -> None:
        """Stop a tab's work and remove its files."""
        with self._lock:
            desk = self._desks.pop(key, None)
        if desk is not None:
            _end([desk])
            self.storage.forget(key)

    def close(self) -> None:
        """Stop all work and remove all files."""
        with self._lock:
            desks, self._desks = list(self._desks.values()), {}
        _end(desks)
        self.storage.close()


@contextmanager
def gathered(paths: list[Path], folder: Path) -> Iterator[Path]:
    """Copies of several files side by side in one folder for a while, so that a sidecar or Record is found beside its file."""
    folder.mkdir(parents=True)
    try:
        for path in paths:
            shutil.copyfile(path, folder / path.name)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end(desks: list[Desk]) -> None:
    for desk in desks:
        desk.clear()
        desk.stop_variants()
    for desk in desks:
        for job in (desk.job, desk.speculation):
            if job is not None:
                job.wait(10)
