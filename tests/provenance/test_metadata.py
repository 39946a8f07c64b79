import dataclasses
import time

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance import encode, metadata
from provenance.draft import Picture
from provenance.metadata import Statement
from provenance.release import release
from provenance.verify import verify

FULL = Statement(
    digital_source_type=metadata.SOURCE_TYPES + "trainedAlgorithmicMedia",
    ai_system="bundled",
    ai_system_version="ab" * 32,
    prompt="a tower <of> \"glass\" & steel ]]> 'x'",
    prompt_writer="Ada",
    creator_tool="Anastylosis 0.1.0",
    rights="http://rightsstatements.org/vocab/NoC-US/1.0/",
    identifier="urn:uuid:0",
    description="1 untouched original\n7 model",
)


def test_what_is_written_is_read_back():
    assert metadata.read(metadata.write(FULL)) == FULL


def test_the_five_iptc_fields_stand_under_their_registered_names():
    packet = metadata.write(FULL).decode()
    root = fromstring(metadata.find(packet.encode()))
    for name in ("DigitalSourceType", "AISystemUsed", "AISystemVersionUsed", "AIPromptInformation", "AIPromptWriterName"):
        assert root.find(f".//{{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}}{name}") is not None


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_any_prompt_gives_well_formed_xmp(prompt):
    found = metadata.read(metadata.write(dataclasses.replace(FULL, prompt=prompt)))
    assert found is not None
    assert found.rights == FULL.rights


def test_control_characters_are_dropped_and_nothing_else():
    assert metadata.read(metadata.write(Statement(prompt="a\x00b\x1fc\ud800d ü🏛"))).prompt == "abcd ü🏛"


def test_a_foreign_packet_with_attributes_is_understood():
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        b' e:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"/></rdf:RDF></x:xmpmeta>'
    )
    assert metadata.read(packet).digital_source_type.endswith("digitalCapture")


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"<x:xmpmeta",
        b"<x:xmpmeta xmlns:x='a'><b></x:xmpmeta>",
        b"<x:xmpmeta>unbound</x:xmpmeta>",
        b"<x:xmpmeta xmlns:x='a'>\xff\xfe</x:xmpmeta>",
        b"<x:xmpmeta xmlns:x='a'>" + b"a" * 2**21 + b"</x:xmpmeta>",
    ],
)
def test_hostile_packets_say_nothing(packet):
    assert metadata.read(packet) is None


def test_entities_are_never_expanded():
    bomb = b"<x:xmpmeta xmlns:x='a'><!DOCTYPE b [<!ENTITY c 'dd'>]>&c;</x:xmpmeta>"
    assert metadata.read(bomb) is None


LAUGHS = "".join(f"<!ENTITY l{i} '{f'&l{i - 1};' * 10}'>" for i in range(1, 10))
BOMB = f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY l0 'ha'>{LAUGHS}]><x:xmpmeta xmlns:x='adobe:ns:meta/'>&l9;</x:xmpmeta>"
INNER = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><!DOCTYPE x [<!ENTITY l0 'ha'>{LAUGHS}]>&l9;</x:xmpmeta>"


@pytest.mark.parametrize("packet", [BOMB, INNER], ids=["before", "inside"])
def test_a_billion_laughs_in_a_picture_or_its_parent_cost_nothing(restoration, note, home, tmp_path, packet):
    pixels = np.zeros((8, 8, 3), np.uint8)
    path = tmp_path / "bomb.png"
    path.write_bytes(encode.encode(Picture("bomb.png", pixels, "mask"), pixels, packet.encode()))
    began = time.process_time()
    assert verify(path, home).state == "unknown"
    draft = dataclasses.replace(restoration, sources=(note(path),), files=restoration.files[:1])
    sealed = release(draft, tmp_path / "out", home)
    assert verify(sealed.folder / "restored.png", home).state == "intact"
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("operation", "role", "contains_ai", "expected"),
    [
        ("restore", "restored", True, "compositeWithTrainedAlgorithmicMedia"),
        ("restore", "restored", False, "algorithmicallyEnhanced"),
        ("restore", "mask", False, "algorithmicMedia"),
        ("speculate", "variant", True, "trainedAlgorithmicMedia"),
        ("render", "render", True, "compositeSynthetic"),
    ],
)
def test_the_source_type_says_what_was_done(operation, role, contains_ai, expected):
    assert metadata.source_type(operation, role, contains_ai) == metadata.SOURCE_TYPES + expected
