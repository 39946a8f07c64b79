"""Pictures to train on, small and made here."""

import csv
import io
import tarfile

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def shards(tmp_path_factory):
    """Six small pictures and a mask in the shards' own format."""
    folder, rng, rows = tmp_path_factory.mktemp("shards"), np.random.default_rng(5), []
    with tarfile.open(folder / "painting-000.tar", "w") as archive:
        for number in range(7):
            kind = "damage" if number == 6 else "painting"
            small = rng.integers(0, 255, (9, 12, 3), np.uint8) if kind == "painting" else np.zeros((9, 12, 3), np.uint8)
            picture = Image.fromarray(small).resize((420, 340), Image.Resampling.BICUBIC)
            if kind == "damage":
                picture.paste((255, 255, 255), (40, 60, 400, 64))
            data = io.BytesIO()
            picture.save(data, "WEBP", lossless=True)
            member = tarfile.TarInfo(f"{number}.webp")
            member.size = data.tell()
            data.seek(0)
            archive.addfile(member, data)
            rows.append({"shard": "painting-000.tar", "name": member.name, "kind": kind, "split": "train"})
    with (folder / "index.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["shard", "name", "kind", "split"])
        table.writeheader()
        table.writerows(rows)
    return folder


@pytest.fixture(scope="session")
def material(shards):
    """The shards decoded, with one piece of damage per family."""
    from pipelines.training.data import Material

    return Material.of_shards(shards, 0, 1)
