"""Find a Blender and let it render one scene in a process of its own. Imports no bpy."""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import BlenderNotFoundError, RenderFailedError, RenderJobError

RENDER_SCRIPT = Path(__file__).with_name("render.py")
HEARTBEAT_SECONDS = 0.5
GRACE_SECONDS = 2.0
LIMITS = {"width": (8, 16384), "height": (8, 16384), "samples": (1, 65536), "frames": (1, 10000), "fps": (1, 240)}
CAMERAS = ("still", "turntable", "equirect", "dome")
JOB_DEFAULTS = {
    "width": 960,
    "height": 540,
    "samples": 32,  # the denoiser makes a clean picture of these
    "seed": 0,
    "camera": "still",
    "blend": False,
    "denoise": True,
    "frames": 48,
    "fps": 12,
    "threads": 0,  # 0: as many as the machine has
}


@dataclass(frozen=True)
class Blender:
    """Something that can run a script with bpy.

    Attributes:
        executable: a `blender`, or a Python interpreter that has the bpy wheel.
        is_python: True for the latter.
        origin: how it was found, for people: "this environment", "$ANASTYLOSIS_BLENDER", "PATH" or "given".
    """

    executable: Path
    is_python: bool
    origin: str

    def command(self, script: Path, *arguments: str) -> list[str]:
        """The command line that runs `script` with factory settings and without a window."""
        if self.is_python:
            return [str(self.executable), str(script), *arguments]
        quiet = ["--background", "--factory-startup", "--python-exit-code", "1"]
        return [str(self.executable), *quiet, "--python", str(script), "--", *arguments]


@dataclass(frozen=True)
class Progress:
    """How far a render is.

    Attributes:
        stage: "starting", "importing", "exposure", "picture", "film", "evidence" or "saving".
        done, total: samples of the picture or frames of the film; 0 of 0 while that is unknown.
        seconds: since the start.
        remaining: estimate in seconds, or None while there is no ground for one.
    """

    stage: str
    done: int
    total: int
    seconds: float
    remaining: float | None


def find_blender(explicit: str | Path | None = None) -> Blender:
    """The first of: `explicit`, $ANASTYLOSIS_BLENDER, this environment's bpy, `blender` on the PATH.

    Raises: BlenderNotFoundError when there is none, or when the one that was asked for is not there or has no bpy.
    """
    for wish, origin in ((explicit, "given"), (os.environ.get("ANASTYLOSIS_BLENDER"), "$ANASTYLOSIS_BLENDER")):
        if wish:
            return _inspect(str(wish), origin)
    if importlib.util.find_spec("bpy") is not None:  # looks for it without importing it
        return Blender(Path(sys.executable), True, "this environment")
    if found := shutil.which("blender"):
        return _inspect(found, "PATH")
    raise BlenderNotFoundError(
        "No Blender was found: install the bpy wheel into this environment (pip install 'bpy==5.0.*', Python 3.11), "
        "or set ANASTYLOSIS_BLENDER to a blender executable (4.2 or newer) or to a Python that has bpy."
    )


def _inspect(wish: str, origin: str) -> Blender:
    executable = shutil.which(wish)
    if executable is None:
        raise BlenderNotFoundError(f"{wish} ({origin}) is no executable file: name a blender, or a Python that has bpy.")
    try:
        answer = _asked(executable, "--version")
        words = answer.stdout + answer.stderr
        if re.search(r"^Blender \d", words, re.MULTILINE):
            return Blender(Path(executable), False, origin)
        probe = "import importlib.util, sys; sys.exit(importlib.util.find_spec('bpy') is None)"
        if words.startswith("Python") and not _asked(executable, "-c", probe).returncode:
            return Blender(Path(executable), True, origin)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BlenderNotFoundError(f"{executable} ({origin}) did not say its version ({error}): name another one.") from error
    raise BlenderNotFoundError(
        f"{executable} ({origin}) is neither a Blender nor a Python that has bpy (pip install 'bpy==5.0.*')."
    )


def _asked(executable: str, *arguments: str) -> subprocess.CompletedProcess:
    command = [executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)  # noqa: S603


def render(job: dict, on_progress: Callable[[Progress], None] | None = None, *, blender: Blender | None = None) -> dict:
    """Render one scene.

    Args:
        job: "glb" and "scene" (paths), and what differs from JOB_DEFAULTS. "out" is a folder that does not exist or is
            empty; without it a temporary folder is made, which then belongs to the caller.
        on_progress: called at least twice a second; whatever it raises cancels the render.
        blender: where to render; found by `find_blender` when left out.
    Returns: {"folder": Path, "picture": Path, "evidence": Path, "ai": Path, "film": Path | None, "blend": Path | None,
        "levels": {"1": share of the picture, …}, "ai_share", "background_share", "exposure_stops", "mean", "clipped_share",
        "seconds", "blender": version}. `mean` is 0…255, shares are 0…1.
    Raises: RenderJobError, RenderFailedError, BlenderNotFoundError. KeyboardInterrupt and what `on_progress` raises pass
        through, after the child has ended (SIGTERM, two seconds, SIGKILL) and everything it wrote is gone.
    """
    job = {**JOB_DEFAULTS, **job}
    _check(job)
    job |= {key: str(Path(job[key]).resolve()) for key in ("glb", "scene")}  # the child has a working folder of its own
    blender = blender or find_blender()
    out = Path(job.get("out") or tempfile.mkdtemp(prefix="anastylosis-render-")).resolve()
    if out.exists() and any(out.iterdir()):
        raise RenderJobError(f"{out} is not empty, so nothing was rendered: name a new folder.")
    out.mkdir(parents=True, exist_ok=True)
    try:
        done = run_job({**job, "out": str(out)}, blender, on_progress)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise
    files = {name: out / file if file else None for name, file in done.pop("files").items()}
    return {"folder": out, **files, **done}


