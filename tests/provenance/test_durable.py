"""What was said to be kept is whole, on the disk, and for nobody else's eyes."""

import os
import stat

import pytest

from provenance import durable
from provenance.release import release


def test_a_full_disk_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "kept"
    durable.replace(path, b"before", 0o600)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        durable.replace(path, b"after", 0o600)
    assert path.read_bytes() == b"before"
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_each_file_and_folder_is_on_the_disk_before_it_is_called_released(restoration, home, tmp_path, monkeypatch):
    waited, fsync = set(), os.fsync

    def noted(descriptor):
        waited.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    sealed = release(restoration, tmp_path / "out", home)
    parts = [sealed.folder, sealed.folder.parent, *sealed.folder.iterdir(), home.log / "checkpoint"]
    assert [path.name for path in parts if path.stat().st_ino not in waited] == []
