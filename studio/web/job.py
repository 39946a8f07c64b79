"""One piece of work in a thread of its own, with progress to look at and a flag to stop it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from studio.web.errors import StoppedError

T = TypeVar("T")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Standing:
    """How far a Job has come: `done` of `total` steps (total 0: not known yet) after `seconds`."""

    done: int
    total: int
    seconds: float

    @property
    def share(self) -> float | None:
        """0…1, or None while nothing is known."""
        return min(self.done / self.total, 1.0) if self.total else None

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the steps so far; None until 3 % are done, before which it would only jump about."""
        return None if not self.share or self.share < 0.03 else self.seconds * (1 / self.share - 1)


class Job(Generic[T]):
    """Runs `work(on_progress)` once. `stop` makes the next call of on_progress raise StoppedError inside the work."""

    def __init__(self, work: Callable[[Progress], T]) -> None:
        self._work, self._stopped = work, threading.Event()
        self._done, self._total, self._began = 0, 0, time.monotonic()
        self._outcome: T | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="restoration", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the work still goes on."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Ask the work to end at its next step. Returns at once."""
        self._stopped.set()

    def standings(self, every: float = 0.25) -> Iterator[Standing]:
        """Yield how far it has come, every so many seconds, until it ends."""
        while self.running:
            yield Standing(self._done, self._total, time.monotonic() - self._began)
            self._thread.join(every)

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, but no longer than that."""
        self._thread.join(seconds)

    def outcome(self) -> T:
        """Wait, and return what the work returned. Raises: what the work raised; StoppedError when it was stopped."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._outcome  # type: ignore[return-value]

    def _run(self) -> None:
        try:
            self._outcome = self._work(self._step)
        except BaseException as error:  # noqa: BLE001 - kept, and raised again where somebody can read it
            self._error = error

    def _step(self, done: int, total: int) -> None:
        self._done, self._total = done, total
        if self._stopped.is_set():
            raise StoppedError("Stopped. Nothing was sealed, and nothing of it was kept.")