def run_job(job: dict, blender: Blender, on_progress: Callable[[Progress], None] | None = None) -> dict:
    """Let Blender do a job in a scratch folder of its own; what its last line said. Raises as `render` does."""
    with tempfile.TemporaryDirectory(prefix="anastylosis-blender-", ignore_cleanup_errors=True) as scratch:
        return _run(job, blender, Path(scratch), on_progress)


def _check(job: dict) -> None:
    complaints = [f"there is no {job.get(key)}" for key in ("glb", "scene") if not Path(job.get(key) or "?").is_file()]
    if job["camera"] not in CAMERAS:
        complaints.append(f"{job['camera']!r} is no camera: choose one of {', '.join(CAMERAS)}")
    for name, (least, most) in LIMITS.items():
        if not least <= int(job[name]) <= most:
            complaints.append(f"{name} is {job[name]}, and must lie between {least} and {most}")
    if job["camera"] == "turntable" and (job["width"] % 2 or job["height"] % 2):
        complaints.append(f"a film of {job['width']}×{job['height']} cannot be encoded as H.264: both sides must be even")
    if job["camera"] == "dome" and job["width"] != job["height"]:
        complaints.append(f"a dome master is square, not {job['width']}×{job['height']}")
    if complaints:
        raise RenderJobError("Nothing was rendered: " + "; ".join(complaints) + ".")


def _run(job: dict, blender: Blender, scratch: Path, on_progress) -> dict:
    job_file = scratch / "job.json"
    job_file.write_text(json.dumps(job))
    # Settings, caches and extensions of the person's own Blender stay out of it, and are not written to either.
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(scratch / "resources"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["TMPDIR"] = str(scratch)  # Blender's own temporary files go when the scratch folder goes, however it ends
    environment.pop("PYTHONPATH", None)
    with (scratch / "stderr.txt").open("w+", errors="replace") as stderr:
        child = subprocess.Popen(  # noqa: S603 - our own script, and a Blender that the user named or installed
            blender.command(RENDER_SCRIPT, str(job_file)),
            stdout=subprocess.PIPE,
            stderr=stderr,
            stdin=subprocess.DEVNULL,
            env=environment,
            cwd=scratch,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the child in order
        )
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_read, args=(child.stdout, lines), daemon=True).start()
        try:
            done = _follow(lines, on_progress)
            code = child.wait(timeout=30)
        finally:
            _stop(child)
        if done is None or code:
            stderr.seek(0)
            raise RenderFailedError(_reason(stderr.read(), code, blender))
        return done


def _read(stream, lines: queue.Queue) -> None:
    for line in stream:
        lines.put(line.decode("utf-8", "replace"))
    lines.put(None)


def _follow(lines: queue.Queue, on_progress) -> dict | None:
    """Hand progress on, at least every HEARTBEAT_SECONDS, until the child closes its end; what its last line said."""
    start, done = time.monotonic(), None
    stage, step, total, stage_start = "starting", 0, 0, start
    while True:
        try:
            line = lines.get(timeout=HEARTBEAT_SECONDS)
            if line is None:
                return done
            event = _event(line)
            if event.get("event") == "done":
                done = {key: value for key, value in event.items() if key != "event"}
            if event.get("event") == "progress":
                if event["stage"] != stage:
                    stage, stage_start = event["stage"], time.monotonic()
                step, total = event["done"], event["total"]
        except queue.Empty:
            pass
        if on_progress:
            now = time.monotonic()
            remaining = (now - stage_start) / step * (total - step) if 0 < step <= total else None
            on_progress(Progress(stage, step, total, now - start, remaining))


def _event(line: str) -> dict:
    # A blender executable prints its name and version to the same pipe before our script can take the pipe over.
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _stop(child: subprocess.Popen) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    if child.stdout:
        child.stdout.close()


def _reason(stderr: str, code: int | None, blender: Blender) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    last = next((line for line in reversed(lines) if re.match(r"[\w.]*(Error|Exception)\b", line)), lines[-1] if lines else "")
    ending = f"ended with code {code}" if code is None or code >= 0 else f"was ended by signal {-code}"
    return f"Blender ({blender.executable}, {blender.origin}) {ending} and left no picture: {last or 'it gave no reason'}"
