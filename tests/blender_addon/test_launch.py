"""A Blender is found in a stated order, a wrong job is refused whole, and a cancelled one leaves nothing."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from blender_addon import launch
from blender_addon.errors import BlenderNotFoundError, RenderFailedError, RenderJobError
from blender_addon.launch import Blender, Progress, find_blender, render
from blender_addon.scenes.gltf import glb
from blender_addon.scenes.model import Element, Focus, SceneModel
from blender_addon.scenes.solids import box


def write_scene(folder: Path) -> dict:
    vertices, faces = box((-1, 0, 0), (1, 1, 2))
    model = SceneModel("box", (Element("box", "wall", vertices, faces, 2, "drawing"),), focus=Focus((0, 0, 1), (2, 2)))
    (folder / "scene.glb").write_bytes(glb(model))
    (folder / "scene.json").write_text(model.to_json())
    return {"glb": folder / "scene.glb", "scene": folder / "scene.json"}


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_nothing_imports_bpy_before_blender_starts():
    program = (
        "import sys, blender_addon, blender_addon.launch, blender_addon.cameras, blender_addon.package\n"
        "print('bpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"


def test_this_environment_comes_before_the_path_and_a_wish_before_both(tmp_path, monkeypatch):
    on_path = executable(tmp_path / "blender", "#!/bin/sh\necho Blender 4.5.1\n")
    wished = executable(tmp_path / "mine", "#!/bin/sh\necho Blender 5.0.0\n")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("ANASTYLOSIS_BLENDER", raising=False)
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda _: object())
    assert find_blender() == Blender(Path(sys.executable), True, "this environment")
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda _: None)
    assert find_blender() == Blender(on_path, False, "PATH")
    monkeypatch.setenv("ANASTYLOSIS_BLENDER", str(wished))
    assert find_blender() == Blender(wished, False, "$ANASTYLOSIS_BLENDER")
    assert find_blender(on_path) == Blender(on_path, False, "given")


def test_no_blender_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ANASTYLOSIS_BLENDER", raising=False)
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(BlenderNotFoundError, match=r"pip install 'bpy.*ANASTYLOSIS_BLENDER"):
        find_blender()


def test_a_wish_that_is_no_blender_is_not_passed_over(tmp_path):
    with pytest.raises(BlenderNotFoundError, match="no executable"):
        find_blender(tmp_path / "nothing")
    with pytest.raises(BlenderNotFoundError, match="neither a Blender nor a Python"):
        find_blender(executable(tmp_path / "other", "#!/bin/sh\necho hello\n"))


def test_everything_that_is_wrong_with_a_job_is_said_at_once(tmp_path):
    job = write_scene(tmp_path) | {"glb": tmp_path / "gone.glb", "camera": "drone", "width": 3, "samples": 0}
    with pytest.raises(RenderJobError, match=r"gone\.glb.*drone.*width is 3.*samples is 0"):
        render(job)


@pytest.mark.parametrize(("camera", "size"), [("dome", (64, 32)), ("turntable", (65, 32))])
def test_sizes_that_a_dome_or_a_film_cannot_have_are_refused(tmp_path, camera, size):
    with pytest.raises(RenderJobError, match=camera if camera == "dome" else "film"):
        render(write_scene(tmp_path) | {"camera": camera, "width": size[0], "height": size[1]})


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    kept = tmp_path / "out" / "kept.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(RenderJobError, match="not empty"):
        render(write_scene(tmp_path) | {"out": kept.parent})
    assert kept.read_text() == "mine"


def test_a_blender_that_dies_is_quoted_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(launch.tempfile, "tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    broken = executable(tmp_path / "broken", "#!/bin/sh\necho 'RuntimeError: no more memory' >&2\nexit 3\n")
    with pytest.raises(RenderFailedError, match=r"code 3.*no more memory"):
        render(write_scene(tmp_path) | {"out": tmp_path / "out"}, blender=Blender(broken, False, "given"))
    assert not (tmp_path / "out").exists() and not list((tmp_path / "t").iterdir())


def test_a_silent_blender_still_gives_a_sign_of_life_and_is_killed_when_it_will_not_go(tmp_path):
    # It ignores SIGTERM, as a Blender that hangs in a driver would.
    deaf = executable(tmp_path / "deaf", "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.05; done\n")
    signs, asked = [], []

    def enough(progress: Progress):
        signs.append(progress)
        if len(signs) == 3:
            asked.append(time.monotonic())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render(write_scene(tmp_path) | {"out": tmp_path / "out"}, enough, blender=Blender(deaf, False, "given"))
    assert launch.GRACE_SECONDS <= time.monotonic() - asked[0] < launch.GRACE_SECONDS + 1.5
    assert [sign.stage for sign in signs] == ["starting"] * 3
    assert signs[2].seconds - signs[1].seconds < 1
    assert not (tmp_path / "out").exists()


@pytest.mark.blender
def test_a_cancelled_render_is_gone_at_once_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(launch.tempfile, "tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    asked = 0.0
    children = []
    popen = subprocess.Popen
    monkeypatch.setattr(launch.subprocess, "Popen", lambda *a, **k: children.append(popen(*a, **k)) or children[-1])

    def cancel(progress: Progress):
        nonlocal asked
        if progress.stage == "picture" and progress.total == 4000:
            asked = time.monotonic()
            raise KeyboardInterrupt

    job = write_scene(tmp_path) | {"out": tmp_path / "out", "width": 160, "height": 90, "samples": 4000, "threads": 1}
    with pytest.raises(KeyboardInterrupt):
        render(job, cancel)
    assert asked and time.monotonic() - asked < 2.5
    assert children[0].returncode is not None
    with pytest.raises(ProcessLookupError):
        os.kill(children[0].pid, 0)
    assert not (tmp_path / "out").exists() and not list((tmp_path / "t").iterdir())


@pytest.mark.blender
def test_an_artists_own_blender_is_given_its_own_command_line(tmp_path):
    """No Blender binary comes from a package registry, so this one is a script that reads Blender's options and runs bpy."""
    stand_in = executable(
        tmp_path / "blender",
        f"""#!{sys.executable}
import runpy, sys
if sys.argv[1:] == ["--version"]:
    print("Blender 5.0.1"); sys.exit()
assert sys.argv[1:3] == ["--background", "--factory-startup"] and sys.argv[-2] == "--"
print("Blender 5.0.1 (hash x built y)", flush=True)
runpy.run_path(sys.argv[sys.argv.index("--python") + 1], run_name="__main__")
""",
    )
    job = write_scene(tmp_path) | {"width": 32, "height": 18, "samples": 1, "denoise": False, "out": tmp_path / "out"}
    done = render(job, blender=find_blender(stand_in))
    assert done["picture"].stat().st_size and json.dumps(done["levels"])
