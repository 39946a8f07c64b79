"""Turn a finished run of the plan "drawing" into the bundled weights for variants, with their card.

    python -m pipelines.training.publish_drawing --run EARLIER --run LAST --data SHARDS [--benchmark FIGURES.json]

The last run's weights are published; the runs before it, from which it was started, are told with their compute. Figures
are those that `tests/benchmarks/drawing.py` printed: publish, measure what was published, publish again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from safetensors.torch import load_file

from pipelines.bundled import drawing_folder, weights_digest
from pipelines.network import RestorationNetwork
from pipelines.speculation import SpeculationPipeline
from pipelines.training.card import core_hours, prose
from pipelines.training.corpus import SURFACES, rows
from pipelines.training.publish import Run, joined

PURPOSE = """
Meant for: variants of architectural drawings. It is given a flat or rendered picture of the building and its contours, and
paints surface, light and wear into it; it does not compose. What it paints is conjecture, whatever it looks like. Not meant
for: restoring anything, faces, or drawing without a picture to start from.
"""
LEARNT = """
Every example is a window of a picture, flattened (blurred, filled region by region between its contours, or smoothed), its
contours as another hand would give them, and the window itself as the answer; grey pictures were tinted. Only pictures in
which surfaces have a look were seen: paintings, photographs, watercolours, tone engravings and, where a run below says so,
renders of houses that the project drew; nothing drawn in lines alone.
"""


def publish(runs: list[Path], data: Path, out: Path, benchmarks: list[Path]) -> None:
    """Write the model folder.

    Args:
        runs: folders of training runs, the one to publish last.
        data: folder of the shards that they saw.
        out: the model folder; files of the same names are replaced.
        benchmarks: JSON of the benchmark; none at first.

    Raises:
        FiguresError: when a benchmark measured other weights. Also what json, csv or safetensors raise when a file is missing.
    """
    read, last = [Run.of(folder) for folder in runs], runs[-1]
    config = read[-1].config
    network = RestorationNetwork(widths=config["widths"], blocks=config["blocks"], time_channels=config["time_channels"])
    network.unet.load_state_dict(load_file(last / "average.safetensors"))
    pipeline = SpeculationPipeline(network=network.half(), scheduler=FlowMatchEulerDiscreteScheduler())
    pipeline.save_pretrained(out, safe_serialization=True, max_shard_size="15MB")
    digest = weights_digest(out)
    lines = (json.dumps({"run": number, **line}) for number, run in enumerate(read, 1) for line in run.log)
    (out / "training-log.jsonl").write_text("".join(line + "\n" for line in lines))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    (out / "README.md").write_text(card(read, digest, parameters, joined(benchmarks, digest), seen(data)))


def seen(data: Path) -> dict[str, int]:
    """How many pictures of each kind the plan sees."""
    wanted = [row for row in rows(data, "train") if row["kind"] in SURFACES and row.get("subkind") != "line"]
    return {kind: sum(row["kind"] == kind for row in wanted) for kind in SURFACES}


def card(runs: list[Run], digest: str, parameters: int, figures: dict, pictures: dict[str, int]) -> str:
    """The text of the folder's README.md."""
    kinds = ", ".join(f"{count} of kind {kind}" for kind, count in pictures.items())
    told = "; ".join(_told(number, run) for number, run in enumerate(runs, 1))
    parts = [
        "# Bundled weights for variants",
        f"The network of the restoration, {parameters / 1e6:.2f} M parameters, safetensors. Digest: `{digest}`.",
        prose(PURPOSE),
        prose(LEARNT),
        prose(
            f"Pictures: {kinds}, all among ../training-images.csv (see ../DATASHEET.md). Begun with the restoration weights,",
            f"on shared CPU cores; {told}.",
        ),
    ]
    if not figures:
        return "\n\n".join([*parts, "Nothing has been measured with these weights yet."]) + "\n"
    parts.append(
        "## Measured\n\n"
        + prose(
            f"{figures['windows']} windows of {figures['side']} px, of artists never trained on, flattened as in training;",
            "differences to the flat picture that was given (`tests/benchmarks/drawing.py`).",
        )
        + table(figures["weights"], figures["windows"])
    )
    if "renders" in figures:
        parts.append(
            prose(
                f"The same on {figures['renders']} renders of houses that no training saw, with the lines that were drawn for",
                "them (`studio/samples/pairs.py`).",
            )
            + table(figures["weights_on_renders"], figures["renders"])
        )
    return "\n\n".join(parts) + "\n"


def _told(number: int, run: Run) -> str:
    last, config = run.log[-1], run.config
    count = config.get("pairs", 0)
    rendered = f", half of them from {count} renders of our own (`studio/samples/pairs.py`)" if count else ""
    spent = f"{core_hours(config, run.log):.2f} core hours, seed {config['seed']}"
    return f"run {number}: {last['images']:,} examples in {last['step']:,} steps{rendered}, {spent}"


def table(weights: dict[str, dict], count: int) -> str:
    """The gains of each network over `count` windows."""
    rows_ = "\n".join(
        f"| {name} | {one['psnr_gain_db']:+.2f} | {one['psnr_better']} of {count} "
        f"| {one['haarpsi_gain']:+.3f} | {one['haarpsi_better']} of {count} |"
        for name, one in weights.items()
    )
    return f"\n\n| weights | PSNR, dB | better on | HaarPSI | better on |\n| --- | ---: | ---: | ---: | ---: |\n{rows_}"


def main() -> None:
    """Parse the command line and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, action="append", required=True, help="again for each run, in order")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=drawing_folder())
    parser.add_argument("--benchmark", type=Path, action="append", default=[], help="JSON of the benchmark")
    options = parser.parse_args()
    publish(options.run, options.data, options.out, options.benchmark)


if __name__ == "__main__":
    main()
