"""The log's files: durable writes, one writer at a time, and tiles read back."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from provenance.log.errors import CorruptLogError, LogWriteError
from provenance.log.tiles import WIDTH, Tile, unpack_entries


def write_durably(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Put `data` at `path` whole or not at all, and on the disk when this returns: tmp, fsync, rename, fsync of the folder.

    Raises: LogWriteError; `path` then holds what it held before, unless only the last fsync went wrong.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        make_folder(path.parent)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise LogWriteError(f"{path} cannot be written ({error.strerror}): make room or get access, then repeat.") from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each of them on the disk when this returns."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until a rename in `folder` is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the log's lock; waits for another writer, in this process or another, to finish."""
    try:
        make_folder(folder)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise LogWriteError(f"The log in {folder} cannot be written ({error.strerror}): nothing was added.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class TileFolder:
    """Tiles and bundles below the log's folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def hashes(self, tile: Tile) -> list[bytes]:
        """The tile's hashes. Raises CorruptLogError when the file is gone or cut off."""
        data = self._read(tile.path, tile)
        if len(data) % 32 or len(data) // 32 < tile.width:
            raise CorruptLogError(f"The log's file {tile.path} in {self.folder} is cut off: restore it from a copy.")
        return [data[i : i + 32] for i in range(0, 32 * tile.width, 32)]

    def entries(self, tile: Tile) -> list[bytes]:
        """The entries below a tile of level 0. Raises CorruptLogError when the file is gone or cut off."""
        entries = unpack_entries(self._read(tile.entries_path, tile), tile.entries_path)
        if len(entries) < tile.width:
            raise CorruptLogError(f"The log's file {tile.entries_path} in {self.folder} lacks entries: restore it from a copy.")
        return entries[: tile.width]

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
        raise CorruptLogError(f"The log's file {path} in {self.folder} is missing: restore it from a copy.")

    def _candidates(self, path: str, tile: Tile) -> Iterator[Path]:
        exact = self.folder / path
        yield exact
        if tile.width == WIDTH:
            return
        yield exact.parent.with_suffix("")
        with contextlib.suppress(FileNotFoundError):
            widths = sorted(int(p.name) for p in exact.parent.iterdir() if p.name.isdigit())
            yield from (exact.parent / str(w) for w in widths if w > tile.width)
