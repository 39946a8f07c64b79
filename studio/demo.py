"""The demonstration: the whole road on sample works that the project draws itself, and a page that shows it all."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from provenance.draft import Document, Draft, Picture
from provenance.home import Home
from provenance.release import Release, check_folder, release
from studio.render import render_scene
from studio.restore import restore
from studio.scene import build_scene
from studio.speculate import speculate
from studio.verify import exit_code, verdict_lines, verdicts

OURS = "http://creativecommons.org/publicdomain/zero/1.0/"  # the generator's drawings are nobody's property
COINS_WIDTH_M = 0.42  # the photograph shows 24 coins of about 25 mm and the gaps between them
PANEL_WIDTH_M = 0.152


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
    verdict_lines: list[str] = field(default_factory=list)
    exit_code: int = 0

    @property
    def page(self) -> Path:
        """The page to open first."""
        return self.folder / "index.html"

    def to_json(self) -> dict:
        """Plain JSON values."""
        steps = [{"title": step.title, "seconds": round(step.seconds, 1)} for step in self.steps]
        return {"page": str(self.page), "steps": steps, "exit_code": self.exit_code}


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
    chapters: list[Chapter] = []
    plan = list(_plan(stage, home, size))
    with _timed(outcome, "Draw the sample works"):
        samples = release(_samples(seed), stage / "samples", home)
    chapters.append(
        Chapter(
            "Sample works",
            "samples/panel.png",
            "Drawn by the generator",
            "No model had a hand in these.",
            _picture(samples, "panel.png"),
        )
    )
    for number, (title, name, kind, gist, run) in enumerate(plan, 1):
        with _timed(outcome, title):
            made = run()
        if on_progress is not None:
            on_progress(number, len(plan))
        if kind:
            shown = next(file.name for file in made.files if file.media_type.startswith("image/"))
            chapters.append(Chapter(title, f"{name}/index.html", kind, gist, _picture(made, shown), made.record["levels"]))
    return chapters


def _plan(stage: Path, home: Home, size: dict) -> Iterator[tuple[str, str, str, str, Callable[[], Release]]]:
    """(title, folder, kind of card or "", what it shows, what makes it)."""
    samples = stage / "samples"
    panel, facade = samples / "panel.png", samples / "facade.png"
    yield (
        "A panel, restored",
        "restored",
        "Proposal for a restoration",
        "The safest of three answers; every pixel outside the mask is the scan's own.",
        lambda: restore(panel, stage / "restored", home=home, mask=samples / "panel-mask.png", hypotheses=3),
    )
    yield (
        "A façade that was never built",
        "variants",
        "Speculation",
        "Three variants after the drawing, in the panel's palette, each measured against the drawing's lines.",
        lambda: speculate(facade, stage / "variants", home=home, reference=panel, variants=3),
    )
    scenes = (
        (
            "coins",
            "Coins of Pompeii",
            "A relief raised from a photograph's tones.",
            samples / "coins.png",
            {"kind": "relief", "width_m": COINS_WIDTH_M},
        ),
        (
            "house",
            "The façade in metres",
            "Extruded from the drawing by its own scale bar.",
            facade,
            {"kind": "facade", "read_scale_bar": True},
        ),
        (
            "plan",
            "The plan in metres",
            "Walls raised from the plan.",
            samples / "plan.png",
            {"kind": "plan", "read_scale_bar": True},
        ),
        (
            "room",
            "The restored panel on a wall",
            "Hung at its true size.",
            stage / "restored" / "restored.png",
            {"kind": "gallery", "width_m": PANEL_WIDTH_M},
        ),
    )
    for name, title, gist, source, asked in scenes:
        scene = stage / f"{name}-scene"
        yield (
            f"{title}: scene",
            scene.name,
            "",
            "",
            lambda source=source, scene=scene, asked=asked: build_scene(source, scene, home=home, **asked),
        )
        render = stage / name
        yield title, name, "Scene", gist, lambda scene=scene, render=render: render_scene(scene, render, home=home, **size)


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
