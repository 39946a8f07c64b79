"""The demonstration: the whole road on sample works that the project draws itself, and a page that shows it all."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from blender_addon.errors import BlenderNotFoundError
from blender_addon.launch import find_blender
from provenance.draft import Document, Draft, Picture
from provenance.home import Home
from provenance.release import Release, check_folder, release
from studio.building import build_building
from studio.render import render_scene
from studio.restore import restore
from studio.scene import build_scene
from studio.speculate import speculate
from studio.verify import exit_code, verdict_lines, verdicts

OURS = "http://creativecommons.org/publicdomain/zero/1.0/"  # the generator's drawings are nobody's property
COINS_WIDTH_M = 0.42  # the photograph shows 24 coins of about 25 mm and the gaps between them
PANEL_WIDTH_M = 0.152
SCENE_CARDS = {
    "coins": ("Coins of Pompeii", "A relief raised from a photograph's tones."),
    "house": ("The façade in metres", "Extruded from the drawing by its own scale bar."),
    "plan": ("The plan in metres", "Walls raised from the plan."),
    "building": (
        "The house in metres",
        "Plan, elevation and section as one building; its front wears the first variant, all else is as drawn or by rule.",
    ),
    "room": ("The restored panel on a wall", "Hung at its true size."),
}


@dataclass(frozen=True)
class Step:
    """One part of the demonstration and how long it took."""

    title: str
    seconds: float


@dataclass
class Outcome:
    """What the demonstration left behind."""

    folder: Path
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    verdict_lines: list[str] = field(default_factory=list)
    exit_code: int = 0

    @property
    def page(self) -> Path:
        """The page to open first."""
        return self.folder / "index.html"

    def to_json(self) -> dict:
        """Plain JSON values."""
        steps = [{"title": step.title, "seconds": round(step.seconds, 1)} for step in self.steps]
        return {"page": str(self.page), "steps": steps, "notes": self.notes, "exit_code": self.exit_code}


def run_demo(
    out: Path, *, seed: int = 7, quick: bool = False, on_progress: Callable[[int, int], None] | None = None
) -> Outcome:
    """Draw, restore, speculate, build, render, seal and verify, with keys and a log of the folder's own.

    Args:
        out: folder; must not exist yet, or be empty. Nothing stands there until all is done.
        seed: of the sample works.
        quick: renders at a quarter of the size.

    Returns:
        Outcome, with the exit code of verifying the whole folder.
    """
    check_folder(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    outcome = Outcome(out)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.unfinished-", dir=out.parent) as scratch:
        stage = Path(scratch)
        chapters = _chapters(stage, Home(stage / "home"), seed, quick, outcome, on_progress)
        with _timed(outcome, "Seal the page"):
            release(_page(chapters), out, Home(stage / "home"))
        for part in sorted(stage.iterdir()):
            part.rename(out / part.name)
    with _timed(outcome, "Verify everything from outside"):
        found = verdicts(out, Home(out / "home"))
    outcome.verdict_lines, outcome.exit_code = verdict_lines(found)[-1:], exit_code(found)
    return outcome


def _chapters(stage: Path, home: Home, seed: int, quick: bool, outcome: Outcome, on_progress) -> list:
    """Every Release of the demonstration but its page, in `stage`; what the page shows of each."""
    from studio.report.page import Chapter

    size = {"width": 320, "height": 180, "samples": 8} if quick else {"width": 640, "height": 360, "samples": 16}
    with _timed(outcome, "Draw the sample works"):
        samples = release(_samples(seed), stage / "samples", home)
    drawn = "Drawn by the generator", "No model had a hand in these."
    chapters = [Chapter("Sample works", "samples/panel.png", *drawn, _picture(samples, "panel.png"))]
    parts = [*_pictures(stage, home), *_scenes(stage, home, size, outcome)]
    for number, part in enumerate(parts, 1):
        with _timed(outcome, part.title):
            made = part.run()
        if on_progress is not None:
            on_progress(number, len(parts))
        if part.kind:
            shown = next((file.name for file in made.files if file.media_type.startswith("image/")), None)
            picture = _picture(made, shown) if shown else None
            link, levels = f"{made.folder.name}/index.html", made.record["levels"]
            chapters.append(Chapter(part.title, link, part.kind, part.gist, picture, levels))
    return chapters


@dataclass(frozen=True)
class Part:
    """One Release of the demonstration: what makes it, and what its card says; no card without a kind."""

    title: str
    run: Callable[[], Release]
    kind: str = ""
    gist: str = ""


def _pictures(stage: Path, home: Home) -> list[Part]:
    """The panel restored, and the façade drawn as it was never built."""
    samples = stage / "samples"
    panel, mask, facade = (samples / name for name in ("panel.png", "panel-mask.png", "facade.png"))
    return [
        Part(
            "A panel, restored",
            lambda: restore(panel, stage / "restored", home=home, mask=mask, hypotheses=3),
            "Proposal for a restoration",
            "The safest of three answers; every pixel outside the mask is the scan's own.",
        ),
        Part(
            "A façade that was never built",
            lambda: speculate(facade, stage / "variants", home=home, references=[panel], variants=3),
            "Speculation",
            "Three variants after the drawing, in the panel's palette, each measured against the drawing's lines.",
        ),
    ]


def _scenes(stage: Path, home: Home, size: dict, outcome: Outcome) -> list[Part]:
    """Five scenes, each with its render; without a Blender the scenes alone, and a word about it."""
    try:
        find_blender()
        has_blender = True
    except BlenderNotFoundError as error:
        has_blender = False
        outcome.notes.append(f"Nothing was rendered. {error}")
    samples, by_bar = stage / "samples", {"read_scale_bar": True}
    sheets = [samples / f"{name}.png" for name in ("plan", "facade", "section")]
    asked = {
        "coins": partial(build_scene, samples / "coins.png", kind="relief", width_m=COINS_WIDTH_M),
        "house": partial(build_scene, samples / "facade.png", kind="facade", **by_bar),
        "plan": partial(build_scene, samples / "plan.png", kind="plan", **by_bar),
        "building": partial(_building, sheets, stage / "variants" / "variant-1.png", outcome),
        "room": partial(build_scene, stage / "restored" / "restored.png", kind="gallery", width_m=PANEL_WIDTH_M),
    }
    parts = []
    for name, how in asked.items():
        title, gist = SCENE_CARDS[name]
        scene, render = stage / f"{name}-scene", stage / name
        build = partial(how, scene, home=home)
        if has_blender:
            parts.append(Part(f"{title}: scene", build))
            parts.append(Part(title, partial(render_scene, scene, render, home=home, **size), "Scene", gist))
        else:
            parts.append(Part(title, build, "Scene", gist))
    return parts


def _building(sheets: Sequence[Path], variant: Path, outcome: Outcome, scene: Path, home: Home) -> Release:
    """The house that all three sheets show, wearing a variant; what is left for a person to decide is a note of it all."""
    made = build_building(sheets, scene, home=home, variant=variant)
    if reason := made.record["findings"].get("reason"):
        outcome.notes.append(f"The house in metres: {reason}")
    return made


def _samples(seed: int) -> Draft:
    """A panel, a building on three sheets, and the coins, as a Draft that holds no AI."""
    from studio.samples.ageing import age
    from studio.samples.building import building
    from studio.samples.coins import coins
    from studio.samples.painting import panel
    from studio.samples.sheets import elevation, plan, section

    painted, house = panel(seed), building(seed)
    files = [
        Picture("panel.png", painted.damaged, "sample", dpi=painted.dpi),
        Picture("panel-mask.png", painted.mask.astype(np.uint8) * 255, "mask"),
        Picture("panel-undamaged.png", painted.painting, "sample", dpi=painted.dpi),
    ]
    for name, draw in (("facade", elevation), ("plan", plan), ("section", section)):
        files.append(Picture(f"{name}.png", age(draw(house).image, seed)[0], "sample"))
    files.append(Picture("coins.png", coins(), "sample"))
    said = (
        "Panel and sheets were drawn by the project's own generator; anybody may use them (CC0).",
        "coins.png: Greek coins from Pompeii, Brooklyn Museum, as scikit-image carries it; no known copyright restrictions.",
    )
    request = {"operation": "sample", "seed": seed, "rights": OURS}
    return Draft(operation="sample", request=request, files=tuple(files), assumptions=said)


def _page(chapters: list) -> Draft:
    from studio.report.page import demo_page

    page = Document("index.html", "text/html", "page", contains_ai=False, data=demo_page(chapters).encode())
    return Draft(
        operation="page", request={"operation": "page", "chapters": [chapter.link for chapter in chapters]}, files=(page,)
    )


def _picture(made: Release, name: str) -> np.ndarray:
    from studio.sources import open_source

    return open_source(made.folder / name).pixels


@contextlib.contextmanager
def _timed(outcome: Outcome, title: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    outcome.steps.append(Step(title, time.monotonic() - began))
