"""One word for one thing, in all four packages."""

import re
from pathlib import Path

from blender_addon.scenes.levels import LEVELS

ROOT = Path(__file__).parents[1]


def test_the_stride_of_the_tiles_is_the_networks():
    from pipelines import request, unet

    assert request.STRIDE == unet.STRIDE


def test_levels_run_from_one_to_seven_and_each_has_its_own_colour_and_hatch():
    assert [level.number for level in LEVELS] == list(range(1, 8))
    assert len({level.hex for level in LEVELS}) == len({level.safe_hex for level in LEVELS}) == 7
    assert len({level.hatch for level in LEVELS}) == 7


def test_the_label_and_the_scale_call_a_level_by_the_same_name():
    from provenance.vocabularies.label import LEVEL_NAMES

    assert {level.number: level.name for level in LEVELS} == dict(LEVEL_NAMES)


def test_texts_for_people_avoid_the_refused_words():
    # what a command, a page or an error says; identifiers are not looked at
    refused = re.compile(r"\b(AI-enhanced|inpaint(?:ed|ing)?)\b")
    for path in [*(ROOT / "studio").rglob("*.py"), ROOT / "README.md"]:
        found = [line for line in path.read_text(encoding="utf-8").splitlines() if refused.search(line)]
        assert not found, f"{path.relative_to(ROOT)}: {found}"
