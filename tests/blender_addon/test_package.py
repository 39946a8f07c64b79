"""The extension's zip: Blender accepts it, trimesh is in it untouched, and without a wheel the error says what to do."""

import tomllib
import zipfile

import pytest

from blender_addon.errors import PackagingError
from blender_addon.package import _cache, build_extension, trimesh_wheel, validate


@pytest.fixture(scope="module")
def wheel():
    try:
        return trimesh_wheel(_cache())
    except PackagingError as error:
        pytest.skip(f"needs the trimesh wheel: {error}")


def test_the_zip_holds_the_add_on_and_the_wheel_as_published(tmp_path, wheel):
    path = build_extension(tmp_path, wheel=wheel)
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
        assert archive.read(f"wheels/{wheel.name}") == wheel.read_bytes()
    assert manifest["wheels"] == [f"./wheels/{wheel.name}"]
    assert {"__init__.py", "build.py", "scenes/model.py", "scenes/gltf.py", "operators/evidence_overlay.py"} <= names
    assert not {"package.py", "launch.py", "render.py"} & names
    assert path.stat().st_size < 1_000_000


def test_the_same_files_give_the_same_zip(tmp_path, wheel):
    first, second = (build_extension(tmp_path / name, wheel=wheel).read_bytes() for name in ("a", "b"))
    assert first == second


def test_offline_without_a_wheel_says_where_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.delenv("ANASTYLOSIS_TRIMESH_WHEEL", raising=False)
    with pytest.raises(PackagingError, match=r"pip download --no-deps trimesh==.*ANASTYLOSIS_TRIMESH_WHEEL.*nothing was built"):
        build_extension(tmp_path / "out", cache=tmp_path / "cache")
    assert not (tmp_path / "out").exists()


def test_a_wheel_that_somebody_changed_is_refused(tmp_path, wheel):
    changed = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            extra = b"\n# changed" if name == "trimesh/__init__.py" else b""
            target.writestr(name, source.read(name) + extra)
    with pytest.raises(PackagingError, match=r"trimesh/__init__\.py"):
        build_extension(tmp_path / "out", wheel=changed)


def test_what_blender_would_refuse_is_refused_here(tmp_path):
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("blender_manifest.toml", 'schema_version = "1.0.0"\nid = "bad"\n')
        archive.writestr("__init__.py", "")
    try:
        checked = validate(path)
    except PackagingError as error:
        assert "bad.zip" in str(error)
    else:
        assert not checked, "Blender's checker let it pass"
