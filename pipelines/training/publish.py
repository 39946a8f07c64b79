"""Turn a finished run into the bundled model: weights in diffusers' format, model card, datasheet.

    python -m pipelines.training.publish --run EARLIER --run LAST --data SHARDS [--benchmark FIGURES.json] [--failures FOLDER]

The last run's weights are published; the runs before it, from which it was started, count towards its compute. Figures are
those that `tests/benchmarks/restoration.py` printed; publish without them first, measure what was published, and publish
again. Every number in the card and the datasheet is computed from what was run; nothing is typed in.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from safetensors.torch import load_file

from pipelines.bundled import weights_digest
from pipelines.errors import PipelineError
from pipelines.network import RestorationNetwork
from pipelines.restoration import RestorationPipeline
from pipelines.training.card import card
from pipelines.training.corpus import rows
from pipelines.training.datasheet import datasheet

COLUMNS = ("shard", "name", "kind", "title", "artist", "date", "region_group", "source_repository", "source_path",
           "licence_or_pd_reason", "sha256")  # fmt: skip
MOST_BYTES = 60 * 1024  # of a picture of a failure: the package stays small


class FiguresError(PipelineError):
    """Figures or pictures that do not belong to the weights that are published."""


@dataclass(frozen=True)
class Run:
    """A training run: its plan, and one dictionary per checkpoint, in order."""

    config: dict
    log: list[dict]

    @classmethod
    def of(cls, folder: Path) -> Run:
        """Read `config.json` and `log.jsonl`."""
        lines = (folder / "log.jsonl").read_text().splitlines()
        return cls(json.loads((folder / "config.json").read_text()), [json.loads(line) for line in lines])


def publish(runs: list[Path], data: Path, out: Path, benchmarks: list[Path], failures: Path | None) -> None:
    """Write the model folder.

    Args:
        runs: folders of training runs, the one to publish last.
        data: folder of the shards that they saw.
        out: the model folder; files of the same names are replaced.
        benchmarks: JSON of the benchmark, in one file or in parts.
        failures: folder of the pictures that the benchmark drew.

    Raises:
        FiguresError: when a benchmark measured other weights, or a picture is missing or too large. Also what json, csv or
            safetensors raise when a file of a run is missing.
    """
    read, last = [Run.of(folder) for folder in runs], runs[-1]
    config = read[-1].config
    network = RestorationNetwork(widths=config["widths"], blocks=config["blocks"], time_channels=config["time_channels"])
    network.unet.load_state_dict(load_file(last / "average.safetensors"))
    # 16 bits halve the download and move no 8-bit sample; loading makes them 32 bits again
    pipeline = RestorationPipeline(network=network.half(), scheduler=FlowMatchEulerDiscreteScheduler())
    for old in (out / "network").glob("*.safetensors*"):
        old.unlink()  # a shard of an earlier, larger network would count in the digest
    pipeline.save_pretrained(out, safe_serialization=True, max_shard_size="15MB")
    digest = weights_digest(out)
    figures = joined(benchmarks, digest)
    if failures is not None:
        copied(figures.get("failures", []), failures, out / "failures")
    (out / "training-log.jsonl").write_text(_log(read))
    (out / "training-images.csv").write_text(_images(data))
    (out / "DATASHEET.md").write_text(datasheet(rows(data, "train")))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    (out / "README.md").write_text(
        card([(run.config, run.log) for run in read], digest, parameters, figures, failures is not None)
    )


def joined(benchmarks: list[Path], digest: str) -> dict:
    """The parts of a benchmark as one; a later part replaces the same key of an earlier one."""
    figures: dict = {}
    for path in benchmarks:
        part = json.loads(path.read_text())
        measured = part.get("weights_sha256")
        if measured != digest:
            raise FiguresError(
                f"{path} measured the weights {measured} but these are {digest}: "
                "run tests/benchmarks/restoration.py again, on the folder that was just published."
            )
        figures |= {key: value for key, value in part.items() if value is not None}
    return figures


def copied(shown: list[dict], source: Path, target: Path) -> None:
    """Take over the pictures of failures that the figures name, and no others."""
    if target.is_dir():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    for one in shown:
        path = source / one["file"]
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise FiguresError(f"{path} is missing or larger than {MOST_BYTES} bytes: draw it again with --failures.")
        shutil.copyfile(path, target / path.name)


def _log(runs: list[Run]) -> str:
    """One JSON object per checkpoint, with the number of its run, 1 for the first."""
    lines = [{"run": number, **line} for number, run in enumerate(runs, 1) for line in run.log]
    return "".join(json.dumps(line) + "\n" for line in lines)


def _images(data: Path) -> str:
    """Every training picture with what its source claims."""
    text = io.StringIO()
    table: csv.DictWriter[str] = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(rows(data, "train"))
    return text.getvalue()


def main() -> None:
    """Parse the command line and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, action="append", required=True, help="in the order in which they ran")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "weights")
    parser.add_argument(
        "--benchmark", type=Path, action="append", default=[], help="JSON of the benchmark; may be given in parts"
    )
    parser.add_argument("--failures", type=Path, help="folder of the pictures that the benchmark drew")
    options = parser.parse_args()
    publish(options.run, options.data, options.out, options.benchmark, options.failures)


if __name__ == "__main__":
    main()
