"""How good is the bundled fill, beside what everybody has? Prints one JSON object.

    python tests/benchmarks/restoration.py --data SHARDS [--cache FOLDER] [--samples FOLDER] [--peer MIGAN_FOLDER]

SHARDS is what the model is trained on (`pipelines/training/corpus.py`); used are the pictures marked `holdout`, whose artists
were never trained on: one crop each, five families of damage drawn from the picture's name. SAMPLES holds
`paintings/NAME.jpg` (or .png, .webp) and `masks/NAME_KIND.png` (255 = lost). Every hole is grown by a pixel and overwritten
with a random colour before each call, so that nothing of the original can leak. What is measured: `pipelines/quality.py`.

Peers, in the same run: Telea and Navier–Stokes (OpenCV), biharmonic (scikit-image), FSR_FAST (OpenCV's contributed modules:
`pip install opencv-contrib-python-headless` into a folder that PYTHONPATH names), the pyramid harmonic that the model starts
from, and the mean of three of them; with --peer also MI-GAN, a generative fill. Their answers are kept in --cache and are no
worse for it; `cached` says how many were.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import cv2
import torch
from restoration_cases import FAMILIES, Case, held_out, museum
from restoration_doubt import doubt_row, doubt_table
from restoration_failures import chosen, draw
from restoration_lines import WIDE, guided, lines_table
from restoration_model import MODES, Model
from restoration_peers import Answer, Peer, answer, blend, migan, single_fills
from restoration_speed import equal, large, speed
from restoration_table import row, tables

from pipelines.training.corpus import rows as index_rows

MUSEUM_CROP_PX = 512


def asked(case: Case, peers: list[Peer], cache: Path | None) -> list[dict]:
    """The rows of all peers that can answer."""
    answers = {peer.name: found for peer in peers if (found := answer(peer, case, cache)) is not None}
    mean = blend(answers)
    return [row(case, name, of) for name, of in (answers | ({"mean_of_three": mean} if mean else {})).items()]


def filled(case: Case, model: Model, modes: Iterable[str]) -> tuple[list[dict], dict | None]:
    """The rows of the model and of its prefill, and what its doubt was worth."""
    rows, doubt = [row(case, "prefill", Answer(model.prefill(case), 0.0, False))], None
    for method in modes:
        found = model.fill(case, MODES[method])
        rows.append(row(case, method, Answer(found.pixels, found.seconds, False), filled_by=found.filled_by))
        if method == "model_mean" and found.error is not None:
            doubt = doubt_row(case, found.pixels, found.error)
    return rows, doubt


def compared(
    cases: Iterable[Case], peers: list[Peer], model: Model | None, options: argparse.Namespace
) -> tuple[list[dict], dict]:
    """Every case by every method. → rows, and the tables made of them."""
    rows, doubts, names = [], [], []
    for count, case in enumerate(cases):
        rows += asked(case, peers, options.cache)
        if model is not None:
            names += [case.name] if case.name not in names else []
            is_asked = names.index(case.name) % options.flow_every == 0
            of_model, doubt = filled(case, model, MODES if is_asked else ["model_mean"])
            rows += of_model
            doubts += [doubt] if doubt else []
        if count % 25 == 0:
            print(f"{count} {case.name} {case.family}", file=sys.stderr)
    found = {"crop": options.crop, "families": tables(rows)}
    if doubts:
        found["doubt"] = doubt_table(doubts)
    return rows, found


def beside_migan(options: argparse.Namespace, model: Model | None) -> dict:
    """MI-GAN and everybody else on the same subset of pictures."""
    peers = [*single_fills(), migan(options.peer)]
    cases = held_out(options.data, options.crop, options.peer_pictures, options.families)
    rows, found = compared(cases, peers, model, argparse.Namespace(**{**vars(options), "flow_every": 1}))
    return {"pictures": len({one["picture"] for one in rows}), **found}


def run(options: argparse.Namespace) -> dict:
    """Measure what was asked for; see the module's docstring."""
    cv2.setNumThreads(1)
    torch.set_num_threads(options.threads)
    model = None if options.peers_only else Model(options.model)
    found: dict = {
        "weights_sha256": model.digest if model else None,
        "versions": {name: version(name) for name in ("torch", "diffusers", "numpy", "scikit-image")}
        | {"opencv": cv2.__version__},
        "threads": options.threads,
    }
    rows: list[dict] = []
    if options.data and not options.skip_held_out:
        cases = held_out(options.data, options.crop, options.pictures, options.families)
        rows, found["held_out"] = compared(cases, single_fills(), model, options)
    if options.samples:
        cases = museum(options.samples, MUSEUM_CROP_PX, options.works)
        museum_options = argparse.Namespace(**{**vars(options), "crop": MUSEUM_CROP_PX, "flow_every": 1})
        _, found["museum"] = compared(cases, single_fills(), model, museum_options)
    if options.peer and options.data:
        found["migan"] = beside_migan(options, model)
    if model and options.data and options.line_pictures:
        cases = held_out(options.data, options.crop, options.line_pictures, WIDE)
        found["lines"] = lines_table([one for case in cases if (one := guided(model, case)) is not None])
    if model and options.failures and rows:
        found["failures"] = failures(rows, model, options)
    if model and options.speed:
        found["speed"] = speed(model)
    if model and options.equal:
        found["equal"] = equal(model)
    if options.large:
        found["large"] = large(options.model)
    return found


