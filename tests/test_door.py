"""The door: nothing reaches a person's folder but what `release` put there."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
WATCH = """
import os, sys
desk, log = sys.argv[1], open(sys.argv[2], "w")
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path, mode, flags = arguments
        writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        path = os.path.abspath(os.fsdecode(path))
        if writes and path.startswith(desk) and not path.startswith(sys.argv[2]):
            log.write(path + "\\n"); log.flush()
sys.addaudithook(watch)
sys.argv = ["anastylosis", *sys.argv[3:]]
from studio.cli import main
main()
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    rng = np.random.default_rng(1)
    picture = cv2.resize(rng.integers(40, 220, (6, 8, 3), np.uint8), (160, 120), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((120, 160), np.uint8)
    cv2.line(mask, (20, 30), (130, 90), 255, 3)
    sheet = np.full((240, 320, 3), 244, np.uint8)
    cv2.rectangle(sheet, (40, 60), (280, 200), (30, 30, 30), 2)
    for x in (70, 140, 210):
        cv2.rectangle(sheet, (x, 90), (x + 30, 150), (30, 30, 30), -1)
    for name, pixels in (("panel", picture), ("mask", mask), ("sheet", sheet)):
        cv2.imwrite(str(folder / f"{name}.png"), pixels)
    return folder


COMMANDS = {
    "restore": ["restore", "panel.png", "--mask", "mask.png", "-o", "out-restore"],
    "speculate": ["speculate", "sheet.png", "--variants", "1", "-o", "out-speculate"],
    "read": ["read", "sheet.png", "--kind", "elevation", "-o", "out-read"],
    "relief": ["scene", "panel.png", "--kind", "relief", "--width-m", "0.4", "-o", "out-relief"],
    "gallery": ["scene", "panel.png", "--kind", "gallery", "--width-m", "0.4", "-o", "out-gallery"],
    "render": ["render", "out-relief", "--size", "64x48", "--samples", "1", "-o", "out-render"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_file_in_a_persons_folder_went_through_the_door(desk, tmp_path, command):
    written = tmp_path / "written.txt"
    if command == "render" and not (desk / "out-relief").exists():
        pytest.skip("there is no scene to render")
    arguments = [sys.executable, "-c", WATCH, str(desk), str(written), *COMMANDS[command]]
    environment = {
        "PATH": "/usr/bin:/bin",
        "ANASTYLOSIS_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
    }
    run = subprocess.run(arguments, cwd=desk, env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-1500:]
    strays = [path for path in written.read_text().splitlines() if ".unsealed-" not in path]
    assert not strays, f"opened for writing, but not by the door: {strays}"
    out = desk / f"out-{command}"
    record = json.loads((out / "record.json").read_text())
    allowed = {output["name"] for output in record["outputs"]} | {"record.json", "record.tlog-proof"}
    for path in out.iterdir():
        assert path.name in allowed or path.name.removesuffix(".c2pa") in allowed, path
