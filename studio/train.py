"""An institution's own model: the bundled one, trained further on its pictures, on its machine, and sealed."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.draft import Document, Draft, Picture
from provenance.home import Home
from studio.collection import Collection, Entry, open_collection
from studio.model_card import Judgement, card, datasheet, images_csv, judged

if TYPE_CHECKING:  # torch takes seconds, and a wrong call should fail at once
    from pipelines.training.data import Material
    from pipelines.training.own import Figures
    from pipelines.training.train import Config
    from provenance.release import Release

Tick = Callable[[int, int], None]
Phase = Callable[[str], AbstractContextManager[Tick]]

MINUTES = 30.0  # when neither steps nor minutes are asked for
OF_THE_TIME = 0.9  # is planned for: a machine that becomes busy still ends its plan
SHOWN = 6  # pictures on the sample sheet


@contextmanager
def silent(_title: str) -> Iterator[Tick]:
    """A phase that nobody watches."""
    yield lambda _done, _total: None


@dataclass(frozen=True)
class Wish:
    """What was asked for; decides the weights together with the pictures.

    Attributes:
        start: "bundled", a model folder, or "nothing".
        steps: of training; None takes as many as fit into `minutes`.
        minutes: of training; None when `steps` is given.
        seed: of everything that is drawn.
        held_out: share of the files that is kept apart, 0…0.5.
        plan: "cpu", "gpu" or "tiny": the size of crops and batches, and of a network that starts from nothing.
        rights: statement for all pictures, or None.
        strict_rights: leave out also what nobody stated the rights of.
    """

    start: str = "bundled"
    steps: int | None = None
    minutes: float | None = None
    seed: int = 0
    held_out: float = 0.1
    plan: str = "cpu"
    rights: str | None = None
    strict_rights: bool = False


@dataclass(frozen=True)
class Trained:
    """What came of it: the Release, the figures (None when no picture was kept apart), what they say, and what was left out."""

    release: Release
    figures: Figures | None
    judgement: Judgement
    collection: Collection
    steps: int
    weights_sha256: str

    def to_json(self) -> dict:
        """Plain JSON values."""
        return {
            "folder": str(self.release.folder),
            "leaf": self.release.leaf,
            "weights_sha256": self.weights_sha256,
            "steps": self.steps,
            "trained_on": len(self.collection.trained),
            "held_out": len(self.collection.held_out),
            "left_out": [{"name": name, "why": why} for name, why in self.collection.left_out],
            "figures": self.figures.to_json() if self.figures else None,
            "is_better": self.judgement.is_better,
            "judgement": self.judgement.text,
        }


def train(images: list[Path], out: Path, wish: Wish, *, home: Home, threads: int = 1, phase: Phase = silent) -> Trained:
    """Train a model on pictures and seal it as a folder that `restore --model` takes.

    Nothing leaves the machine. The run is kept in the Home until it is sealed: after Ctrl-C or a power cut the same call goes
    on from the last checkpoint, as long as pictures and wish are the same.

    Args:
        images: folders and files.
        out: folder of the model; must not exist yet, or be empty.
        wish: what decides the weights.
        home: whose log and keys seal it.
        threads: of the CPU's arithmetic, or processes that make batches beside a GPU.
        phase: gives a context for a title, and that a callback for (done, total).

    Returns:
        Trained.

    Raises:
        StudioError, PipelineError or ProvenanceError, before anything stands in `out`.
    """
    from provenance.release import check_folder

    # 1. Open the pictures, and refuse what may not be done before anything is trained.
    check_folder(out)
    with phase("Opening pictures") as tick:
        collection = open_collection(
            images,
            rights=wish.rights,
            strict_rights=wish.strict_rights,
            held_out=wish.held_out,
            seed=wish.seed,
            on_progress=tick,
        )
    run = Run(collection, wish, home, threads)

    # 2. Train: from the last checkpoint, where there is one.
    config, examples = run.learnt(phase)

    # 3. Measure on what was kept apart, and say what came of it.
    figures = run.measured(config, phase) if collection.held_out else None
    judgement = judged(figures, run.started_from)
    sheet = run.sheet(config, examples)
    release, digest = _sealed(run, config, figures, judgement, sheet, out, home)
    shutil.rmtree(run.folder)
    return Trained(release, figures, judgement, collection, release.record["request"]["steps"], digest)


class Run:
    """One training run, kept in the Home between calls.

    Attributes:
        folder: checkpoint, averaged weights and log; named after all that decides the weights, so that another wish or another
            picture begins another run.
    """

    def __init__(self, collection: Collection, wish: Wish, home: Home, threads: int):
        from pipelines.bundled import bundled_folder, weights_digest
        from pipelines.training.own import start_weights
        from provenance.record import canonical, digest

        self.collection, self.wish, self.threads = collection, wish, threads
        source = {"bundled": bundled_folder(), "nothing": None}.get(wish.start, Path(wish.start))
        self.started_from = wish.start if wish.start in ("bundled", "nothing") else Path(wish.start).resolve().name
        self.start_sha256 = weights_digest(source) if source else ""
        self.shape, self.before = start_weights(source) if source else (None, None)
        limit = {"steps": wish.steps, "minutes": _minutes(wish)}
        self.request = {
            "operation": "train",
            "pictures_sha256": collection.digest(),
            "start": self.started_from,
            "start_sha256": self.start_sha256,
            "plan": wish.plan,
            "seed": wish.seed,
            "held_out": wish.held_out,
            **{name: value for name, value in limit.items() if value is not None},
        }
        self.folder = home.folder / "training" / digest(canonical(self.request))[:16]

    def log(self) -> list[dict]:
        """Lines of the training log, the last one of each step."""
        path = self.folder / "log.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return list({line["step"]: line for line in lines}.values())

    def learnt(self, phase: Phase) -> tuple[Config, Material]:
        """Run the plan to its end; which it was, and what it learnt from. The weights lie in the run's folder."""
        from pipelines.training.own import begin_with, material
        from pipelines.training.train import train as learn

        with phase("Drawing damage"):
            pieces = [piece for entry in self.collection.trained for piece in entry.pieces]
            examples = material(pieces, self.wish.seed, self._plan(1).masks)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        start = begin_with(self.before, self.folder) if self.before is not None else None
        steps = self._steps(examples, start, phase)
        config = self._plan(steps)
        began, minutes = time.monotonic() - self._spent(), _minutes(self.wish)
        with phase("Training") as tick:

            def on_step(done: int, total: int) -> bool:
                tick(done, total)
                return minutes is not None and time.monotonic() - began > 60 * minutes

            learn(config, examples, self.folder, start, notes={"planned_steps": steps}, on_step=on_step)
        return config, examples

    def measured(self, config: Config, phase: Phase) -> Figures:
        """Figures of the new weights, those before and the prefill, on the pictures kept apart."""
        from pipelines.training.own import measure, network_of

        networks = {"before": network_of(config, self.before)} if self.before is not None else {}
        networks["after"] = network_of(config, self.weights())
        with phase("Measuring") as tick:
            return measure(networks, {e.sha256: e.pieces for e in self.collection.held_out}, self.wish.seed, tick)

    def sheet(self, config: Config, examples: Material) -> Picture:
        """Windows of a few pictures kept apart, or trained on when there are none, filled by the new weights."""
        from pipelines.training.own import with_pictures
        from pipelines.training.sheet import sheet

        pieces = [piece for entry in self.shown() for piece in entry.pieces]
        pixels, by_network = sheet(self.weights(), config, with_pictures(examples, pieces))
        return Picture("sheet.png", pixels, "overlay", ai=by_network)

    def shown(self) -> tuple[Entry, ...]:
        """Whose windows the sheet may show."""
        return (self.collection.held_out or self.collection.trained)[:SHOWN]

    def weights(self) -> dict:
        """The averaged weights, rounded to the 16 bits that they are stored with: what is measured is what is sealed."""
        from safetensors.torch import load_file

        return {name: value.half().float() for name, value in load_file(self.folder / "average.safetensors").items()}

    def _plan(self, steps: int) -> Config:
        from pipelines.training.own import plan_of

        return plan_of(self.wish.plan, steps, seed=self.wish.seed, threads=self.threads, shape=self.shape)

    def _spent(self) -> float:
        lines = self.log()
        return lines[-1]["seconds"] if lines else 0.0

    def _steps(self, examples, start: Path | None, phase: Phase) -> int:
        """As asked for, as the run began, or as many as this machine seems to manage in the time."""
        if self.wish.steps is not None:
            return self.wish.steps
        known = self.folder / "config.json"
        if known.exists():
            return json.loads(known.read_text())["planned_steps"]
        from pipelines.training.own import seconds_per_step

        with phase("Timing this machine") as tick:
            seconds = seconds_per_step(self._plan(1), examples, start, tick)
        return max(1, int(60 * OF_THE_TIME * (_minutes(self.wish) or MINUTES) / seconds))


