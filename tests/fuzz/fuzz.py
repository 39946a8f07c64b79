"""Coverage-guided search (atheris, libFuzzer) for bytes that make a reader raise what it never should, hang or grow.

    python tests/fuzz/fuzz.py "manifest store" -max_total_time=60

Targets are those of `strangers.py`; what follows goes to libFuzzer. Needs `pip install atheris`.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["provenance", "blender_addon"]):
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
    from strangers import TARGETS


def main() -> None:
    """Fuzz one target; a new finding is written to the working folder by libFuzzer."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        raise SystemExit(f"Name one of: {', '.join(TARGETS)}")
    target = TARGETS[sys.argv.pop(1)]

    def once(data: bytes) -> None:
        with contextlib.suppress(*target.errors):
            target.read(data)

    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds()):
            (Path(folder) / f"seed-{number}").write_bytes(seed)
        atheris.Setup([*sys.argv, "-rss_limit_mb=4096", "-timeout=20", folder], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
