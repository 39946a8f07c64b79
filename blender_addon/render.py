"""Render one scene. Runs in Blender's process, once per process: `python render.py job.json`, or `blender … -- job.json`.

Speaks JSON lines on a private copy of fd 1: "ready", "progress", "done". Needs nothing but Blender's own Python with numpy.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
PACKAGE = "anastylosis_scene"
GROUND_KINDS = {"ground", "floor"}
BESIDE_KINDS = {"document", "label"}


class Pipe:
    """The parent's end of the talk; everything that Blender's C code prints goes to stderr instead."""

    def __init__(self):
        self._stream = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)  # before bpy is imported: its C code prints to fd 1, which redirect_stdout cannot catch
        self._lock = threading.Lock()

    def say(self, event: str, **fields) -> None:
        """Write one line."""
        with self._lock:
            self._stream.write(json.dumps({"event": event, **fields}) + "\n")
            self._stream.flush()

    def stage(self, name: str, done: int = 0, total: int = 0) -> None:
        """Say how far the work is."""
        self.say("progress", stage=name, done=done, total=total)


def main() -> None:
    """Take the job from the command line, render, and leave without Blender's teardown, which is slow and can crash."""
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    job = SimpleNamespace(**json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    pipe = Pipe()
    code = 0
    try:
        render(job, pipe)
    except Exception:  # noqa: BLE001 - the border of the process: the parent reads the reason from stderr
        import traceback

        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)


def render(job: SimpleNamespace, pipe: Pipe) -> None:
    """Write what the job asks for into its folder, and say what was measured."""
    start = time.monotonic()
    bpy, package = _start(pipe)
    if job.camera == "elevation":
        package("elevation").photograph(job, pipe, partial(pipe.say, "done"))
        return
    cameras, lighting, passes, compatibility = (package(name) for name in ("cameras", "lighting", "passes", "compatibility"))
    out = Path(job.out)
    scene = bpy.context.scene
    model = package("scenes.model").SceneModel.from_json(Path(job.scene).read_text(encoding="utf-8"))

    pipe.stage("importing")
    solids = _import(bpy, compatibility, job.glb, model)
    _settings(scene, job, compatibility)
    subject = cameras.Subject.of(model, _bounds(solids))
    stage = _light(scene, model, lighting, subject, solids)
    eye = cameras.place(scene, subject, job.camera, job.width, job.height, job.frames)
    _leave_out_cut_sheets(solids, subject, eye)

    pipe.stage("exposure")
    stops = _exposure(scene, lighting, job, out, stage)
    lighting.expose(scene, stops, stage)

    files = {"picture": "render.png", "evidence": "evidence.png", "ai": "ai.png", "film": None, "blend": None}
    picture = out / files["picture"]
    pipe.stage("picture", 0, job.samples)
    compatibility.write_picture(scene.render.image_settings)
    scene.render.filepath = str(picture)
    with _samples(bpy, pipe, job.samples):
        bpy.ops.render.render(write_still=True)
    stops = lighting.hold_back(scene, picture, stops)
    if job.camera == "turntable":
        files["film"] = _film(bpy, scene, compatibility, job, pipe)
    if job.blend:
        pipe.stage("saving")
        files["blend"] = _save(bpy, scene, out, compatibility)

    pipe.stage("evidence")
    measured = lighting.measure(picture)
    levels, ai = _evidence(bpy, scene, passes, solids, out)
    pipe.say(
        "done",
        files=files,
        levels={str(number): float((levels == number).mean()) for number in range(1, 8) if (levels == number).any()},
        background_share=float((levels == 0).mean()),
        ai_share=float(ai.mean()),
        exposure_stops=round(stops, 3),
        **measured,
        camera=eye.report(),
        seconds=round(time.monotonic() - start, 3),
        blender=bpy.app.version_string,
    )


