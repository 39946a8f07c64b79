"""Sixty random changes to a Release of every format, its Record, proof, time stamp and log: all found, all located."""

import pytest

from provenance.verify import verify_folder
from tests.benchmarks import tampering


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return tampering.prepare(tmp_path_factory.mktemp("tampering"))


def test_nothing_is_called_changed_before_anything_was(scene):
    assert {verdict.state for verdict in verify_folder(scene.sealed.folder, scene.home)} == {"intact"}
    assert {verdict.state for verdict in verify_folder(scene.home.folder, scene.home)} == {"intact"}


@pytest.mark.parametrize("seed", range(3))
def test_twenty_random_changes_are_all_found_and_each_is_said_where(scene, seed):
    told = tampering.summary(tampering.run(scene, 20, seed))
    assert told["mutations"] >= 20
    assert told["missed"] == []
