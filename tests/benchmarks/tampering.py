"""Is every change to a Release found, and is it said where? Prints one JSON object; exit code 1 when one was missed.

    python tests/benchmarks/tampering.py [--mutations 520] [--seed 0]

Small files of every format that is sealed (pictures of 8 and 16 bits, PDF, MP4, a scene with its sidecar, text) are released
into a home of their own, with a time stamp when openssl is there. Each mutation is made alone, the folder (or the home, for
the log) is verified, and the mutation taken back. `found`: something is not intact any more. `located`: that verdict is on the
changed file, or names it. `also`: how many other files were called anything but intact on the way.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from provenance import timestamp_authority
from provenance.draft import Document, Draft, Picture, SourceNote
from provenance.home import Home
from provenance.media_types import ENDINGS
from provenance.record import digest
from provenance.release import Release, release
from provenance.verify import verify_folder
from tests.provenance.authority import HAS_OPENSSL, make_authority, served

Change = tuple[str, bytes, str]  # file below the root, its new bytes, what was done


@dataclasses.dataclass(frozen=True)
class Scene:
    """What is tampered with: a Release, another one of the same home, and the home."""

    home: Home
    sealed: Release
    other: Release


def prepare(place: Path) -> Scene:
    """Seal two Releases in `place`."""
    rng = np.random.default_rng(5)
    home = Home(place / "home")
    pixels = cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (64, 48), interpolation=cv2.INTER_CUBIC)
    scan = place / "scan.png"
    scan.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    source = SourceNote("parent", "scan.png", digest(scan.read_bytes()), "image/png", scan)
    with ExitStack() as stack:
        if HAS_OPENSSL:
            authority = make_authority(place / "tsa")
            url = stack.enter_context(served(authority.reply))
            timestamp_authority.configure(home, url, authority.root_pem)
        drafts = [_draft(pixels, source, seed, place) for seed in (0, 1)]
        sealed, other = (release(draft, place / f"release-{i}", home) for i, draft in enumerate(drafts))
    return Scene(home, sealed, other)


def _draft(pixels: np.ndarray, source: SourceNote, seed: int, place: Path) -> Draft:
    hole = np.zeros(pixels.shape[:2], bool)
    hole[10:30, 12:40] = True
    filled = pixels.copy()
    filled[hole] = 255 - filled[hole] // (2 + seed)
    kinds = {media_type: ending for ending, media_type in ENDINGS.items()}
    files: list[Picture | Document] = [Picture(f"restored{ending}", filled, "restored", ai=hole) for ending in kinds.values()]
    deep = filled.astype(np.uint16) * 257
    files += [Picture(f"deep{ending}", deep, "restored", ai=hole) for ending in (".png", ".tif")]
    files += [
        Picture("mask.png", hole.astype(np.uint8) * 255, "mask"),
        Document("page.html", "text/html", "page", False, data=b"<!doctype html><title>%d</title>" % seed),
        Document("scene.glb", "model/gltf-binary", "scene", True, data=b"glTF" + bytes([seed]) * 300),
        Document("report.pdf", "application/pdf", "report", True, data=_pdf(filled)),
    ]
    film = _film(filled, place / f"film-{seed}.mp4")
    if film is not None:
        files.append(Document("film.mp4", "video/mp4", "film", True, data=film))
    return Draft("restore", {"seed": seed}, tuple(files), (source,), model={"id": "bundled"}, levels={"1": 0.8, "7": 0.2})


def _pdf(pixels: np.ndarray) -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "pdf")
    return out.getvalue()


def _film(pixels: np.ndarray, path: Path) -> bytes | None:
    """A film of three frames, or None where OpenCV has no encoder."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 3, (pixels.shape[1], pixels.shape[0]))
    for i in range(3):
        writer.write(np.roll(pixels, i, axis=1))
    writer.release()
    return path.read_bytes() if path.exists() and path.stat().st_size else None


# --- mutations -------------------------------------------------------------------------------------------------------


def flipped(rng: np.random.Generator, data: bytes) -> bytes:
    """One bit."""
    at = int(rng.integers(len(data)))
    return data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :]


