"""One file for a whole Release; what a stranger packs does no harm."""

import io
import stat
import struct
import zipfile

import pytest

from provenance.bundle import BundleError, is_bundle, pack, unpack
from provenance.release import release
from provenance.verify import verify_folder


@pytest.fixture
def sealed(restoration, home, tmp_path):
    return release(restoration, tmp_path / "out", home)


def test_a_release_travels_in_one_file_and_is_intact_on_arrival(sealed, home, tmp_path):
    names = pack(sealed.folder, tmp_path / "a.zip")
    assert names[0] == "record.json"
    assert set(names) == {path.name for path in sealed.folder.iterdir()}
    assert unpack(tmp_path / "a.zip", tmp_path / "there") == names
    verdicts = verify_folder(tmp_path / "there", home)
    assert {verdict.state for verdict in verdicts} == {"intact"}
    assert zipfile.ZipFile(tmp_path / "a.zip").testzip() is None


def test_a_bundle_is_verified_as_it_is_alone_and_in_a_folder(sealed, home, tmp_path):
    place = tmp_path / "post"
    place.mkdir()
    pack(sealed.folder, place / "a.zip")
    for asked in (place / "a.zip", place):
        found = {verdict.path.name: verdict for verdict in verify_folder(asked, home)}
        assert found["restored.png"].state == "intact" and found["record.json"].state == "intact"
        assert found["restored.png"].path == place / "a.zip" / "restored.png"
    with zipfile.ZipFile(place / "a.zip") as bundle:
        entries = [(name, bundle.read(name)) for name in bundle.namelist()]
    changed = [(name, data.replace(b"page", b"PAGE") if name == "index.html" else data) for name, data in entries]
    found = {verdict.path.name: verdict.state for verdict in verify_folder(_zip(tmp_path / "b.zip", changed), home)}
    assert found["index.html"] == "altered" and found["restored.png"] == "intact"
    assert [one.name for one in place.iterdir()] == ["a.zip"]


def test_a_bundle_that_was_damaged_on_the_way_is_altered(sealed, home, tmp_path):
    pack(sealed.folder, tmp_path / "a.zip")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.zip").write_bytes(data)
    (verdict,) = verify_folder(tmp_path / "a.zip", home)
    assert verdict.state == "altered" and "damaged" in verdict.reasons[0]


def test_a_bundle_within_bundles_stays_closed(home, tmp_path):
    inner = _zip(tmp_path / "inner.zip", [("record.json", b"{}")])
    for _ in range(3):
        inner = _zip(tmp_path / f"outer-{inner.stem}.zip", [("record.json", b"{}"), ("inner.zip", inner.read_bytes())])
    names = [verdict.path.name for verdict in verify_folder(inner, home)]
    assert names == ["inner.zip", "record.json"]
    assert not is_bundle(_zip(tmp_path / "other.zip", [("a.txt", b"x")])) and not is_bundle(tmp_path / "none")


def test_the_same_release_gives_the_same_bytes(sealed, tmp_path):
    pack(sealed.folder, tmp_path / "a.zip")
    for path in sealed.folder.iterdir():
        path.touch()
        path.chmod(0o600)
    pack(sealed.folder, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_nothing_is_overwritten_and_nothing_is_left_out_silently(sealed, tmp_path):
    pack(sealed.folder, tmp_path / "a.zip")
    with pytest.raises(BundleError, match="exists already"):
        pack(sealed.folder, tmp_path / "a.zip")
    with pytest.raises(BundleError, match="exists already"):
        unpack(tmp_path / "a.zip", sealed.folder)
    (sealed.folder / "mask.png").unlink()
    with pytest.raises(BundleError, match=r"mask\.png is missing"):
        pack(sealed.folder, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()
    with pytest.raises(BundleError, match=r"no record\.json"):
        pack(tmp_path, tmp_path / "b.zip")


def _zip(path, entries, change=lambda _entry: None, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w") as bundle:
        for name, data in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = compression
            change(entry)
            bundle.writestr(entry, data)
    return path


def _link(entry):
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16


HOSTILE = {
    "climbs out": (lambda p: _zip(p, [("../evil.txt", b"x")]), "plain file name"),
    "starts at the root": (lambda p: _zip(p, [("/etc/cron.d/evil", b"x")]), "plain file name"),
    "has a drive": (lambda p: _zip(p, [("C:evil.txt", b"x")]), "plain file name"),
    "climbs out on Windows": (lambda p: _zip(p, [("..\\evil.txt", b"x")]), "plain file name"),
    "is hidden": (lambda p: _zip(p, [(".bashrc", b"x")]), "plain file name"),
    "is in a folder": (lambda p: _zip(p, [("a/b.txt", b"x")]), "plain file name"),
    "is a link": (lambda p: _zip(p, [("a.txt", b"/etc/passwd")], _link), "link"),
    "stands twice": (lambda p: _zip(p, [("a.txt", b"1"), ("A.TXT", b"2")]), "twice"),
    "is a bomb": (lambda p: _zip(p, [("a.txt", bytes(2**24))]), "thousandfold"),
    "is packed oddly": (lambda p: _zip(p, [("a.txt", b"x" * 99)], compression=zipfile.ZIP_LZMA), "no bundle is"),
    "is empty": (lambda p: _zip(p, []), "0 entries"),
    "is no ZIP": (lambda p: p.write_bytes(b"PK\x03\x04 and then nothing") and p, "damaged"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_bundle_is_refused_and_leaves_nothing(tmp_path, kind):
    make, said = HOSTILE[kind]
    path = make(tmp_path / "hostile.zip")
    with pytest.raises(BundleError, match=said):
        unpack(path, tmp_path / "there")
    assert [one.name for one in tmp_path.iterdir()] == ["hostile.zip"]


def test_entries_that_share_their_bytes_are_refused(tmp_path):
    path = _zip(tmp_path / "a.zip", [("a.txt", b"1" * 50), ("b.txt", b"2" * 50)], compression=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, second + 42, 0)      # where its own bytes begin
    path.write_bytes(data)
    with pytest.raises(BundleError):
        unpack(path, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_size_that_is_a_lie_is_found(tmp_path):
    path = _zip(tmp_path / "a.zip", [("a.txt", b"0123456789" * 50)])
    data = path.read_bytes()
    changed = data.replace(struct.pack("<I", 500), struct.pack("<I", 400))
    path.write_bytes(changed)
    with pytest.raises(BundleError):
        unpack(path, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_each_flipped_byte_of_a_bundle_is_refused_or_unpacks_the_same_files(sealed, tmp_path):
    source = tmp_path / "small"
    source.mkdir()
    path = _zip(tmp_path / "a.zip", [("a.txt", b"some words"), ("b.txt", b"0" * 300)])
    data = path.read_bytes()
    for at in range(len(data)):
        copy = tmp_path / "copy.zip"
        copy.write_bytes(data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :])
        there = source / str(at)
        try:
            names = unpack(copy, there)
        except BundleError:
            assert not there.exists()
            continue
        assert all((there / name).is_file() for name in names)
        for name in set(names) & {"a.txt", "b.txt"}:
            assert (there / name).read_bytes() == zipfile.ZipFile(io.BytesIO(data)).read(name)
