"""Is everything here that the studio needs? One finding per subject, one fix per problem."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import asdict, dataclass
from importlib.util import find_spec

from provenance.home import Home

NEEDED_GB = 2.0  # a 50-megapixel restoration with its hypotheses, and a render's temporary files
LEAST_MEMORY_GB = 4.0


@dataclass(frozen=True)
class Finding:
    """What was found about one subject, and what to do when it is a problem."""

    subject: str
    is_good: bool
    text: str
    fix: str = ""

    def to_json(self) -> dict:
        """Plain JSON values."""
        return asdict(self)


def examine(home: Home) -> list[Finding]:
    """Look at everything; nothing is changed, and nothing leaves the machine."""
    return [_device(), _memory(), _disk(home), _model(), _blender(), _page(), _keys(home), _log(home)]


def _device() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding("Device", True, f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    cores = f"{os.cpu_count()} CPU cores ({platform.machine()})"
    text = f"{cores}, torch {torch.__version__}; no GPU, which the bundled model does not need"
    return Finding("Device", True, text)


def _memory() -> Finding:
    # Linux and macOS know these names; Windows does not have sysconf
    if not hasattr(os, "sysconf"):
        return Finding("Memory", True, "not measured on this system")
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    fix = "" if total >= LEAST_MEMORY_GB else f"Close other programs: a large scan needs about {LEAST_MEMORY_GB:.0f} GB."
    return Finding("Memory", not fix, f"{total:.1f} GB", fix)


def _disk(home: Home) -> Finding:
    folder = home.folder
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    fix = "" if free >= NEEDED_GB else f"Make room, or point ANASTYLOSIS_HOME elsewhere: {NEEDED_GB:.0f} GB are wanted."
    return Finding("Disk", not fix, f"{free:.1f} GB free for {home.folder}", fix)


def _model() -> Finding:
    from pipelines.bundled import bundled_digest, is_bundled

    if not is_bundled():
        return Finding("Bundled model", False, "its weights are not in this installation", "Install the package again.")
    return Finding("Bundled model", True, f"weights {bundled_digest()[:16]}…")


def _blender() -> Finding:
    from blender_addon.errors import BlenderNotFoundError
    from blender_addon.launch import find_blender

    try:
        found = find_blender()
    except BlenderNotFoundError as error:
        return Finding("Blender", False, "none; everything but rendering works", str(error))
    return Finding("Blender", True, f"{found.executable} ({found.origin})")


def _page() -> Finding:
    there = find_spec("gradio") is not None
    return Finding(
        "Web page", there, "gradio is there" if there else "gradio is missing", "" if there else "pip install 'gradio>=6.31'"
    )


def _keys(home: Home) -> Finding:
    from provenance.errors import ProvenanceError
    from provenance.keys import check_keys

    if not home.keys.exists():
        return Finding("Keys", True, "none yet; they are made at the first release")
    try:
        return Finding("Keys", True, check_keys(home.keys))
    except ProvenanceError as error:
        return Finding("Keys", False, "not usable", str(error))


def _log(home: Home) -> Finding:
    from provenance.errors import ProvenanceError
    from studio.log import open_log

    if not home.log.exists():
        return Finding("Log", True, "none yet; it begins with the first release")
    try:
        audit = open_log(home).audit()
    except ProvenanceError as error:
        return Finding("Log", False, "not usable", str(error))
    return Finding("Log", not audit.problems, f"{audit.size} leaves", "; ".join(audit.problems))