def cut(rng: np.random.Generator, data: bytes) -> bytes:
    """The end is missing."""
    return data[: int(rng.integers(1, len(data)))]


def grown(rng: np.random.Generator, data: bytes) -> bytes:
    """A few bytes more, at the end or inside."""
    at = len(data) if rng.integers(2) else int(rng.integers(len(data)))
    return data[:at] + rng.bytes(int(rng.integers(1, 40))) + data[at:]


def blanked(rng: np.random.Generator, data: bytes) -> bytes:
    """A run of other bytes of the same length."""
    at, length = int(rng.integers(len(data))), int(rng.integers(1, 60))
    new = data[:at] + rng.bytes(min(length, len(data) - at)) + data[at + length :]
    return new if new != data else flipped(rng, data)


BYTES: dict[str, Callable[[np.random.Generator, bytes], bytes]] = {"flip": flipped, "cut": cut, "grow": grown, "blank": blanked}


def of_bytes(rng: np.random.Generator, scene: Scene) -> Change:
    """Any file of the Release, credential, proof, time stamp and Record included."""
    path = _any(rng, scene.sealed.folder)
    kind = list(BYTES)[int(rng.integers(len(BYTES)))]
    return path.name, BYTES[kind](rng, path.read_bytes()), f"bytes: {kind}"


def of_metadata(rng: np.random.Generator, scene: Scene) -> Change:
    """What a picture or a Record says of itself, changed so that it still reads well."""
    if rng.integers(4) == 0:
        path = scene.sealed.folder / "record.json"
        said = json.loads(path.read_bytes())
        field = ["operation", "made", "id", "request"][int(rng.integers(4))]
        said[field] = {"seed": 99} if field == "request" else f"{said[field]}1"
        if rng.integers(2):
            said["outputs"][0]["contains_ai"] = False
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return path.name, text.encode(), f"metadata: Record's {field}"
    paths = [path for path in _files(scene.sealed.folder) if b"DigitalSourceType" in path.read_bytes()]
    path = paths[int(rng.integers(len(paths)))]
    data = path.read_bytes()
    words = [b"compositeWithTrainedAlgorithmicMedia", b"DigitalSourceType", b"AISystemUsed", b"CreatorTool", b"Anastylosis"]
    there = [word for word in words if word in data]
    word = there[int(rng.integers(len(there)))]
    places = [found.start() for found in re.finditer(word, data)]
    at = places[int(rng.integers(len(places)))]
    lie = (b"digitalCapture" + b" " * 60)[: len(word)] if rng.integers(2) else word[:-1] + b"x"
    return path.name, data[:at] + lie + data[at + len(word) :], f"metadata: {word.decode()[:20]}"


def of_manifest(rng: np.random.Generator, scene: Scene) -> Change:
    """Another credential, sidecar, proof, time stamp or file in the place of the sealed one."""
    here, there = scene.sealed.folder, scene.other.folder
    ways = ["whole file", "manifest chunk", "sidecar", "proof", "time stamp", "no credential", "Record"]
    way = ways[int(rng.integers(len(ways)))]
    if way == "manifest chunk":
        name = ["restored.png", "deep.png"][int(rng.integers(2))]
        ours, theirs = (here / name).read_bytes(), (there / name).read_bytes()
        return name, ours.replace(_credential_chunk(ours), _credential_chunk(theirs)), f"manifest: {way}"
    if way == "no credential":
        name = ["restored.png", "deep.png"][int(rng.integers(2))]
        data = (here / name).read_bytes()
        return name, data.replace(_credential_chunk(data), b""), f"manifest: {way}"
    fixed = {"sidecar": "scene.glb.c2pa", "proof": "record.tlog-proof", "time stamp": "record.tsr", "Record": "record.json"}
    path = here / fixed[way] if way in fixed else _any(rng, here)
    if not path.exists() or path.read_bytes() == (there / path.name).read_bytes():
        path, way = here / "restored.png", "whole file"
    return path.name, (there / path.name).read_bytes(), f"manifest: {way}"


