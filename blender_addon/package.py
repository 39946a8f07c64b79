"""The extension as one zip: this folder's own files, and the trimesh wheel exactly as PyPI has it."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

from .errors import PackagingError

HERE = Path(__file__).resolve().parent
# These start Blender or build the zip from outside; inside Blender they would have nothing to do.
OUTSIDE = {"package.py", "launch.py", "render.py", "cameras.py", "passes.py", "blend.py", "blend_process.py"}


def build_extension(folder_out: Path, *, wheel: Path | None = None, cache: Path | None = None) -> Path:
    """Build the extension and return the path of its zip in `folder_out`.

    Args:
        folder_out: made when it is not there.
        wheel: the trimesh wheel to bundle; $ANASTYLOSIS_TRIMESH_WHEEL, the cache and PyPI are asked in this order without it.
        cache: where downloaded wheels are kept; this user's cache folder when left out.
    Raises: PackagingError when no wheel is to be had, when it is not what PyPI published, or when Blender's own validator
        refuses the extension.
    """
    given = wheel or os.environ.get("ANASTYLOSIS_TRIMESH_WHEEL")
    wheel = Path(given) if given else trimesh_wheel(cache or _cache())
    _check_wheel(wheel)
    folder_out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="anastylosis-extension-") as temporary:
        stage = Path(temporary) / "anastylosis"
        _stage(stage, wheel)
        manifest = tomllib.loads((stage / "blender_manifest.toml").read_text(encoding="utf-8"))
        target = folder_out / f"{manifest['id']}-{manifest['version']}.zip"
        _zip(stage, target)
    validate(target)
    return target


def trimesh_wheel(cache: Path) -> Path:
    """The wheel of the installed trimesh version, from `cache` or else downloaded there by pip.

    Raises: PackagingError when it is not in the cache and PyPI cannot be reached.
    """
    version = importlib.metadata.version("trimesh")
    wheel = cache / f"trimesh-{version}-py3-none-any.whl"
    if wheel.is_file():
        return wheel
    cache.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", f"trimesh=={version}"]
    answer = _run([*pip, "--dest", str(cache)])
    if answer.returncode or not wheel.is_file():
        reason = (answer.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise PackagingError(
            f"The extension bundles trimesh {version}, whose wheel is neither in {cache} nor to be had from PyPI ({reason}). "
            f"Fetch it on a machine with a network (pip download --no-deps trimesh=={version}) and name the file in "
            "ANASTYLOSIS_TRIMESH_WHEEL; nothing was built."
        )
    return wheel


def validate(path: Path) -> bool:
    """Let Blender's own checker look at a zip or folder; False when no Blender is installed here that could.

    Raises: PackagingError with the checker's words.
    """
    checker = _checker()
    if checker is None:
        return False
    answer = _run([sys.executable, str(checker), "validate", str(path)])
    if answer.returncode:
        raise PackagingError(f"Blender refuses {path.name}: {(answer.stdout + answer.stderr).strip()}")
    return True


def _run(command: list[str]) -> subprocess.CompletedProcess:
    # Only this Python with arguments of our own; nothing of it comes from a file or a network.
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)  # noqa: S603


def _checker() -> Path | None:
    """`blender_ext.py` of the bpy wheel: a plain script that needs no bpy, the same that `blender --command extension` runs."""
    spec = importlib.util.find_spec("bpy")
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob("*/scripts/addons_core/bl_pkg/cli/blender_ext.py"), None)


def _cache() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("anastylosis") / "wheels"


def _check_wheel(wheel: Path) -> None:
    """Compare every file of the wheel with the digest that its own RECORD gives."""
    if not re.fullmatch(r"trimesh-[\w.]+-py3-none-any\.whl", wheel.name) or not wheel.is_file():
        raise PackagingError(f"{wheel} is no trimesh wheel for every platform (trimesh-VERSION-py3-none-any.whl).")
    try:
        with zipfile.ZipFile(wheel) as archive:
            record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
            listed = dict(line.rsplit(",", 2)[:2] for line in archive.read(record).decode().splitlines())
            for name in archive.namelist():
                digest = "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).rstrip(b"=").decode()
                if name != record and listed.get(name) != digest:
                    raise PackagingError(f"{wheel.name} was changed: {name} is not what its RECORD says. Download it again.")
    except (zipfile.BadZipFile, StopIteration, ValueError) as error:
        raise PackagingError(f"{wheel.name} is damaged ({error or 'it has no RECORD'}). Download it again.") from error


def _stage(stage: Path, wheel: Path) -> None:
    """Lay out what goes into the zip; the manifest names the wheel that was taken."""
    for source in sorted(HERE.rglob("*")):
        inside = source.relative_to(HERE)
        if source.suffix not in (".py", ".md", ".toml") or inside.name in OUTSIDE or "__pycache__" in inside.parts:
            continue
        (stage / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, stage / inside)
    manifest = stage / "blender_manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    text = re.sub(r"^wheels = .*$", f'wheels = ["./wheels/{wheel.name}"]', text, flags=re.MULTILINE)
    manifest.write_text(text, encoding="utf-8")
    (stage / "wheels").mkdir()
    shutil.copyfile(wheel, stage / "wheels" / wheel.name)


def _zip(stage: Path, target: Path) -> None:
    """The same files give the same bytes: sorted, with one date for all."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for source in sorted(path for path in stage.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(source.relative_to(stage).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, source.read_bytes())
