"""What does a master above 512 MB cost to seal and to verify? Prints one JSON object.

    python tests/benchmarks/large_master.py [--megapixels 95] [--folder FOLDER]

A TIFF of 16 bits and three channels of noise, which no compression makes smaller, is sealed with the sidecar that signs the
list of its blocks, verified, damaged in one byte and verified again. Each step is a process of its own, whose largest memory
is told in MB beside its seconds. The peer is the credential library alone, embedding into the same TIFF and reading it back.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))


def seal(folder: Path, megapixels: float) -> dict:
    """Make the picture and release it."""
    import numpy as np

    from provenance.draft import Draft, Picture
    from provenance.home import Home
    from provenance.release import release

    width, height = 10_000, round(megapixels * 100)
    pixels = np.random.default_rng(0).integers(0, 2**16, (height, width, 3), np.uint16)
    ai = np.zeros((height, width), bool)
    ai[: height // 10, : width // 10] = True
    before, start = _largest_mb(), time.perf_counter()
    release(
        Draft("restore", {"seed": 1}, (Picture("master.tif", pixels, "restored", ai=ai),)),
        folder / "out",
        Home(folder / "home"),
    )
    return {
        "wall_s": round(time.perf_counter() - start, 1),
        "picture_mb": pixels.nbytes // 10**6,
        "picture_in_memory_mb": before,
    }


def check(folder: Path) -> dict:
    """Verify the sealed file."""
    from provenance.home import Home
    from provenance.verify import verify

    start = time.perf_counter()
    verdict = verify(folder / "out" / "master.tif", Home(folder / "home"))
    return {"wall_s": round(time.perf_counter() - start, 1), "state": verdict.state, "reason": verdict.reasons[0]}


def strange(folder: Path) -> dict:
    """Verify it without a Record and without this machine's keys: by the sidecar and the list alone."""
    from provenance.block_list import beside
    from provenance.credential_reading import read_sidecar

    path, start = folder / "out" / "master.tif", time.perf_counter()
    found = read_sidecar(path, path.with_name("master.tif.c2pa").read_bytes(), None)
    assert found is not None
    told = {"state": found.state, "failures": found.failures, "list_bytes": beside(path).stat().st_size}
    return {"wall_s": round(time.perf_counter() - start, 1), **told}


def peer(folder: Path) -> dict:
    """The credential library alone, embedding into the same file."""
    import c2pa

    from provenance import keys
    from provenance.credentials import credential_context

    made = keys.signing_keys(folder / "home" / "keys")
    context = credential_context(made.root_pem.decode())
    signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", made.chain_pem, made.key_pem, None))
    start, out = time.perf_counter(), folder / "peer.tif"
    try:
        with (folder / "out" / "master.tif").open("rb") as source, out.open("w+b") as target:
            builder = c2pa.Builder(
                {"claim_generator_info": [{"name": "raw", "version": "1"}], "assertions": []}, context=context
            )
            builder.set_intent(c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.EMPTY)
            builder.sign(signer, "image/tiff", source, target)
        signed = time.perf_counter() - start
        with out.open("rb") as file, c2pa.Reader("image/tiff", file, context=context) as reader:
            state = str(reader.get_validation_state())
    except c2pa.C2paError as error:
        return {"wall_s": round(time.perf_counter() - start, 1), "error": str(error)[:200]}
    finally:
        out.unlink(missing_ok=True)
    return {"sign_s": round(signed, 1), "read_s": round(time.perf_counter() - start - signed, 1), "state": state}


def _largest_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _in_its_own_process(step: str, folder: Path, megapixels: float) -> dict:
    words = [sys.executable, __file__, "--step", step, "--folder", str(folder), "--megapixels", str(megapixels)]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    return json.loads(run.stdout) if run.returncode == 0 else {"failed": run.stderr[-400:]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, default=95.0)
    parser.add_argument("--folder", type=Path, help="where to write some 1.2 GB; a temporary folder when left out")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        steps = {"seal": lambda: seal(options.folder, options.megapixels), "check": lambda: check(options.folder)}
        steps |= {"strange": lambda: strange(options.folder), "peer": lambda: peer(options.folder)}
        told = steps[options.step]()
        json.dump(told | {"largest_memory_mb": _largest_mb()}, sys.stdout)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        folder = Path(place)
        result: dict = {"load": os.getloadavg(), "seal": _in_its_own_process("seal", folder, options.megapixels)}
        path = folder / "out" / "master.tif"
        result["file_mb"] = path.stat().st_size // 10**6
        result["verify"] = _in_its_own_process("check", folder, options.megapixels)
        result["verify by sidecar and list alone"] = _in_its_own_process("strange", folder, options.megapixels)
        result["c2pa alone, embedded"] = _in_its_own_process("peer", folder, options.megapixels)
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            (byte,) = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))
        result["verify after one byte was changed"] = _in_its_own_process("strange", folder, options.megapixels)
    json.dump(result, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
