"""Batches in the order of their steps, made ahead of their time: by a thread beside a CPU, by processes beside a GPU."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Dataset

from pipelines.training.data import Batch

AHEAD = 3  # batches that each process may be ahead
_SHARED = Path("/dev/shm")  # noqa: S108  where processes hand tensors over on Linux; small in many containers

Maker = Callable[[int], Batch]


def feed(make: Maker, steps: range, workers: int, is_pinned: bool = False) -> Iterator[Batch]:
    """Give the batch of each step, in order; the same batches whoever makes them.

    Args:
        make: gives the batch of a step; depends on the step alone.
        steps: which.
        workers: processes that make batches; 0 makes them in a thread of this process, one ahead. They are forks, which share
            the pictures in memory; where there is no fork (Windows), it is the thread.
        is_pinned: True puts them where a GPU fetches them from quicker.
    """
    if not steps:
        return
    if workers < 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield from _of_a_thread(make, steps)
        return
    has_room = _SHARED.is_dir() and shutil.disk_usage(_SHARED).free > 2 * workers * AHEAD * _bytes(make(steps.start))
    loader = DataLoader(
        _Steps(make, steps, has_room),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=AHEAD,
        collate_fn=_as_it_is,
        multiprocessing_context="fork",
        pin_memory=is_pinned,
        generator=torch.Generator(),  # of its own: the global one is left alone
    )
    for parts in loader:
        image, *inputs = (_tensor(part) for part in parts)
        yield Batch(image, tuple(inputs))


def _of_a_thread(make: Maker, steps: range) -> Iterator[Batch]:
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(make, steps.start)
        for following in range(steps.start + 1, steps.stop):
            ready, coming = coming.result(), pool.submit(make, following)
            yield ready
        yield coming.result()


@dataclass(frozen=True)
class _Steps(Dataset):
    """The batches of a range of steps; tensors travel through shared memory, arrays through a pipe."""

    make: Maker
    steps: range
    is_shared: bool

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int) -> list:
        made = self.make(self.steps[index])
        parts = [made.image, *made.inputs]
        return parts if self.is_shared else [_plain(part) for part in parts]


def _as_it_is(parts: list) -> list:
    return parts


def _plain(part: torch.Tensor) -> tuple:
    """A dense tensor as what a pipe carries; the layout too, since convolutions of another layout sum in another order."""
    return tuple(part.shape), part.stride(), part.as_strided((part.numel(),), (1,)).numpy()


def _tensor(part) -> torch.Tensor:
    if isinstance(part, torch.Tensor):
        return part
    shape, stride, values = part
    return torch.from_numpy(values).as_strided(tuple(shape), tuple(stride))


def _bytes(made: Batch) -> int:
    return sum(part.numel() * part.element_size() for part in (made.image, *made.inputs))