def _start(pipe: Pipe):
    """Import bpy, empty its file, and return it with a function that imports the modules beside this file.

    They come through a name of their own and not through sys.path: the folder above may be a whole environment whose numpy
    does not suit a Blender of another Python, and this folder's `operators` must not be taken for somebody else's.
    """
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry).resolve() != HERE]
    spec = importlib.util.spec_from_file_location(PACKAGE, HERE / "__init__.py", submodule_search_locations=[str(HERE)])
    sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[PACKAGE])
    import bpy

    # Python's own handlers would wait for the render to end; the system's end the process in the middle of it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()

    def package(name: str):
        return importlib.import_module(f"{PACKAGE}.{name}")

    compatibility = package("compatibility")
    compatibility.empty_file()
    compatibility.enable_addon("cycles")
    compatibility.enable_addon("io_scene_gltf2")
    pipe.say("ready", blender=bpy.app.version_string)
    return bpy, package


def _end_with_parent(parent: int) -> None:
    """A parent that was killed cannot end its child; nobody would wait for this picture any more."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _import(bpy, compatibility, glb: str, model) -> list[SimpleNamespace]:
    """Import the GLB; each mesh object with what scene.json says about it, joined by id and not by name."""
    bpy.ops.import_scene.gltf(filepath=glb)
    said = {solid.id: solid for solid in model.solids}
    solids = []
    for thing in bpy.context.scene.objects:
        if thing.type == "LIGHT":  # scene.json has the lamps in watts and metres; the GLB's would come on top
            thing.hide_render = True
        if thing.type == "MESH":
            solids.append(SimpleNamespace(thing=thing, said=said.get(thing.get("id") or thing.name)))
    bpy.context.view_layer.update()
    for one in solids:
        if one.said and one.said.kind == "lamp":
            _glow(compatibility, one.thing)
    for material in bpy.data.materials:
        node = compatibility.find_node(material.node_tree, "TEX_IMAGE") if material.node_tree else None
        if node and node.image:
            node.interpolation = "Cubic"  # a picture enlarged on a wall: no facets between its pixels
    return solids


def _glow(compatibility, thing) -> None:
    """A lamp's glass shines softly, for the eye; its light comes from the Light beside it."""
    for slot in thing.material_slots:
        node = compatibility.find_node(slot.material.node_tree, "BSDF_PRINCIPLED") if slot.material else None
        if node and "Emission Strength" in node.inputs:
            node.inputs["Emission Color"].default_value = node.inputs["Base Color"].default_value
            node.inputs["Emission Strength"].default_value = 1.5


def _leave_out_cut_sheets(solids: list[SimpleNamespace], subject, eye) -> None:
    """A drawing or label beside the scene that the frame would cut stays out of the picture; one below the walls stays."""
    low, high = subject.points.min(axis=0), subject.points.max(axis=0)
    for one in solids:
        if one.said and one.said.kind in BESIDE_KINDS:
            sheet = _corners([one.thing])
            beside = not ((low <= sheet.mean(axis=0)) & (sheet.mean(axis=0) <= high))[:2].all()
            one.thing.hide_render = beside and not eye.sees_all(sheet)


def _settings(scene, job: SimpleNamespace, compatibility) -> None:
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = job.width, job.height, 100
    render.threads_mode, render.threads = ("FIXED", job.threads) if job.threads else ("AUTO", render.threads)
    render.use_persistent_data = True  # several passes from one acceleration structure
    for name in dir(render):
        if name.startswith("use_stamp"):  # dates, host names and paths have no place in a picture's metadata
            setattr(render, name, False)
    cycles.device, cycles.samples, cycles.seed, cycles.use_adaptive_sampling = "CPU", job.samples, job.seed, False
    cycles.use_denoising = job.denoise
    compatibility.set_if_there(
        cycles, denoiser="OPENIMAGEDENOISE", denoising_input_passes="RGB_ALBEDO_NORMAL", denoising_prefilter="ACCURATE"
    )
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect, cycles.blur_glossy = 8.0, 1.0
    cycles.max_bounces, cycles.diffuse_bounces = 8, 4
    # AgX, the default, would change every colour of the picture on the wall.
    scene.view_settings.view_transform, scene.view_settings.look = "Standard", "None"


