"""A Release in one file, to be sent: the same Release gives the same bytes, and a hostile ZIP is refused before it is unpacked.

Source: APPNOTE.TXT 6.3.10 (PKWARE). What stands inside is the Release as it was sealed, so the bundle needs no signature of its
own: `verify` on what was unpacked says all.
"""

from __future__ import annotations

import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from provenance import record as records
from provenance.errors import ProvenanceError

MOST_FILES = 10_000
LARGEST_BYTES = 16 * 2**30          # of all files together, unpacked
MOST_DENSE = 1_000                  # unpacked to packed; deflate itself reaches 1,032
_EPOCH = (1980, 1, 1, 0, 0, 0)      # the first day that a ZIP knows: a bundle does not tell when it was packed
_CHUNK = 2**20
# what is compressed already gains nothing
_STORED = frozenset((".png", ".jpg", ".jpeg", ".webp", ".avif", ".mp4", ".pdf", ".c2pa", ".zip", ".glb", ".blend"))


class BundleError(ProvenanceError):
    """A bundle cannot be packed, or is not one that may be unpacked; its text says which entry and why."""


def is_bundle(path: Path) -> bool:
    """Whether a file is a ZIP that lists a Record: then it is read as a Release. Never raises for what is in it."""
    try:
        if not path.is_file():
            return False    # a pipe would never end
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":
                return False
        with zipfile.ZipFile(path) as bundle:
            return records.NAME in bundle.NameToInfo
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError, EOFError, struct.error):
        return False


def pack(folder: Path, out: Path) -> list[str]:
    """Write the Release in `folder` as one ZIP and return the names in it, record.json first.

    Raises: BundleError when there is no Record, a file of it is missing, or `out` exists or cannot be written.
    """
    try:
        record = records.parse((folder / records.NAME).read_bytes())
    except OSError as error:
        raise BundleError(f"{folder} holds no {records.NAME}: give the folder of a release.") from error
    names = [records.NAME, records.PROOF_NAME, records.STAMP_NAME]
    for output in record["outputs"]:
        credential = output.get("credential") or {}
        names += [output["name"], str(credential.get("name") or "")]
        names += [output["name"] + records.BLOCK_LIST_ENDING] if credential.get("blocks_sha256") else []
    # the proof and the stamp may have been left behind; what the Record lists may not
    names = [name for name in names if name and (name not in names[1:3] or (folder / name).is_file())]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise BundleError(f"{', '.join(missing)} is missing from {folder}: run “anastylosis verify” on it. Nothing was packed.")
    try:
        with out.open("xb") as file, zipfile.ZipFile(file, "w", allowZip64=True) as bundle:
            for name in names:
                _add(bundle, folder / name, name)
    except FileExistsError as error:
        raise BundleError(f"{out} exists already: choose another name. Nothing was changed.") from error
    except OSError as error:
        out.unlink(missing_ok=True)
        raise BundleError(f"{out} cannot be written ({error.strerror or error}): choose another place.") from error
    return names


def unpack(path: Path, folder: Path) -> list[str]:
    """Unpack a bundle into a new `folder` and return the names in it: all of it, or nothing.

    Raises: BundleError for anything but plain files of a sensible size: paths that lead elsewhere, links, folders, encryption,
        two entries of one name or in one place, bombs, bytes that do not fit their checksum.
    """
    if folder.exists():
        raise BundleError(f"{folder} exists already: choose a new folder. Nothing was unpacked.")
    try:
        with zipfile.ZipFile(path) as bundle:
            entries = _checked(bundle, path)
            staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.unpacked-", dir=folder.parent))
            try:
                for entry in entries:
                    _extract(bundle, entry, staging / entry.filename)
                staging.chmod(0o755)
                staging.rename(folder)
            except BaseException:
                shutil.rmtree(staging, ignore_errors=True)
                raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BundleError(f"{path} is damaged or no bundle ({error}). Nothing was unpacked.") from error
    except OSError as error:
        why = error.strerror or error
        raise BundleError(f"{path} cannot be unpacked to {folder} ({why}). Nothing was unpacked.") from error
    return [entry.filename for entry in entries]


def _add(bundle: zipfile.ZipFile, path: Path, name: str) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = 3      # Unix everywhere: the bytes do not tell where it was packed
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    entry.compress_type = zipfile.ZIP_STORED if path.suffix.lower() in _STORED else zipfile.ZIP_DEFLATED
    entry.file_size = path.stat().st_size
    with path.open("rb") as file, bundle.open(entry, "w", force_zip64=entry.file_size >= 2**31) as target:
        shutil.copyfileobj(file, target, _CHUNK)


def _checked(bundle: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    entries = bundle.infolist()
    if not entries or len(entries) > MOST_FILES:
        raise BundleError(f"{path} holds {len(entries)} entries; 1 to {MOST_FILES:,} are unpacked.")
    if sum(entry.file_size for entry in entries) > LARGEST_BYTES:
        raise BundleError(f"{path} would unpack to more than {LARGEST_BYTES / 1e9:.0f} GB.")
    names: set[str] = set()
    for entry in entries:
        why = _fault(entry)
        if why is None and entry.filename.casefold() in names:
            why = "stands in it twice"
        if why is not None:
            raise BundleError(f"{path}: the entry “{_printable(entry.filename)}” {why}. Nothing was unpacked.")
        names.add(entry.filename.casefold())
    # entries that share bytes make a bomb out of a small file (Fifield 2019)
    end = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset < end:
            raise BundleError(f"{path}: the entry “{_printable(entry.filename)}” overlaps another. Nothing was unpacked.")
        end = entry.header_offset + 30 + entry.compress_size
    return entries


def _fault(entry: zipfile.ZipInfo) -> str | None:
    name, kind = entry.orig_filename, stat.S_IFMT(entry.external_attr >> 16)
    plain = PurePosixPath(name).name == name and not set(name) & set('\\:*?"<>|\0') and name not in ("", ".", "..")
    if not plain or not name.isprintable() or len(name.encode("utf-8", "replace")) > 200 or name.startswith("."):
        return "is not a plain file name"
    if entry.is_dir() or kind not in (0, stat.S_IFREG):
        return "is a link, a folder or a device, not a file"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in a way that no bundle is"
    if entry.file_size > MOST_DENSE * max(entry.compress_size, 1):
        return "would grow more than a thousandfold"
    return None


def _extract(bundle: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Write one entry; the size that its head states is the most that is read."""
    left = entry.file_size
    with bundle.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise BundleError(f"“{entry.filename}” is larger than it states. Nothing was unpacked.")
            file.write(chunk)
    if left:
        raise BundleError(f"“{entry.filename}” is shorter than it states. Nothing was unpacked.")


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name[:80])