def failures(rows: list[dict], model: Model, options: argparse.Namespace) -> list[dict]:
    """Draw the worst cases into a folder; say what each shows, and whose work it is."""
    works, wanted = {one["name"]: one for one in index_rows(options.data, "holdout")}, chosen(rows)
    shown = []
    for case in held_out(options.data, options.crop, options.pictures, options.families):
        for one in wanted:
            if (one["picture"], one["family"]) == (case.name, case.family):
                name = f"{case.family}-{one['method'].removeprefix('model_')}-{Path(case.name).stem}.png"
                draw(case, model.fill(case, MODES[one["method"]]).pixels, options.failures / name)
                work = works[case.name]
                credit = [work["artist"], textwrap.shorten(work["title"], 80, placeholder=" …")]
                credit += [work["source_repository"], work["licence_or_pd_reason"]]
                figures = {key: one[key] for key in ("picture", "family", "method", "psnr", "haarpsi")}
                shown.append({"file": name, "why": one["why"], "credit": "; ".join(filter(None, credit)), **figures})
    return shown


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of shards with index.csv")
    parser.add_argument("--samples", type=Path, help="folder with paintings/ and masks/")
    parser.add_argument("--pictures", type=int, help="so many held-out pictures only, spread over the index")
    parser.add_argument("--works", type=int, help="so many samples only")
    parser.add_argument("--families", type=lambda text: tuple(text.split(",")), default=FAMILIES)
    parser.add_argument("--crop", type=int, default=256, help="px; FSR takes 3 to 24 s per megapixel")
    parser.add_argument("--cache", type=Path, help="folder in which the peers' answers are kept")
    parser.add_argument("--model", default="bundled", help='"bundled" or a folder')
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--flow-every", type=int, default=1, help="texture 1 on every so manieth picture; it costs five means")
    parser.add_argument("--line-pictures", type=int, default=0, help="lead the fill by lines on so many pictures")
    parser.add_argument("--peer", type=Path, help="folder that holds migan_pipeline_v2.onnx")
    parser.add_argument("--peer-pictures", type=int, default=48, help="so many pictures for MI-GAN")
    parser.add_argument("--failures", type=Path, help="folder for pictures of the worst cases")
    parser.add_argument("--peers-only", action="store_true", help="leave the model out: fill the cache")
    parser.add_argument("--skip-held-out", action="store_true")
    parser.add_argument("--speed", action="store_true", help="seconds at 512² and to load")
    parser.add_argument("--equal", action="store_true", help="the same bytes for all tile sizes and threads?")
    parser.add_argument("--large", action="store_true", help="36 megapixels with 5,612 spots: minutes and memory")
    return parser


if __name__ == "__main__":
    print(json.dumps(run(arguments().parse_args()), indent=1))
