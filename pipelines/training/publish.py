"""Turn a finished run into the bundled model: weights in diffusers' format, model card, datasheet.

    python -m pipelines.training.publish --run RUN --data SHARDS [--benchmark FIGURES.json] [--out pipelines/weights]

Everything in the card and the datasheet is computed from what was run; nothing is typed in.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections import Counter
from pathlib import Path

from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from safetensors.torch import load_file

from pipelines.bundled import weights_digest
from pipelines.network import RestorationNetwork
from pipelines.restoration import RestorationPipeline
from pipelines.training.data import rows

COLUMNS = ("shard", "name", "kind", "title", "artist", "date", "region_group", "source_repository", "source_path",
           "licence_or_pd_reason", "sha256")  # fmt: skip
CPU_WATTS = 25  # one busy core of a server with its share of memory and cooling; an estimate, said as such


def publish(run: Path, data: Path, out: Path, benchmark: Path | None) -> None:
    """Write the model folder. Raises what json, csv or safetensors raise when a file of the run is missing."""
    config = json.loads((run / "config.json").read_text())
    network = RestorationNetwork(widths=config["widths"], blocks=config["blocks"], time_channels=config["time_channels"])
    network.unet.load_state_dict(load_file(run / "average.safetensors"))
    pipeline = RestorationPipeline(network=network, scheduler=FlowMatchEulerDiscreteScheduler())
    pipeline.save_pretrained(out, safe_serialization=True, max_shard_size="15MB")
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    (out / "training-log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))
    (out / "training-images.csv").write_text(_images(data))
    (out / "DATASHEET.md").write_text(_datasheet(data))
    figures = json.loads(benchmark.read_text()) if benchmark else None
    (out / "README.md").write_text(
        _card(config, log, weights_digest(out), sum(p.numel() for p in network.parameters()), figures)
    )


def _images(data: Path) -> str:
    """Every training picture with what its source claims."""
    text = io.StringIO()
    table: csv.DictWriter[str] = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(rows(data, "train"))
    return text.getvalue()


def _datasheet(data: Path) -> str:
    trained = rows(data, "train")
    pictures = [row for row in trained if row["kind"] != "damage"]
    lines = [
        "# Datasheet",
        "",
        f"{len(pictures)} public-domain pictures and {len(trained) - len(pictures)} masks of film damage. Every one of them is",
        "listed in `training-images.csv` with its title, artist, source and the reason why it may be used, as its source",
        "states it. Artists of the held-out pictures occur nowhere among them.",
        "",
    ]
    for title, column in (("Kind", "kind"), ("Century", "century"), ("Region", "region_group")):
        counts = Counter(row[column] or "undated" for row in pictures)
        lines += [f"| {title} | pictures | share |", "| --- | ---: | ---: |"]
        lines += [f"| {name} | {count} | {count / len(pictures):.0%} |" for name, count in counts.most_common()]
        lines.append("")
    grey = sum(row["grey"] == "1" for row in pictures)
    sources = Counter(row["source_repository"] for row in pictures)
    lines += [
        f"{grey / len(pictures):.0%} of the pictures are grey. The largest source is {sources.most_common(1)[0][0]} with",
        f"{sources.most_common(1)[0][1]} pictures; there are {len(sources)} sources.",
        "",
        "Whose art is missing: nothing from sub-Saharan Africa or Oceania; Persian and Indian painting in black and white",
        "only; much Europe of the 19th century. Expect less on works unlike these, and compare hypotheses first.",
        "",
    ]
    return "\n".join(lines)


def _card(config: dict, log: list[dict], digest: str, parameters: int, figures: dict | None) -> str:
    hours, cores = log[-1]["seconds"] / 3600, config["threads"] * config["processes"]
    energy = hours * CPU_WATTS * cores / 1000
    lines = [
        "# Bundled restoration model",
        "",
        f"Pixel-space diffusion model, {parameters / 1e6:.2f} M parameters, safetensors. Conditional on known pixels,",
        "the hole, the distance to its edge and, where given, a line map. Digest of the weights:",
        f"`{digest}`.",
        "",
        "| trained | |",
        "| --- | --- |",
        f"| pictures | {config['pictures']} public-domain works (see DATASHEET.md and training-images.csv) |",
        f"| examples seen | {log[-1]['images']:,} crops of {config['side']} px |",
        f"| compute | {hours:.2f} h on {cores} shared CPU core(s), bf16 |",
        f"| energy, estimated | {energy:.3f} kWh at {CPU_WATTS} W a core |",
        f"| seed | {config['seed']} |",
        f"| gain over the prefill on training crops at the end | {log[-1]['gain_db']:+.2f} dB |",
        "",
        "Meant for: cracks, scratches, flaking and small losses of paintings, prints, drawings and photographs, as a preview",
        "that a person judges. Not meant for: faces, inscriptions or any form that stood wholly inside a large loss; there it",
        "draws a soft continuation of the surroundings and nothing else. Texture above 0 adds grain, not form; its strength",
        "has not been measured. The plan was changed while it ran: `training/EXPERIMENTS.md` says how.",
        "",
    ]
    if figures:
        lines += _figures(figures)
    return "\n".join(lines)


def _figures(figures: dict) -> list[str]:
    lines = [
        "Measured inside the hole on works never trained on (PSNR dB / SSIM / gradient energy, mean over works). Crops of",
        "five of them were looked at while choices were made, so expect a little less elsewhere:",
        "",
        "| damage | bundled | best classical | gain dB | worst | wins |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    for kind, means in figures["kinds"].items():
        against = means["bundled_against_best"]
        ours, best = (means[name] for name in ("bundled", against["best"]))
        cells = [f"{m['psnr']:.2f} / {m['ssim']:.3f} / {m['gradient_energy']:.2f}" for m in (ours, best)]
        lines.append(
            f"| {kind} | {cells[0]} | {cells[1]} ({against['best'].replace('_', ' ')}) | {against['gain_db']:+.2f} "
            f"| {against['worst_db']:+.2f} | {against['wins']} |"
        )
    return [*lines, ""]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "weights")
    parser.add_argument("--benchmark", type=Path)
    options = parser.parse_args()
    publish(options.run, options.data, options.out, options.benchmark)
