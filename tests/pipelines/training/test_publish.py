"""Publishing: what would be broken when the model card said something that was not measured."""

import csv
import json
import re

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pipelines.bundled import weights_digest
from pipelines.hub import load_restoration
from pipelines.training.card import core_hours
from pipelines.training.datasheet import missing
from pipelines.training.publish import FiguresError, publish
from pipelines.unet import PixelUNet

PLAN = {"widths": [8, 16], "blocks": 1, "time_channels": 16, "seed": 0, "threads": 2, "processes": 1, "pictures": 3}
FAMILIES = ("craquelure", "large_loss")


@pytest.fixture
def shards(tmp_path):
    columns = ["shard", "name", "kind", "title", "artist", "date", "region_group", "source_repository", "source_path"]
    columns += ["licence_or_pd_reason", "sha256", "split", "century", "grey"]
    rows = [
        {"kind": "painting", "region_group": "Europe", "century": "19", "grey": "0", "title": "A, with a comma"},
        {"kind": "painting", "region_group": "East Asia", "century": "18", "grey": "0"},
        {"kind": "print-drawing", "region_group": "South and Southeast Asia", "century": "", "grey": "1"},
        {"kind": "damage"},
        {"kind": "painting", "split": "holdout", "region_group": "Oceania", "title": "kept out"},
    ]
    with (tmp_path / "index.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        for number, row in enumerate(rows):
            table.writerow(
                {"shard": "a.tar", "name": f"{number}.webp", "split": "train", "source_repository": "here/there"} | row
            )
    return tmp_path


@pytest.fixture
def runs(tmp_path):
    """Two finished runs; the second began with the weights of the first."""
    folders = []
    for number, plan in enumerate((PLAN | {"side": 64}, PLAN | {"crops": [[64, 16], [128, 4]]})):
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(plan))
        log = [{"step": 300 * i, "images": 4000 * i, "seconds": 1800.0 * i, "loss": 0.5, "gain_db": 0.4 * i} for i in (1, 2)]
        (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))
        with torch.random.fork_rng():
            torch.random.default_generator.manual_seed(number)
            save_file(PixelUNet((8, 16), 1, 16).state_dict(), folder / "average.safetensors")
        folders.append(folder)
    return folders


def figures_of(digest):
    """Figures in the benchmark's own form, with numbers that occur nowhere else."""
    means = {"psnr": 23.4567, "ssim": 0.7654, "gradient_energy": 0.4321, "haarpsi": 0.6789, "pictures": 7}
    best = {"best_single": "fsr_fast", "gain": 0.5123, "p": 0.00004, "wins": 6, "pictures": 7, "worst_gain": -0.321}
    model = {
        "psnr": best,
        "ssim": best | {"gain": 0.0123, "p": None},
        "over_prefill": {"share_below": 0.143, "worst_db": -0.21},
        "gain_over_mean_of_three_db": 0.2345,
        "flow": {
            "rank_by_haarpsi": 2,
            "order_by_haarpsi": ["model_mean", "model_flow", "telea"],
            "psnr_against_mean_db": -0.87,
        },
    }
    methods = dict.fromkeys(("telea", "fsr_fast", "model_mean", "model_flow"), means)
    family = {"pictures": 7, "lost": 0.034, "methods": methods, "model": model}
    guess = {"spearman": 0.4711, "removed": 0.5211}
    doubt = {"model": guess, "distance": guess, "best_possible": guess, "expected_to_true": 1.07}
    line = {
        "pictures": 5,
        "recall_without": 0.11,
        "recall_with": 0.63,
        "step_without": 4.0,
        "step_with": 21.0,
        "psnr_gain": 0.4,
    }
    return {
        "weights_sha256": digest,
        "versions": {"torch": "9.9"},
        "held_out": {"crop": 256, "families": dict.fromkeys(FAMILIES, family), "doubt": dict.fromkeys(FAMILIES, doubt)},
        "migan": {"pictures": 4, "families": {"craquelure": family | {"methods": methods | {"migan": means}}}},
        "lines": {"large_loss": {"contours": line | {"step_truth": 40.0}, "stroke": line}},
        "speed": {
            "threads": 2,
            "lost": 0.1,
            "mean_seconds": 0.61,
            "mean_and_flow_seconds": 3.1,
            "load_seconds": {"weights": 0.4, "imports": 5.0},
        },
        "large": {"megapixels": 36.0, "spots": 5612, "lost": 0.02, "threads": 2, "seconds": 71.3, "peak_mib": 1234},
        "equal": {"is_equal": True, "runs": ["a", "b"]},
        "failures": [
            {
                "file": "one.png",
                "why": "worst of all",
                "credit": "A. Painter; A work; CC BY 4.0",
                "family": "large_loss",
                "method": "model_flow",
                "psnr": 11.11,
                "haarpsi": 0.2,
            }
        ],
    }


def test_what_is_published_can_be_loaded_and_is_the_last_run(runs, shards, tmp_path):
    out = tmp_path / "weights"
    publish(runs, shards, out, [], None)
    pipeline = load_restoration(str(out))
    expected = PixelUNet((8, 16), 1, 16).state_dict()
    assert set(pipeline.network.unet.state_dict()) == set(expected)
    card = (out / "README.md").read_text()
    assert weights_digest(out) in card
    assert "Nothing has been measured" in card
    first = load_restoration(str(out)).network.unet.stem.weight
    publish(runs[::-1], shards, out, [], None)
    assert not torch.equal(first, load_restoration(str(out)).network.unet.stem.weight)