def _bounds(solids: list[SimpleNamespace]):
    """float64 [N, 3]: the corners of everything that is neither ground nor a sheet shown beside the scene, metres."""
    standing = [one.thing for one in solids if not (one.said and one.said.kind in GROUND_KINDS | BESIDE_KINDS)]
    return _corners(standing or [one.thing for one in solids])


def _corners(things: list):
    import numpy as np

    return np.array([thing.matrix_world @ type(thing.location)(corner) for thing in things for corner in thing.bound_box])


def _light(scene, model, lighting, subject, solids: list[SimpleNamespace]):
    lighting.lamps(scene.collection, model.lights)
    if not model.lights:
        lighting.sun(scene, subject.view.azimuth)
    indoors = any(light.kind != "sun" for light in model.lights)
    lighting.sky(scene, lighting.SKY_BESIDE_LAMPS if indoors else lighting.SKY_STRENGTH)
    if subject.room_m is not None:
        return None
    lowest = min(float(_corners([one.thing for one in solids])[:, 2].min()), subject.lowest)
    return lighting.ground(scene, lowest, subject.centre, subject.radius)


def _exposure(scene, lighting, job: SimpleNamespace, out: Path, stage) -> float:
    """One exposure for the whole film: that of the brightest of four sides; a still has one side."""
    quarters = {1 + job.frames * quarter // 4 for quarter in range(4)} if job.camera == "turntable" else {1}
    found = []
    for frame in sorted(quarters, reverse=True):
        scene.frame_set(frame)
        found.append(lighting.exposure(scene, out, job.seed, stage))
    return min(found)


@contextlib.contextmanager
def _samples(bpy, pipe: Pipe, samples: int):
    """Pass on what Blender says of its samples, which is seldom, while the picture is rendered."""

    def report(text, *_):
        found = re.search(r"Sample (\d+)/(\d+)", str(text))
        if found and int(found[2]) == samples:
            pipe.stage("picture", int(found[1]), samples)

    bpy.app.handlers.render_stats.append(report)
    yield
    bpy.app.handlers.render_stats.remove(report)


def _film(bpy, scene, compatibility, job: SimpleNamespace, pipe: Pipe) -> str:
    """A film of one turn; the pose is keyed at every frame, so that no interpolation has a say."""
    scene.frame_start, scene.frame_end, scene.render.fps = 1, job.frames, job.fps
    compatibility.write_film(scene.render)
    scene.render.filepath = str(Path(job.out) / "film.mp4")
    scene.render.use_file_extension = False

    def report(*_):
        pipe.stage("film", scene.frame_current, job.frames)

    bpy.app.handlers.render_write.append(report)
    pipe.stage("film", 0, job.frames)
    bpy.ops.render.render(animation=True)
    bpy.app.handlers.render_write.remove(report)
    scene.render.use_file_extension = True
    scene.frame_set(1)
    return "film.mp4"


def _save(bpy, scene, out: Path, compatibility) -> str:
    """scene.blend with its pictures inside, and without a path of this machine in it."""
    compatibility.write_picture(scene.render.image_settings)
    scene.render.filepath = "//render.png"
    bpy.ops.file.pack_all()
    for image in bpy.data.images:
        image.filepath_raw = f"//{Path(image.filepath_raw).name}" if image.filepath_raw else ""
    for screen in bpy.data.screens:  # an open file browser remembers this user's home folder
        for space in (space for area in screen.areas for space in area.spaces if space.type == "FILE_BROWSER"):
            if space.params:
                space.params.directory = b"//"
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "scene.blend"), compress=True, check_existing=False)
    return "scene.blend"


def _evidence(bpy, scene, passes, solids: list[SimpleNamespace], out: Path):
    for one in solids:
        level = one.said.level if one.said else int(one.thing.get("level", 0))
        author = one.said.author if one.said else one.thing.get("author")
        passes.mark(one.thing, passes.face_levels(one.thing.data, level), author == "AI")
    return passes.evidence(scene, bpy.context.view_layer, out)


if __name__ == "__main__":
    main()
