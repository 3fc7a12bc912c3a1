"""What was committed exists and what was not does not, whoever is killed."""

import subprocess
import sys
import time

import psycopg
import pytest

from tests.worker.process import ROOT, until

pytestmark = pytest.mark.parametrize("server", ["pg18"], indirect=True)


def read(ledgers, sign):
    """The ids of all transactions of that sign. (A killed producer may have cut its last line.)"""
    lines = [line for file in ledgers for line in file.read_text().splitlines(keepends=True)]
    return {
        int(word)
        for line in lines
        if line.startswith(sign) and line.endswith("\n")
        for word in line.split()[1:]
    }


@pytest.fixture
def produce(dsn, tmp_path):
    """Starts producers; each has a ledger."""
    producers = []

    def produce():
        file = tmp_path / f"ledger-{len(producers)}"
        file.touch()
        command = [sys.executable, "-m", "tests.worker.producer", dsn, str(file)]
        producers.append((subprocess.Popen(command, cwd=ROOT), file))
        return producers[-1]

    yield produce
    for process, _ in producers:
        process.kill()
        process.wait()


def test_committed_runs_survive_killed_producers_and_crashes_and_others_never_were(
    produce, start, server, dsn
):
    producers = [produce(), produce()]
    workers = [start("--lease-seconds", 4)]
    for _ in range(3):
        process, ledger = producers[-1]
        until(lambda ledger=ledger: ledger.stat().st_size > 1000, 10)
        process.kill()
        producers.append(produce())
        time.sleep(0.3)
        server.restart("immediate")
    until(lambda: producers[-1][1].stat().st_size > 1000, 10)
    for process, _ in producers:
        process.kill()
        process.wait()

    ledgers = [ledger for _, ledger in producers]
    committed, rolled_back = read(ledgers, "+"), read(ledgers, "-")
    with psycopg.connect(dsn, autocommit=True) as conn:

        def rows(statement):
            return conn.execute(statement).fetchall()

        there = {result_id for (result_id,) in rows("select result_id from task_runs")}
        assert len(committed) > 300
        assert rolled_back
        assert committed <= there
        assert not rolled_back & there
        # A workflow came whole or not at all.
        assert not rows("""
            select r.workflow_id, count(*) from task_runs r
            where r.workflow_id is not null group by 1 having count(*) <> 4
        """)
        live = "select count(*) from task_runs where finished_at is null"
        until(lambda: rows(live) == [(0,)], 30)
        assert rows("select status, count(*) from task_runs group by 1") == [
            ("SUCCESSFUL", len(there))
        ]
        assert rows("select count(*) from reproq_leases") == [(0,)]
    assert all(worker.process.poll() is None for worker in workers)