def test_the_card_counts_every_run(runs, shards, tmp_path):
    publish(runs, shards, tmp_path / "weights", [], None)
    card = (tmp_path / "weights" / "README.md").read_text()
    row = next(line for line in card.splitlines() if line.startswith("| core hours"))
    assert [float(cell) for cell in row.strip("| ").split("|")[1:]] == [2.0, 2.0, 4.0]  # 1 h on 2 cores each
    assert "| 8,000 | 8,000 | 16,000 |" in card
    assert "0.100 |" in card  # kWh at 25 W a core
    log = [json.loads(line) for line in (tmp_path / "weights" / "training-log.jsonl").read_text().splitlines()]
    assert [line["run"] for line in log] == [1, 1, 2, 2]


def test_core_hours_follow_the_threads_that_the_log_tells_of():
    log = [{"seconds": 3600.0, "threads": 2}, {"seconds": 7200.0, "threads": 1}]
    assert core_hours({"threads": 1}, log) == pytest.approx(3)
    assert core_hours({"threads": 4, "processes": 2}, [{"seconds": 1800.0}]) == pytest.approx(4)


def test_every_figure_of_the_benchmark_stands_in_the_card(runs, shards, tmp_path):
    out, drawn = tmp_path / "weights", tmp_path / "drawn"
    publish(runs, shards, out, [], None)
    drawn.mkdir()
    (drawn / "one.png").write_bytes(b"a picture")
    (drawn / "other.png").write_bytes(b"not named by the figures")
    whole = figures_of(weights_digest(out))
    parts = [tmp_path / "a.json", tmp_path / "b.json"]
    parts[0].write_text(json.dumps({key: value for key, value in whole.items() if key != "large"}))
    parts[1].write_text(json.dumps({key: whole[key] for key in ("weights_sha256", "large")}))
    publish(runs, shards, out, parts, drawn)
    card = (out / "README.md").read_text()
    for figure in ("23.46 / 0.765 / 0.43 / 0.679", "+0.51 dB (FSR_FAST)", "< 0.0001", "6/7", "-0.32 dB", "+0.0123", "+0.23 dB"):
        assert figure in card, figure
    for figure in (
        "14.3%, worst -0.21 dB",
        "2 of 3, 1 beside the single fills (-0.87 dB)",
        "0.47 / 0.47",
        "1.07",
        "11%, 63%",
        "0.61 s",
        "71 s",
        "1,234 MiB",
    ):
        assert figure in card, figure
    assert "the same bytes" in card and "NOT" not in card
    assert "MI-GAN, on 4 of the held-out pictures" in card
    assert "![Large loss, texture 1: worst of all." in card
    assert "Detail of: A. Painter; A work; CC BY 4.0." in card
    assert [path.name for path in (out / "failures").iterdir()] == ["one.png"]
    assert not re.search(r"\bnan\b|None|\{|\}", card)


def test_figures_of_other_weights_are_refused(runs, shards, tmp_path):
    (tmp_path / "figures.json").write_text(json.dumps(figures_of("0" * 64)))
    with pytest.raises(FiguresError, match="measured the weights 000"):
        publish(runs, shards, tmp_path / "weights", [tmp_path / "figures.json"], None)


@pytest.mark.parametrize("size", [None, 61 * 1024])
def test_a_missing_or_large_picture_of_a_failure_is_refused(runs, shards, tmp_path, size):
    out = tmp_path / "weights"
    publish(runs, shards, out, [], None)
    (tmp_path / "figures.json").write_text(json.dumps(figures_of(weights_digest(out))))
    if size:
        (tmp_path / "one.png").write_bytes(bytes(size))
    with pytest.raises(FiguresError, match=r"one\.png is missing or larger"):
        publish(runs, shards, out, [tmp_path / "figures.json"], tmp_path)


def test_the_datasheet_counts_and_names_what_is_missing(runs, shards, tmp_path):
    publish(runs, shards, tmp_path / "weights", [], None)
    sheet = (tmp_path / "weights" / "DATASHEET.md").read_text()
    assert "3 public-domain or openly licensed pictures and 1 masks" in sheet
    assert "| Europe | 1 | 33.3% | 0% |" in sheet
    assert "| undated | 1 | 33.3% | 100% |" in sheet
    absent = next(line for line in sheet.splitlines() if line.startswith("- No picture from:"))
    assert "Oceania" in absent and "sub-Saharan Africa" in absent and "Europe" not in absent
    assert "hardly saw their palettes: South and Southeast Asia." in sheet
    listed = (tmp_path / "weights" / "training-images.csv").read_text()
    assert "kept out" not in listed and '"A, with a comma"' in listed


def test_a_region_with_few_pictures_is_named():
    rows = [{"region_group": "Europe", "grey": "0", "century": "19"}] * 99 + [{"region_group": "Latin America", "grey": "0"}]
    assert any("Latin America (1)" in line for line in missing(rows))
    assert np.all([line.count("  ") == 0 for line in missing(rows)])
