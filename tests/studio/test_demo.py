"""The demonstration shows the sample house as all three of its sheets have it."""

from __future__ import annotations

from pathlib import Path

from provenance.home import Home
from studio import demo
from studio.demo import Outcome


def test_the_house_of_three_sheets_is_a_part_of_the_demonstration(tmp_path: Path):
    parts = demo._scenes(tmp_path, Home(tmp_path / "home"), {"width": 320, "height": 180, "samples": 8}, Outcome(tmp_path))
    shown = {part.title: part.gist for part in parts if part.kind}
    assert "Plan, elevation and section" in shown["The house in metres"]