def of_log(rng: np.random.Generator, scene: Scene) -> Change:
    """The log's own files: checkpoint, tiles and bundles."""
    paths = [path for path in _files(scene.home.log) if path.name == "checkpoint" or "tile" in path.parts]
    path = paths[int(rng.integers(len(paths)))]
    kind = list(BYTES)[int(rng.integers(len(BYTES)))]
    name = str(path.relative_to(scene.home.folder))
    return name, BYTES[kind](rng, path.read_bytes()), f"log: {kind}"


KINDS = {"bytes": of_bytes, "metadata": of_metadata, "manifest": of_manifest, "log": of_log}
SHARES = {"bytes": 0.5, "metadata": 0.2, "manifest": 0.15, "log": 0.15}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _any(rng: np.random.Generator, folder: Path) -> Path:
    files = _files(folder)
    return files[int(rng.integers(len(files)))]


def _credential_chunk(png: bytes) -> bytes:
    at = png.index(b"caBX") - 4
    return png[at : at + 12 + int.from_bytes(png[at : at + 4], "big")]


# --- measuring -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one mutation."""

    kind: str
    name: str
    is_found: bool
    is_located: bool
    also: int


def try_one(scene: Scene, name: str, data: bytes, kind: str) -> Outcome:
    """Make one change, verify, take it back."""
    root = scene.home.folder if kind.startswith("log") else scene.sealed.folder
    path = root / name
    before = path.read_bytes()
    assert data != before
    path.write_bytes(data)
    try:
        verdicts = [verdict for verdict in verify_folder(root, scene.home) if verdict.state != "intact"]
    finally:
        path.write_bytes(before)
    what = Path(name).name
    located = any(verdict.path.name == what or what in " ".join(verdict.reasons) for verdict in verdicts)
    if kind.startswith("log"):  # the home is one verdict, whose reasons name the tile, its entries or the checkpoint
        said, tile = " ".join(" ".join(verdict.reasons) for verdict in verdicts), name.removeprefix("log/")
        located = tile in said or ("entries" in tile and "the entries below it" in said)
    return Outcome(kind, name, bool(verdicts), located, sum(verdict.path.name != what for verdict in verdicts))


def run(scene: Scene, mutations: int, seed: int) -> list[Outcome]:
    """Try `mutations` random changes, of all kinds in their shares."""
    rng = np.random.default_rng(seed)
    outcomes = []
    for kind, share in SHARES.items():
        for _ in range(max(1, round(share * mutations))):
            outcomes.append(try_one(scene, *KINDS[kind](rng, scene)))
    return outcomes


def summary(outcomes: list[Outcome]) -> dict:
    """Counts by kind, and the changes that were missed."""
    groups: dict[str, list[Outcome]] = collections.defaultdict(list)
    for outcome in outcomes:
        groups[outcome.kind].append(outcome)
    return {
        "mutations": len(outcomes),
        "found": sum(outcome.is_found for outcome in outcomes),
        "located": sum(outcome.is_located for outcome in outcomes),
        "also": sum(outcome.also for outcome in outcomes),
        "kinds": {
            kind: {"mutations": len(group), "missed": sum(not (one.is_found and one.is_located) for one in group)}
            for kind, group in sorted(groups.items())
        },
        "missed": [f"{outcome.kind}, {outcome.name}" for outcome in outcomes if not (outcome.is_found and outcome.is_located)],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=520)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as place:
        scene = prepare(Path(place))
        untouched = [verdict for verdict in verify_folder(scene.sealed.folder, scene.home) if verdict.state != "intact"]
        began = time.process_time()
        told = summary(run(scene, options.mutations, options.seed))
        told["files"] = [path.name for path in _files(scene.sealed.folder)]
    told |= {"seed": options.seed, "process_s": round(time.process_time() - began, 1), "false alarms": len(untouched)}
    json.dump(told, sys.stdout, indent=1)
    sys.stdout.write("\n")
    sys.exit(1 if told["missed"] or untouched else 0)


if __name__ == "__main__":
    main()
