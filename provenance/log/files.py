"""Durable writes, and tiles read back from a folder."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provenance.durable import wait_for_disk
from provenance.log.errors import CorruptLogError, LogWriteError
from provenance.log.tiles import WIDTH, Tile, unpack_entries

_OPEN_AT_ONCE = 64
_MANY = 12  # files, below which threads cost more than they save


def write_durably(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Put `data` at `path` whole or not at all, and on the disk when this returns: tmp, fsync, rename, fsync of the folder.

    Raises: LogWriteError; `path` then holds what it held before, unless only the last fsync went wrong.
    """
    write_all_durably({path: data}, mode)


def write_all_durably(files: dict[Path, bytes], mode: int = 0o666) -> None:
    """Put several files in their places, each whole or not at all, and on the disk when this returns.

    Raises: LogWriteError, naming the file; those renamed before it stay.
    """
    temporary = {path: path.with_name(f"{path.name}.tmp") for path in files}
    paths, path = list(files), None
    try:
        for first in range(0, len(paths), _OPEN_AT_ONCE):
            part = paths[first : first + _OPEN_AT_ONCE]
            for path in part:
                make_folder(path.parent)
            _write_and_sync({temporary[path]: files[path] for path in part}, mode)
        for path in paths:
            temporary[path].replace(path)
        # one fsync a folder, not one a file
        for folder in dict.fromkeys(path.parent for path in paths):
            wait_for_disk(folder)
    except OSError as error:
        for leftover in temporary.values():
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)
        where = paths[0].parent if len(paths) > 1 else path
        raise LogWriteError(f"{where} cannot be written ({error.strerror}): make room or get access, then repeat.") from error


def _write_and_sync(files: dict[Path, bytes], mode: int) -> None:
    with contextlib.ExitStack() as opened:
        descriptors = []
        for path, data in files.items():
            descriptors.append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode))
            opened.callback(os.close, descriptors[-1])
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptors[-1], rest) :]
        if len(descriptors) < _MANY:
            for descriptor in descriptors:
                os.fsync(descriptor)
        else:
            # asked for at once, a journal brings many files to the disk in a few commits: 34 took 25–80 ms instead of 310
            with ThreadPoolExecutor(16) as threads:
                list(threads.map(os.fsync, descriptors))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each of them on the disk when this returns."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    wait_for_disk(folder.parent)


class TileFolder:
    """Tiles and bundles below a log's folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def place(self) -> str:
        """The folder, as a message names it."""
        return str(self.folder)

    def hashes(self, tile: Tile) -> list[bytes]:
        """The tile's hashes. Raises CorruptLogError when the file is gone or cut off."""
        data = self._read(tile.path, tile)
        if len(data) % 32 or len(data) // 32 < tile.width:
            raise CorruptLogError(f"The log's file {tile.path} in {self.folder} is cut off: run “anastylosis log fsck”.")
        return [data[i : i + 32] for i in range(0, 32 * tile.width, 32)]

    def entries(self, tile: Tile) -> list[bytes]:
        """The entries below a tile of level 0. Raises CorruptLogError when the file is gone or cut off."""
        entries = unpack_entries(self._read(tile.entries_path, tile), tile.entries_path)
        if len(entries) < tile.width:
            raise CorruptLogError(
                f"The log's file {tile.entries_path} in {self.folder} lacks entries: run “anastylosis log fsck”."
            )
        return entries[: tile.width]

    def remove(self, grown: dict[Tile, dict[str, bytes]]) -> None:
        """Take back tiles that were written but never committed; what cannot be deleted stays, and is overwritten later."""
        for files in grown.values():
            for name in files:
                path = self.folder / name
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
                for folder in (path.parent, path.parent.parent):  # the 000.p, and the tile/1, that were made for it
                    with contextlib.suppress(OSError):
                        folder.rmdir()

    def remove_narrower(self, tile: Tile) -> None:
        """Delete partial tiles that `tile`, once committed, stands for."""
        for path in (tile.path, tile.entries_path) if tile.level == 0 else (tile.path,):
            partials = self.folder / (f"{path}.p" if tile.width == WIDTH else str(Path(path).parent))
            if tile.width == WIDTH:
                shutil.rmtree(partials, ignore_errors=True)
                continue
            for other in partials.iterdir():
                if other.name != str(tile.width):
                    other.unlink(missing_ok=True)

    def _read(self, path: str, tile: Tile) -> bytes:
        # A reader may hold a checkpoint older than the files: a wider tile begins with the same bytes. A writer may
        # delete the partial between our look and our reading, hence the second and third look.
        for _ in range(3):
            for candidate in self._candidates(path, tile):
                try:
                    return candidate.read_bytes()
                except FileNotFoundError:
                    continue
                except OSError as error:
                    raise CorruptLogError(f"The log's file {candidate} cannot be read ({error.strerror}).") from error
        raise CorruptLogError(f"The log's file {path} in {self.folder} is missing: run “anastylosis log fsck”.")

    def _candidates(self, path: str, tile: Tile) -> Iterator[Path]:
        exact = self.folder / path
        yield exact
        if tile.width == WIDTH:
            return
        yield exact.parent.with_suffix("")
        with contextlib.suppress(FileNotFoundError):
            widths = sorted(int(p.name) for p in exact.parent.iterdir() if p.name.isdigit())
            yield from (exact.parent / str(w) for w in widths if w > tile.width)
