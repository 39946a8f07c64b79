"""A PostgreSQL server of a test's own, in a temporary folder."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest


def programs() -> Path:
    """The folder of PostgreSQL's programs; skips the test, with the reason, where there is none."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'anastylosis[team]'")
    found = shutil.which("initdb")
    candidates = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists():
            return folder
    pytest.skip("PostgreSQL's initdb is not installed")


def start(folder: Path):
    """Start a server that listens on a socket in `folder`. Returns its process and a connection string."""
    bin_ = programs()
    as_user = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        if "postgres" not in {user.pw_name for user in pwd.getpwall()}:
            pytest.skip("run as root, and there is no user postgres to start the server as")
        as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        for parent in (folder, *folder.parents):
            if parent.name.startswith(("pytest-", "anastylosis-")):
                parent.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    if as_user:
        shutil.chown(folder, "postgres")
        shutil.chown(data, "postgres")
    command = [bin_ / "initdb", "-D", data, "-U", "studio", "-A", "trust", "--no-sync"]
    made = subprocess.run(command, capture_output=True, text=True, cwd="/", **as_user)
    if made.returncode:
        pytest.skip(f"initdb does not work here: {made.stderr.strip()[-200:]}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [bin_ / "postgres", "-D", data, "-k", "", "-h", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=(folder / "server.txt").open("w"),
        cwd="/",
        **as_user,
    )
    connection = f"host=127.0.0.1 port={port} user=studio dbname=postgres"
    import psycopg

    for _ in range(150):
        try:
            psycopg.connect(connection, connect_timeout=2).close()
            return server, connection
        except psycopg.OperationalError:
            time.sleep(0.1)
    server.terminate()
    pytest.skip(f"the server did not start: {(folder / 'server.txt').read_text()[-300:]}")
