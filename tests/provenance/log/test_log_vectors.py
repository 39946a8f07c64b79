"""The published test data of other logs, where a folder with them is named by ANASTYLOSIS_VECTORS."""

import base64
import json
import os
from pathlib import Path

import pytest

from provenance.log.checkpoint import open_checkpoint
from provenance.log.edge import Edge
from provenance.log.files import TileFolder
from provenance.log.note import Note, NoteVerifier
from provenance.log.proof import inclusion_root, is_consistent
from provenance.log.tiles import layout

FOLDER = Path(os.environ.get("ANASTYLOSIS_VECTORS", "")) / "tlog"
pytestmark = pytest.mark.skipif(
    not os.environ.get("ANASTYLOSIS_VECTORS") or not FOLDER.is_dir(),
    reason="ANASTYLOSIS_VECTORS does not name a folder with tlog/ test vectors",
)
TESSERA = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"


def cases(name):
    return [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]


def decoded(case):
    return [base64.b64decode(h) for h in case["proof"] or []]


def test_inclusion_proofs_of_the_merkle_library():
    found = cases("rfc6962-inclusion.jsonl")
    for c in found:
        leaf, root = base64.b64decode(c["leafHash"]), base64.b64decode(c["root"])
        assert (inclusion_root(leaf, c["leafIdx"], c["treeSize"], decoded(c)) != root) == c["wantErr"], c["name"]
    assert len(found) == 98


def test_consistency_proofs_of_the_merkle_library():
    found = cases("rfc6962-consistency.jsonl")
    for c in found:
        roots = base64.b64decode(c["root1"] or ""), base64.b64decode(c["root2"] or "")
        assert is_consistent(c["size1"], c["size2"], *roots, decoded(c)) != c["wantErr"], c["name"]
    assert len(found) == 98


@pytest.mark.parametrize("size", range(16))
def test_every_size_of_the_tessera_log_opens_and_gives_its_root(size):
    verifier = NoteVerifier.parse(TESSERA)
    signed = (FOLDER / "tessera" / f"checkpoint.{size}").read_text()
    checkpoint = open_checkpoint(signed, [verifier])
    assert checkpoint.size == size
    edge = Edge.load(TileFolder(FOLDER / "tessera"), size)
    assert edge.root() == checkpoint.root
    assert all((FOLDER / "tessera" / tile.path).exists() for tile in layout(size))


def test_the_note_of_the_specification():
    key, _, note = (FOLDER / "signed-note.txt").read_text().partition("\n\n")
    assert Note.parse(note).signers([NoteVerifier.parse(key)])
    cosigned = Note.parse((FOLDER / "cosignature.txt").read_text())
    assert [s.name for s in cosigned.signatures] == ["example.com/behind-the-sofa", "witness.example.com/w1"]
    assert len(cosigned.signatures[1].raw) == 8 + 64
