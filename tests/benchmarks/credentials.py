"""What does a credential cost, beside the credential library alone? Prints one JSON object.

    python tests/benchmarks/credentials.py [--data FOLDER] [--runs 9]

FOLDER may hold pictures (.png); else a painted 4-megapixel picture is made. Milliseconds are medians, on the wall and of the
process; bytes are what the signed file has more than the encoded one. `raw` is c2pa alone with an empty manifest and one
signer, validated while it signs, as its own examples do; `ours` writes the XMP, builds and signs the whole manifest with the
scan as parent, and reads it back. Hashing for the Record, the watermark, waiting for the disk and the authority's answer are
not in it; what a time stamp adds is measured apart, with a real authority on this machine when openssl is there.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import c2pa
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from provenance import encode, keys, metadata
from provenance.credential_png import joined
from provenance.credential_reading import read_credential
from provenance.credential_regions import outlines
from provenance.credentials import Claim, Signatory, credential_context
from provenance.draft import Picture, SourceNote

COMPOSITE = metadata.SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"


def painted(side: int = 2000) -> np.ndarray:
    """uint8 [side, side, 3] with texture at several scales."""
    rng = np.random.default_rng(0)
    total = np.zeros((side, side, 3), np.float32)
    for cells, weight in ((4, 90), (16, 50), (64, 25), (256, 12), (1000, 5)):
        coarse = rng.normal(0, 1, (cells, cells, 3)).astype(np.float32)
        total += weight * cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.clip(128 + total, 0, 255).astype(np.uint8)


def holes(height: int, width: int, count: int = 60) -> np.ndarray:
    """bool [H, W] with round holes all over, more than outlines are allowed."""
    rng, found = np.random.default_rng(1), np.zeros((height, width), np.uint8)
    for _ in range(count):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(found, centre, int(rng.integers(3, max(4, min(height, width) // 40))), 1, -1)
    return found.astype(bool)


def median(runs: int, work: Callable[[], object]) -> dict[str, float]:
    """Medians in milliseconds over `runs`, after one that does not count."""
    work()
    walls, processes = [], []
    for _ in range(runs):
        wall, process = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        processes.append(time.process_time() - process)
    return {"wall_ms": round(1000 * statistics.median(walls), 2), "process_ms": round(1000 * statistics.median(processes), 2)}


def raw(made: keys.SigningKeys, plain: bytes, runs: int) -> dict:
    """The credential library alone."""
    root = made.root_pem.decode()
    context = c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}, "trust": {"user_anchors": root}})
    signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", made.chain_pem, made.key_pem, None))
    signed: list[bytes] = []

    def sign() -> None:
        with c2pa.Builder(
            {"claim_generator_info": [{"name": "raw", "version": "1"}], "assertions": []}, context=context
        ) as one:
            one.set_intent(c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.EMPTY)
            out = io.BytesIO()
            one.sign(signer, "image/png", io.BytesIO(plain), out)
            signed[:] = [out.getvalue()]

    def read() -> None:
        with c2pa.Reader("image/png", io.BytesIO(signed[0]), context=context) as reader:
            reader.json()

    return {"sign": median(runs, sign), "read": median(runs, read), "bytes": len(signed[0]) - len(plain)}


def ours(made: keys.SigningKeys, picture: Picture, folder: Path, runs: int, tsa_url: str | None = None) -> dict:
    """XMP, manifest and signature, and the reading back."""
    scan = folder / "scan.png"
    scan.write_bytes(encode.encode(Picture("scan.png", picture.pixels, "restored"), picture.pixels, b""))
    source = SourceNote("parent", "scan.png", hashlib.sha256(scan.read_bytes()).hexdigest(), "image/png", scan)
    plain = encode.encode(picture, picture.pixels, b"")
    signatory, regions = Signatory(made, tsa_url), outlines(holes(*picture.pixels.shape[:2]))
    levels = {str(level): round(1 / 7, 6) for level in range(1, 8)}
    kept = {"scheme": "anastylosis.tiles/1", "tile_px": 256, "root": "a" * 64}
    release = {
        "id": "00000000-0000-0000-0000-000000000000",
        "request_sha256": "a" * 64,
        "sources": [{"role": "parent", "name": "scan.png", "sha256": source.sha256}],
        "ai_share": 0.123456,
        "mask_sha256": "b" * 64,
        "levels": levels,
        "untouched": kept,
        "model": {"id": "bundled", "weights_sha256": "c" * 64},
    }
    said = "Holes in the source were filled; every pixel outside the regions is the source's."
    claim = Claim(
        "restored.png", True, COMPOSITE, "2026-01-01T00:00:00Z", "0.1.0", said, release, regions, "0123456789ab", (source,)
    )
    statement = metadata.Statement(COMPOSITE, "bundled", "c" * 64, creator_tool="Anastylosis 0.1.0", identifier="urn:uuid:0")
    path, signed, added = folder / "restored.png", [b""], [0]
    after_header = len(encode.PNG_SIGNATURE) + 25

    def sign() -> None:
        chunk = encode._chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + metadata.write(statement))
        data = plain[:after_header] + chunk + plain[after_header:]
        signed[0] = signatory.embed(data, "image/png", claim)
        added[0] = len(signed[0]) - len(joined(data))

    anchor = made.root_pem.decode()
    told = {"sign": median(runs, sign), "bytes": added[0], "regions": len(regions)}
    path.write_bytes(signed[0])
    told["read"] = median(runs, lambda: read_credential(path, anchor))
    found = read_credential(path, anchor)
    assert found is not None
    told["state"] = found.state
    return told


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of PNG pictures")
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    works = {path.name: encode.decode(path.read_bytes()) for path in sorted(options.data.glob("*.png"))} if options.data else {}
    works = works or {"painted 4 MP": painted()}
    told: dict = {"c2pa": c2pa.sdk_version(), "runs": options.runs, "target": {"sign_ms": 20, "read_ms": 8, "bytes": 8192}}
    with tempfile.TemporaryDirectory() as place:
        made = keys.signing_keys(Path(place) / "keys")
        credential_context(made.root_pem.decode())
        for name, pixels in works.items():
            picture = Picture("restored.png", pixels, "restored")
            plain = encode.encode(picture, pixels, b"")
            told[name] = {
                "megapixels": round(pixels.shape[0] * pixels.shape[1] / 1e6, 2),
                "file_bytes": len(plain),
                "sha256 of the file, for comparison with other machines": median(
                    options.runs, lambda plain=plain: hashlib.sha256(plain).digest()
                ),
                "raw": raw(made, plain, options.runs),
                "ours": ours(made, picture, Path(place), options.runs),
            }
            stamped = with_stamp(made, picture, Path(place), options.runs)
            if stamped is not None:
                told[name]["ours, time-stamped"] = stamped
    json.dump(told, sys.stdout, indent=1)
    sys.stdout.write("\n")


def with_stamp(made: keys.SigningKeys, picture: Picture, folder: Path, runs: int) -> dict | None:
    """The same with a time stamp; None where there is no authority to be had."""
    from tests.provenance.authority import HAS_OPENSSL, make_authority, served

    if not HAS_OPENSSL:
        return None
    place = folder / "tsa"
    authority = make_authority(place) if not place.exists() else None
    if authority is None:
        return None
    with served(authority.reply) as url:
        return ours(made, picture, folder, min(runs, 5), url)


if __name__ == "__main__":
    main()
