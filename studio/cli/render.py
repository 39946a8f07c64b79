"""`anastylosis render`."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from studio.cli.arguments import HomeFolder, Out, Seed, Tsa, TsaOptional, home_of
from studio.cli.outcome import Json, progress, tell


class Camera(StrEnum):
    """How the scene is looked at."""

    still = "still"
    turntable = "turntable"
    equirect = "equirect"
    dome = "dome"


def _size(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{1,4}[x×][1-9]\d{1,4}", text):
        raise typer.BadParameter(f"{text} is no size: give width x height in pixels, such as 1280x720.")
    return text.replace("×", "x")


def render(
    scene: Annotated[Path, typer.Argument(help="Folder of a scene release, or its scene.json.", metavar="SCENE")],
    out: Out,
    size: Annotated[str, typer.Option(help="Width x height in pixels.", callback=_size, metavar="WxH")] = "960x540",
    samples: Annotated[int, typer.Option(min=1, max=4096, help="Cycles samples per pixel.")] = 32,
    camera: Annotated[Camera, typer.Option(help="still, turntable (MP4), equirect (2:1) or dome (square).")] = Camera.still,
    blend: Annotated[bool, typer.Option("--blend", help="Keep the .blend file.")] = False,
    blender: Annotated[
        Path | None, typer.Option(help="A blender executable, or a Python that has bpy.", envvar="ANASTYLOSIS_BLENDER")
    ] = None,
    seed: Seed = 0,
    tsa: Tsa = None,
    tsa_optional: TsaOptional = False,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Render SCENE with Blender, together with its evidence pass.

    Example: anastylosis render house --size 1280x720 --samples 64 -o house-render
    """
    from studio.cli.summary import summary, summary_lines
    from studio.render import render_scene

    width, height = (int(number) for number in size.split("x"))
    with progress("Rendering") as on_progress:
        release = render_scene(
            scene,
            out,
            width=width,
            height=height,
            samples=samples,
            camera=camera.value,
            blend=blend,
            blender=blender,
            seed=seed,
            home=home_of(home, tsa, tsa_optional),
            on_progress=on_progress,
        )
    tell(json, summary(release), summary_lines(release))