def _minutes(wish: Wish) -> float | None:
    return (wish.minutes or MINUTES) if wish.steps is None else None


def _sealed(
    run: Run, config: Config, figures: Figures | None, judgement: Judgement, sheet: Picture, out: Path, home: Home
) -> tuple[Release, str]:
    """Seal weights, scheduler and papers as three Releases, one inside the other, and move them into place at once."""
    from dataclasses import asdict

    from pipelines.bundled import weights_digest
    from pipelines.training.own import save_model
    from provenance.release import release

    weights, log = run.weights(), run.log()
    out = Path(out).absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryDirectory(prefix=f".{out.name}.unsealed-", dir=out.parent) as stage,
    ):
        made, staged = Path(scratch), Path(stage) / "model"
        save_model(config, weights, made)
        digest = weights_digest(made)
        facts = {
            "name": out.name,
            "started_from": run.started_from,
            "start_sha256": run.start_sha256,
            "weights_sha256": digest,
            "parameters": sum(value.numel() for value in weights.values()),
            "pictures": len(run.collection.trained),
            "steps": config.steps(),
            "config": asdict(config),
        }
        papers = {
            "README.md": ("text/markdown", card(facts, log, figures, judgement)),
            "DATASHEET.md": ("text/markdown", datasheet(run.collection, run.wish.rights, run.wish.held_out)),
            "images.csv": ("text/csv", images_csv(run.collection)),
            "training-log.jsonl": ("application/jsonl", "".join(json.dumps(line) + "\n" for line in log)),
            "model_index.json": ("application/json", (made / "model_index.json").read_text()),
        }
        files = [Document(name, kind, "report", contains_ai=False, data=text.encode()) for name, (kind, text) in papers.items()]
        sealed = release(
            Draft(
                operation="train",
                request=run.request | {"steps": log[-1]["step"]},
                files=(*files, sheet),
                sources=tuple(entry.note for entry in run.shown()),
                model={"id": out.name, "weights_sha256": digest, "licence": "decided by the pictures' rights: DATASHEET.md"},
                findings={
                    "weights_sha256": digest,
                    "judgement": judgement.text,
                    "figures": figures.to_json() if figures else {},
                    "trained_on": len(run.collection.trained),
                    "held_out": len(run.collection.held_out),
                    "left_out": len(run.collection.left_out),
                },
            ),
            staged,
            home,
        )
        for part in ("network", "scheduler"):
            release(_part(made / part, run.request | {"weights_sha256": digest, "part": part}), staged / part, home)
        staged.rename(out)
    from dataclasses import replace

    return replace(sealed, folder=out), digest


def _part(folder: Path, request: dict) -> Draft:
    """Configuration and weights of one part of the model; a network is no picture, so its files are known by digest."""
    kinds = {".json": "application/json"}
    files = tuple(
        Document(path.name, kinds.get(path.suffix, "application/octet-stream"), "model", contains_ai=False, path=path)
        for path in sorted(folder.iterdir())
    )
    return Draft(operation="train", request=request, files=files)
