"""Commands that keep a queue in order and look at it."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cli.queue import enqueue, fail, status


class TestReclaim:
    def test_counts_requeues_and_fails(self, run, conn, clock):
        runs = [enqueue(conn, f"a.t{n}") for n in range(3)]
        conn.execute("select * from reproq_claim('w', max_tasks => 3)")
        assert run("reclaim") == "No expired leases found.\n"
        age_server(conn)
        clock.advance(minutes=10)
        assert run("reclaim", "--older-than", "6m") == "No expired leases found.\n"
        assert run("reclaim", "--dry-run") == "Dry run: 3 task(s) match reclaim criteria.\n"
        assert run("reclaim", "--limit", 2) == "Requeued 2 task(s).\n"
        assert run("reclaim", "--action", "fail") == "Marked 1 task(s) failed.\n"
        assert sorted(status(conn, r) for r in runs) == ["FAILED", "READY", "READY"]

    @pytest.mark.breaks_invariants
    def test_takes_what_has_no_lease_when_asked(self, run, conn):
        it = enqueue(conn)
        conn.execute("select * from reproq_claim('w')")
        conn.execute("delete from reproq_leases")
        assert run("reclaim") == "No expired leases found.\n"
        assert run("reclaim", "--include-null-lease") == "Requeued 1 task(s).\n"
        assert status(conn, it) == "READY"


def age_server(conn) -> None:
    """Let leases count from now on, as they do a while after a start of the server."""
    conn.execute("update reproq_leases set lease_length = '0'")


class TestPrune:
    def test_deletes_by_status_and_age(self, run, conn, clock):
        failed = fail(conn)
        cancelled = enqueue(conn, "a.b")
        assert run("cancel", "--id", cancelled) == f"Task {cancelled} is CANCELLED\n"
        assert run("prune", "--dry-run") == "Dry run: 0 task(s) would be deleted.\n"
        clock.advance(days=7)
        assert run("prune", "--dry-run") == "Dry run: 2 task(s) would be deleted.\n"
        assert run("prune", "--days", 8) == "Deleted 0 task(s).\n"
        assert run("prune-successful") == "Deleted 0 successful task(s).\n"
        assert run("prune", "--status", "failed", "--days", 1) == "Deleted 1 task(s).\n"
        left = conn.execute("select result_id from task_runs").fetchall()
        assert left == [(cancelled,)]
        assert failed not in left

    def test_goes_on_until_the_limit(self, run, conn, clock):
        for n in range(5):
            run("cancel", "--id", enqueue(conn, f"a.t{n}"))
        clock.advance(days=8)
        said = run("prune", "--limit", 3, "--batch-size", 2, "--statuses", "FAILED,CANCELLED")
        assert said == "Deleted 3 task(s).\n"
        assert run("prune", "--json", "--field", "enqueued_at").split()[2] == "2,"

    @pytest.mark.parametrize(
        "flags",
        [
            ["--dry-run", "expired"],
            ["--days", 1, "--older-than", "1d"],
            ["--status", "READY"],
            ["--older-than", "1w"],
        ],
    )
    def test_what_makes_no_sense_deletes_nothing(self, run, flags):
        run("prune", *flags, code=2)

    def test_forgets_workers_that_are_gone(self, run, conn, clock):
        conn.execute("select reproq_register_worker('w', 'h', 1, '{default}', '1')")
        assert run("prune-workers") == "Deleted 0 stale worker(s).\n"
        clock.advance(minutes=11)
        assert run("prune-workers", "--dry-run").startswith("Dry run: 1 stale worker(s)")
        assert run("prune-workers") == "Deleted 1 stale worker(s).\n"


def test_a_queue_is_paused_by_place_or_option_and_resumed(run, conn):
    name = conn.info.dbname
    assert run("pause-queue", "mail", "--reason", "x") == f"Paused queue mail ({name}).\n"
    assert run("pause-queue", "--queue", "bulk") == f"Paused queue bulk ({name}).\n"
    assert run("resume-queue", "mail") == f"Resumed queue mail ({name}).\n"
    assert run("resume-queue", "mail") == f"Queue mail was not paused ({name}).\n"
    run("pause-queue", code=2)
    run("pause-queue", "a", "--queue", "b", code=2)


def test_cancel_of_a_running_one_says_whether_it_was_asked_before(run, conn):
    it = enqueue(conn)
    conn.execute("select * from reproq_claim('w')")
    assert run("cancel", "--id", it) == f"Cancellation requested for task {it}\n"
    assert run("cancel", "--id", it) == f"Cancellation already requested for task {it}\n"
    conn.execute("select reproq_complete(%s, 1)", [it])
    said = run("cancel", "--id", it, code=4)
    assert f"No RUNNING task found for result_id {it}: it is SUCCESSFUL" in said


class TestLogs:
    def test_shows_the_end_of_a_file(self, run, conn, tmp_path):
        it = enqueue(conn)
        assert run("logs", "--id", it) == "No logs_uri recorded for this task run.\n"
        file = tmp_path / "a b.log"
        file.write_text("one\ntwo \x1b[31m\nthree\n")
        for uri in (str(file), file.as_uri()):
            conn.execute("update task_runs set logs_uri = %s", [uri])
            assert run("logs", "--id", it, "--tail", 2) == "two  [31m\nthree\n"
            assert run("logs", "--id", it, "--max-bytes", 6) == "three\n"
        assert run("logs", "--id", it, "--show-path").splitlines()[0] == file.as_uri()
        file.unlink()
        assert "another worker's machine" in run("logs", "--id", it, code=1)

    def test_asks_an_address(self, run, conn, tmp_path):
        (tmp_path / "task.log").write_text("x" * 100_000 + "\nend\n")
        handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            uri = f"http://127.0.0.1:{server.server_port}/task.log"
            it = enqueue(conn)
            conn.execute("update task_runs set logs_uri = %s", [uri])
            assert run("logs", "--id", it, "--max-bytes", 6) == "x\nend\n"
            server.shutdown()

    def test_reads_nothing_by_other_means(self, run, conn):
        it = enqueue(conn)
        for uri in ("ftp://127.0.0.1/x", "http://[bad", "http://127.0.0.1:1/a b"):
            conn.execute("update task_runs set logs_uri = %s", [uri])
            assert f"cannot read {uri[:3]}" in run("logs", "--id", it, code=1)


def test_stats_and_status_sum_up(run, conn):
    enqueue(conn)
    conn.execute("select reproq_register_worker('w', 'h', 1, '{default}', '1')")
    said = run("status")
    assert said == run("stats")
    assert "Tasks by Status:\n" in said
    assert "  READY      1\n" in said
    assert said.endswith("Active Workers: 1\n")


def test_health_tells_the_living_from_the_gone(run, conn):
    it = enqueue(conn)
    assert "Workers: none" in run("health")
    conn.execute(
        "select reproq_register_worker(w, 'h', 1, '{default}', '1') from unnest('{a,b}'::text[]) w"
    )
    conn.execute(
        "update reproq_workers set last_seen_at = last_seen_at - interval '3 min'"
        " where worker_id = 'b'"
    )
    said = run("health", "--recent-limit", 1)
    assert f"  {it}  READY  default  shop.tasks.charge" in said
    assert [line.split()[:2] for line in said.splitlines() if "LE " in line or "IVE " in line] == [
        ["ALIVE", "a"],
        ["STALE", "b"],
    ]
    assert "STALE" not in run("health", "--stale-minutes", 5)
    conn.execute("alter table rate_limits rename to gone")
    assert "missing tables: rate_limits" in run("health", code=1)
    conn.execute("alter table gone rename to rate_limits")


def test_check_is_content_or_says_what_is_missing(run, reproq, empty_dsn):
    assert run("check").endswith("✨ Configuration looks good!\n")
    result = reproq("check", "--dsn", empty_dsn)
    assert (result.exit_code, "Reproq check failed." in result.output) == (1, True)


def test_install_and_upgrade_say_what_they_can_mean(reproq, empty_dsn):
    said = reproq("install", "--tag", "v1", "--dsn", empty_dsn).output
    assert "--tag: no meaning here" in said
    assert "the schema is not current" in said
    assert "left as it is" in reproq("upgrade", "--skip-worker-migrate", "--dsn", empty_dsn).output
    assert "Schema: upgraded (" in reproq("upgrade", "--dsn", empty_dsn).output
    assert reproq("install", "--dsn", empty_dsn).output.endswith("Schema: current.\n")
