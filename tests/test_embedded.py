"""The embedded server starts from nothing or from what is there, and dies with its owner."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from reproq_worker.embedded import EmbeddedPostgres, PostgresNotStarted, embedded_bin_dir
from tests.harness.machine import OLDER, SYSTEM_BIN, available

FAST = {"fsync": "off"}

OWNER = """
import sys, time
from reproq_worker.embedded import EmbeddedPostgres
server = EmbeddedPostgres(sys.argv[1], {"fsync": "off"}).start()
print(server.pid, server._keeper.pid, flush=True)
time.sleep(60)
"""


def ask(dsn: str, query: str = "select 1") -> object:
    with psycopg.connect(dsn, autocommit=True) as conn:
        return conn.execute(query).fetchone()[0]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for_death(pid: int) -> bool:
    deadline = time.monotonic() + 15
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


@pytest.fixture
def owner(tmp_path):
    """Another process with a server: the process, server's pid, keeper's pid, data folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "data")], stdout=subprocess.PIPE, text=True
    )
    server, keeper = map(int, process.stdout.readline().split())
    yield process, server, keeper, tmp_path / "data"
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("bin_dir", [embedded_bin_dir(), SYSTEM_BIN], ids=["pg18", "pg15"])
def test_listens_on_loopback_and_on_a_socket_only(tmp_path, bin_dir):
    if bin_dir == SYSTEM_BIN and OLDER not in available():
        pytest.skip("PostgreSQL 15 is not on this machine")
    with EmbeddedPostgres(tmp_path / "data", FAST, bin_dir) as server:
        assert ask(server.dsn(), "show listen_addresses") == "127.0.0.1"
        assert ask(server.socket_dsn()) == 1
        assert ask(server.dsn(), "show server_encoding") == "UTF8"
        assert ask(server.dsn(), "show fsync") == "off"


def test_starts_again_with_its_data_on_the_same_port(tmp_path):
    with EmbeddedPostgres(tmp_path / "data", FAST) as server:
        dsn = server.createdb("kept")
        for mode in ("fast", "immediate"):
            server.restart(mode)
            assert ask(dsn) == 1
    with EmbeddedPostgres(tmp_path / "data", FAST) as server:
        assert ask(server.dsn("kept")) == 1


def test_survives_the_thread_that_started_it(tmp_path):
    server = EmbeddedPostgres(tmp_path / "data", FAST)
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    try:
        time.sleep(0.3)
        assert ask(server.dsn()) == 1
    finally:
        server.stop()


@pytest.mark.parametrize("victim", ["owner", "keeper"])
def test_dies_with_whoever_is_killed(owner, victim):
    process, server, keeper, _ = owner
    os.kill(process.pid if victim == "owner" else keeper, signal.SIGKILL)
    assert wait_for_death(server)
    assert wait_for_death(keeper)


def test_starts_on_the_folder_of_a_killed_owner(owner):
    process, _, _, data = owner
    process.kill()
    with EmbeddedPostgres(data, FAST) as server:
        assert ask(server.dsn()) == 1


@pytest.mark.slow
def test_folder_in_use_is_refused(owner):
    _, server, _, data = owner
    with pytest.raises(PostgresNotStarted, match=rf"in use by another server \(process {server}\)"):
        EmbeddedPostgres(data, FAST).start()
    assert alive(server)


def test_stale_pid_file_with_the_number_of_another_program(tmp_path):
    server = EmbeddedPostgres(tmp_path / "data", FAST).start()
    pid_file = server.data_dir / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    server.stop("immediate")
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with server:
        assert ask(server.dsn()) == 1


def test_interrupted_initdb_is_done_again(tmp_path):
    data = tmp_path / "data"
    (data / ".initdb" / "base").mkdir(parents=True)
    (data / "global").mkdir()
    with EmbeddedPostgres(data, FAST) as server:
        assert ask(server.dsn()) == 1


def test_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(PostgresNotStarted, match="not empty and holds no Postgres database"):
        EmbeddedPostgres(tmp_path).start()
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_wrong_setting_is_explained(tmp_path):
    with pytest.raises(PostgresNotStarted, match='unrecognized configuration parameter "colour"'):
        EmbeddedPostgres(tmp_path / "data", {"colour": "red"}).start()


def test_long_folder_names_get_a_short_socket(tmp_path):
    with EmbeddedPostgres(tmp_path / ("long" * 30) / "data", FAST) as server:
        assert ask(server.socket_dsn()) == 1
        folder = Path(server.socket_dir)
    assert not folder.exists()
