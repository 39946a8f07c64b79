"""Where the page keeps what it takes in and gives out: one temporary folder, gone when the page ends.

A museum's scan must not stay behind by accident. So uploads, masks and Releases lie under one private folder that is removed
at exit; and as a process can be killed, each start removes the folders of pages that no longer run.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import IO

PREFIX = "anastylosis-page-"
_LOCK = "running.lock"


class Storage:
    """The folder of one running page.

    Attributes:
        folder: private to this user (0700); removed by `close`.
        uploads: what the browser sends and fetches.
    """

    def __init__(self, parent: Path | None = None) -> None:
        parent = parent or Path(tempfile.gettempdir())
        remove_abandoned(parent)
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
        self._lock = _locked(self.folder / _LOCK)
        self.uploads = self.folder / "uploads"
        self.uploads.mkdir()
        self._sessions = self.folder / "sessions"
        self._count = 0

    def session(self, key: str) -> Path:
        """The folder of one open tab; made on first use. The key may hold anything, the folder's name is its digest."""
        folder = self._sessions / hashlib.sha256(key.encode()).hexdigest()[:24]
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def new_folder(self, key: str, name: str) -> Path:
        """A path in a session's folder at which nothing stands yet."""
        self._count += 1
        return self.session(key) / f"{name}-{self._count}"

    def keep(self, key: str, name: str, content: bytes) -> Path:
        """Write a file into a new folder of a session and return its path: a painted mask, the Record of a checked file."""
        folder = self.new_folder(key, "kept")
        folder.mkdir()
        path = folder / name
        path.write_bytes(content)
        return path

    def forget(self, key: str) -> None:
        """Remove a session's folder; nothing happens when there is none."""
        shutil.rmtree(self.session(key), ignore_errors=True)

    def close(self) -> None:
        """Remove everything. May be called twice."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        shutil.rmtree(self.folder, ignore_errors=True)


def remove_abandoned(parent: Path) -> list[Path]:
    """Remove the folders of pages that were killed; a folder whose lock is still held belongs to a running page and stays."""
    removed = []
    for folder in parent.glob(f"{PREFIX}*"):
        lock = None
        with contextlib.suppress(OSError):  # another user's folder, or one that vanishes meanwhile
            if not folder.is_symlink() and (folder / _LOCK).is_file():
                lock = _locked(folder / _LOCK)
        if lock is not None:
            lock.close()
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return removed


def _locked(path: Path) -> IO[bytes] | None:
    """The file, open and locked until it is closed or the process dies; None when another process holds it."""
    try:
        import fcntl
    except ImportError:  # Windows: an open file cannot be removed there, which protects a running page as well
        return path.open("ab")
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
