"""Files that are too large for the credential library are signed by a list of their blocks."""

import json

import pytest

from provenance import block_list as blocks
from provenance import keys
from provenance.credential_reading import read_credential
from provenance.credentials import Claim, Signatory

SIZE = 2 * blocks.BLOCK_BYTES + 77


@pytest.fixture
def master(tmp_path):
    path = tmp_path / "master.tif"
    path.write_bytes(bytes(range(256)) * (SIZE // 256) + bytes(SIZE % 256))
    return path


@pytest.mark.parametrize("at", [0, blocks.BLOCK_BYTES - 1, blocks.BLOCK_BYTES, SIZE - 1])
def test_a_flipped_bit_is_found_and_its_block_is_named(master, at):
    listed = blocks.block_list(master)
    assert blocks.differing_blocks(master, listed) == []
    with master.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1]))
    assert blocks.differing_blocks(master, listed) == [at // blocks.BLOCK_BYTES]


def test_a_file_that_was_cut_or_grew_is_found(master):
    listed, data = blocks.block_list(master), master.read_bytes()
    master.write_bytes(data[: blocks.BLOCK_BYTES])
    assert blocks.differing_blocks(master, listed) == [1, 2]
    master.write_bytes(data + b"x")
    assert blocks.differing_blocks(master, listed) == [2]
    master.write_bytes(data + bytes(3 * blocks.BLOCK_BYTES))
    assert blocks.differing_blocks(master, listed) == [2, 3]


def test_the_sidecar_signs_the_list(master, tmp_path):
    made = keys.signing_keys(tmp_path / "keys")
    path = blocks.beside(master)
    path.write_bytes(blocks.block_list(master))
    kind = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    claim = Claim(master.name, False, kind, "2026-01-01T00:00:00Z", "0", "Filled.", {"id": "x"})
    sidecar = Signatory(made).sidecar(path, claim)
    assert read_credential(path, made.root_pem.decode(), sidecar).state == "Trusted"
    path.write_bytes(path.read_bytes().replace(b'"bytes":8388', b'"bytes":8389'))
    assert read_credential(path, made.root_pem.decode(), sidecar).state == "Invalid"


@pytest.mark.parametrize("listed", [b"", b"[]", b"{", b'{"schema":"anastylosis.blocks/1"}', b"[" * 9999])
def test_what_is_no_list_is_a_named_error(master, listed):
    with pytest.raises(blocks.BlockListError):
        blocks.differing_blocks(master, listed)


def test_a_list_that_contradicts_itself_is_refused(master):
    found = json.loads(blocks.block_list(master))
    with pytest.raises(blocks.BlockListError):
        blocks.differing_blocks(master, json.dumps(found | {"blocks": found["blocks"][:1]}).encode())
