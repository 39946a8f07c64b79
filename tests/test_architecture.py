"""The tree keeps its promises: what no import rule and no linter can see."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("studio", "pipelines", "provenance", "blender_addon")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
WRITERS = {"save", "imwrite", "export", "write_bytes", "write_text", "imsave", "savefig", "tofile"}
# Each of these writes something that no model made, or writes into a temporary folder that `release` seals from.
MAY_WRITE = {
    "pipelines/training/train.py": "checkpoints and logs of a training run",
    "pipelines/training/sheet.py": "sample sheets of a training run",
    "pipelines/training/publish.py": "model card and datasheet of a training run",
    "pipelines/training/publish_drawing.py": "the card of the weights for variants",
    "pipelines/training/segment.py": "logs of a training run of the segmenter",
    "pipelines/training/calibrate.py": "thresholds and gate of the segmenter",
    "blender_addon/render.py": "Blender's process, into its temporary folder",
    "blender_addon/passes.py": "Blender's process, into its temporary folder",
    "blender_addon/launch.py": "the job file in the render's temporary folder",
    "blender_addon/package.py": "the zip of the extension, made without AI",
    "studio/web/storage.py": "painted masks and Records, into the page's temporary folder",
}


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_idea(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert not set(re.split(r"[_\W]", path.stem)) & {
        "utils",
        "util",
        "helpers",
        "helper",
        "common",
        "manager",
        "core",
        "base",
        "misc",
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_the_story_of_a_package_names_each_of_its_files(package):
    story = (ROOT / package / "README.md").read_text(encoding="utf-8")
    assert story.startswith("# Life of a")
    missing = [
        str(path.relative_to(ROOT / package))
        for path in FILES
        if path.is_relative_to(ROOT / package) and path.name != "__init__.py" and path.name not in story
    ]
    assert not missing, f"{package}/README.md does not name {missing}"


def test_nothing_but_the_door_writes():
    strays = []
    for path in FILES:
        name = str(path.relative_to(ROOT))
        if name.startswith("provenance/") or name in MAY_WRITE:
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITERS:
                # to a buffer in memory is no writing
                target = ast.unparse(node.args[0]) if node.args else ""
                if not re.fullmatch(r"(buffer|stream|memory|data|io\.BytesIO\(\))", target):
                    strays.append(f"{name}:{node.lineno} {ast.unparse(node)[:80]}")
    assert not strays, "\n".join(strays)


def test_every_error_has_the_root_of_its_package():
    strays = []
    for path in FILES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ClassDef):
                parents = {ast.unparse(one) for one in node.bases}
                is_root = path.name == "errors.py" and node.name in (
                    "StudioError",
                    "PipelineError",
                    "ProvenanceError",
                    "SceneError",
                )
                if parents & {"Exception", "BaseException", "RuntimeError", "ValueError", "OSError"} and not is_root:
                    strays.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert not strays, strays


def test_the_add_on_never_imports_itself_by_name():
    # inside Blender the package is called bl_ext.….anastylosis
    for path in sorted((ROOT / "blender_addon").rglob("*.py")):
        for node in ast.walk(_tree(path)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.split(".")[0] == "blender_addon" for name in names), path


@pytest.mark.parametrize("arguments", [["--help"], ["verify", "pyproject.toml"], ["restore", "--help"]], ids=" ".join)
def test_light_commands_load_nothing_heavy(arguments, tmp_path):
    program = (
        f"import sys; sys.argv = ['anastylosis', *{arguments!r}]\n"
        "from studio.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'diffusers', 'gradio', 'bpy', 'trimesh', 'scipy', 'transformers', 'skimage'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "ANASTYLOSIS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "HEAVY []" in run.stdout, run.stdout[-800:] + run.stderr[-800:]


def test_import_rules_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed")
    run = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout
