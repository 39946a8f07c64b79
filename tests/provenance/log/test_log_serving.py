"""A log over HTTP and as static files: what any client of tlog-tiles asks for, and nothing that was not signed."""

import http.client
import threading

import pytest

from provenance.log.errors import CorruptLogError, NoLogError
from provenance.log.publishing import publish
from provenance.log.reader import LogReader, read_log
from provenance.log.serving import log_server, static_file
from provenance.log.tiles import EMPTY_ROOT, layout, unpack_entries
from tests.provenance.log.killing import open_log

SIZE = 600


@pytest.fixture
def log(tmp_path):
    found = open_log(tmp_path)
    found.extend([b"entry %d" % i for i in range(SIZE)])
    return found


@pytest.fixture
def fetch(log):
    server = log_server(log)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    line = http.client.HTTPConnection(*server.server_address[:2], timeout=10)

    def get(path, method="GET"):
        line.request(method, path)
        answer = line.getresponse()
        return answer.status, answer.read(), answer.headers

    yield get
    line.close()
    server.shutdown()
    server.server_close()


def test_a_client_gets_the_checkpoint_every_tile_and_every_entry(log, fetch):
    status, body, headers = fetch("/checkpoint")
    assert (status, body.decode()) == (200, log.checkpoint_text())
    assert headers["Content-Type"].startswith("text/plain") and headers["Cache-Control"] == "no-cache"
    entries = []
    for tile in layout(SIZE):
        status, body, headers = fetch(f"/{tile.path}")
        assert (status, len(body), headers["Content-Type"]) == (200, 32 * tile.width, "application/octet-stream")
        assert "immutable" in headers["Cache-Control"]
        if tile.level == 0:
            entries += unpack_entries(fetch(f"/{tile.entries_path}")[1], "")
    assert entries == [b"entry %d" % i for i in range(SIZE)]
    assert fetch("/checkpoint", "HEAD")[:2] == (200, b"")


def test_a_client_that_saw_a_smaller_log_still_gets_its_tiles(fetch):
    for width in (1, 17, 88):
        assert len(fetch(f"/tile/0/002.p/{width}")[1]) == 32 * width
        assert len(unpack_entries(fetch(f"/tile/entries/001.p/{width}")[1], "")) == width


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/tile/0/002",
        "/tile/0/002.p/89",
        "/tile/0/002.p/0",
        "/tile/0/002.p/088",
        "/tile/0/000.p/256",
        "/tile/0/003.p/1",
        "/tile/1/000",
        "/tile/1/000.p/3",
        "/tile/00/000",
        "/tile/8/000.p/1",
        "/tile/2/000.p/1",
        "/tile/entries/x000/000",
        "/tile/entries/003.p/1",
        "/.lock",
        "/leaves.sqlite",
        "/evidence",
        "/../keys/log.key",
        "/tile/0/../../../keys/log.key",
        "/checkpoint/",
    ],
)
def test_nothing_else_is_given_out(fetch, path):
    assert fetch(path)[0] == 404


def test_what_a_dead_writer_left_beyond_the_signed_end_is_not_given_out(log, tmp_path):
    extra = tmp_path / "log" / "tile" / "0" / "002.p" / "90"
    extra.write_bytes(bytes(32 * 90))
    assert static_file(log, "/tile/0/002.p/90") is None
    assert static_file(log, "/tile/0/002.p/88") is not None


def test_static_files_are_a_log_for_who_has_the_key_alone(log, tmp_path):
    place = tmp_path / "www"
    for size in (SIZE, 700, 900):
        log.extend([b"entry %d" % i for i in range(size)])
        assert publish(log, place)[0] == size
        names = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
        tiles = layout(size)
        assert names == {"checkpoint"} | {t.path for t in tiles} | {t.entries_path for t in tiles if t.level == 0}
        reader = read_log(place, log.verifier.text())
        assert reader.audit().problems == []
        assert reader.find(b"entry 599") == 599
        assert reader.proof(0) == log.proof(0)
    assert [entry for _, entry in reader.entries()] == [b"entry %d" % i for i in range(900)]


def test_an_older_log_is_not_published_over_a_newer_one(log, tmp_path):
    publish(log, tmp_path / "www")
    smaller = open_log(tmp_path / "other")
    with pytest.raises(Exception, match="none of these is a key that we know"):
        publish(smaller, tmp_path / "www")
    old = tmp_path / "www" / "checkpoint"
    newer = old.read_text()
    log.append(b"more")
    publish(log, tmp_path / "www")
    log.sequencer.commit(newer)
    with pytest.raises(CorruptLogError, match="old copy"):
        publish(log, tmp_path / "www")


def test_a_reader_of_nothing_says_so(tmp_path, log):
    reader = read_log(tmp_path / "nothing", log.verifier.text())
    assert (reader.checkpoint().size, reader.checkpoint().root) == (0, EMPTY_ROOT)
    with pytest.raises(NoLogError):
        reader.checkpoint_text()
    assert not (tmp_path / "nothing").exists()
    assert isinstance(reader, LogReader)


def test_a_proof_of_every_leaf_and_of_every_growth_comes_from_checked_tiles(tmp_path):
    from provenance.log.proof import inclusion_root, is_consistent

    log = open_log(tmp_path)
    heads = []
    for size in (1, 2, 255, 256, 257, 511, 512, 513, 600):
        log.extend([b"entry %d" % i for i in range(size)])
        prover, head = log.prover(), log.checkpoint()
        for index in {0, 1, 2, 63, 127, 128, 254, 255, 256, 300, 511, 512, size // 2, size - 2, size - 1} & set(range(size)):
            assert inclusion_root(prover.leaf(index), index, size, prover.inclusion(index)) == head.root, (index, size)
        for old in heads:
            assert is_consistent(old.size, size, old.root, head.root, prover.consistency(old.size))
        heads.append(head)
