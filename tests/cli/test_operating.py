"""Commands of operators: triage, limit, prune, replay by hash, doctor, torture."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import pytest

from reproq_worker import __version__
from reproq_worker.torture.run import Torture
from reproq_worker.torture.verdict import judge

NEWEST = pytest.mark.parametrize("server", ["pg18"], indirect=True)


@pytest.fixture
def run(reproq, dsn):
    """`reproq` on the test's database; expects exit code 0 unless told otherwise."""

    def run(*args, code=0):
        result = reproq(*args, env={"DATABASE_URL": dsn})
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.output

    return run


def enqueue(conn, path="shop.tasks.charge", **options) -> int:
    params = "".join(f", {name} => %({name})s" for name in options)
    statement = f"select reproq_enqueue('{path}'{params})"
    return conn.execute(statement, options).fetchone()[0]


def fail(conn, queue="default") -> int:
    """A run that failed for good."""
    run_id = enqueue(conn, f"shop.tasks.{queue}", queue=queue, max_attempts=1)
    [lease] = conn.execute("select lease_no from reproq_claim('w', array[%s])", [queue]).fetchone()
    error = '{"kind": "app_error", "message": "no paper\\n\\u001b[31m"}'
    conn.execute("select reproq_fail(%s, %s, %s)", [run_id, lease, error])
    return run_id


def status(conn, run_id: int) -> str:
    return conn.execute("select status from task_runs where result_id = %s", [run_id]).fetchone()[0]


class TestTriage:
    def test_lists_the_latest_first_and_of_a_queue(self, run, conn):
        assert run("triage", "list") == "No failed tasks.\n"
        first, second, other = fail(conn, "a"), fail(conn, "a"), fail(conn, "b")
        table = run("triage", "list").splitlines()
        assert table[0].split() == ["ID", "Queue", "Task", "Attempts", "FailedAt", "LastError"]
        assert [line.split()[0] for line in table[1:]] == [str(other), str(second), str(first)]
        rows = json.loads(run("triage", "list", "--queue", "a", "--limit", 1, "--json"))
        assert [row["result_id"] for row in rows] == [second]

    def test_what_a_task_wrote_can_neither_forge_lines_nor_speak_to_the_terminal(self, run, conn):
        fail(conn)
        output = run("triage", "list")
        assert "\x1b" not in output
        assert len(output.splitlines()) == 2

    def test_inspect_shows_nine_things(self, run, conn):
        output = run("triage", "inspect", "--id", fail(conn))
        assert "\x1b" not in output
        labels = [line.split(":")[0] for line in output.splitlines() if line[0].isupper()]
        assert labels == [
            *("Result ID", "Queue", "Task Path", "Status", "Attempts"),
            *("Failed At", "Last Error", "Spec JSON", "Errors JSON"),
        ]
        run("triage", "inspect", "--id", 404, code=1)

    def test_retries_all_of_a_queue_and_passes_over_what_has_a_twin(self, run, conn):
        assert "No failed tasks updated." in run("triage", "retry", "--all")
        ours, other = fail(conn, "a"), fail(conn, "b")
        assert run("triage", "retry", "--all", "--queue", "a") == "Retried 1 task(s)\n"
        assert (status(conn, ours), status(conn, other)) == ("READY", "FAILED")
        twin = enqueue(conn, "shop.tasks.b", queue="b", max_attempts=1)
        assert run("triage", "retry", "--all") == "No failed tasks updated.\n"
        assert f"run {twin}" in run("triage", "retry", "--id", other, code=4)

    @pytest.mark.parametrize("flags", [[], ["--all", "--id", "1"]])
    def test_wants_one_or_all(self, run, flags):
        run("triage", "retry", *flags, code=2)


class TestLimit:
    def test_set_ls_and_rm(self, run):
        assert run("limit", "ls") == "No rate limits configured.\n"
        said = run("limit", "set", "--key", "queue:mail", "--rate", 5, "--burst", 10)
        assert said == "Set rate limit queue:mail: 5.00 tokens/sec, burst 10\n"
        head, row = (line.split() for line in run("limit", "ls").splitlines())
        assert head == ["Key", "Tokens/s", "Burst", "Current", "LastRefill"]
        assert row[:4] == ["queue:mail", "5", "10", "10"]
        said = run("limit", "rm", "--key", "queue:mail")
        assert said == "Deleted 1 rate limit(s) for queue:mail\n"
        run("limit", "rm", "--key", "queue:mail", code=1)

    @pytest.mark.parametrize(
        "flags", [["--rate", "-1"], ["--rate", "1", "--burst", "0"], ["--rate", "nan"], []]
    )
    def test_what_makes_no_sense_ends_with_2(self, run, flags):
        run("limit", "set", "--key", "global", *flags, code=2)


def test_prune_expired_deletes_what_is_past_its_expiry_finished_or_not(run, conn, clock):
    kept = enqueue(conn, "a.kept")
    gone = [enqueue(conn, f"a.t{n}", expires_in="1 minute") for n in range(4)]
    conn.execute("select * from reproq_claim('w', max_tasks => 5)")
    running, done, *_ = gone
    conn.execute("select reproq_release(r, 1) from unnest(%s::bigint[]) r", [[kept, *gone[2:]]])
    conn.execute("select reproq_complete(%s, 1, 'null')", [done])
    clock.advance(minutes=1)
    assert run("prune", "expired", "--dry-run") == "Would prune 3 expired task(s)\n"
    assert run("prune", "expired", "--limit", 1) == "Pruned 1 expired task(s)\n"
    assert run("prune", "expired") == "Pruned 2 expired task(s)\n"
    left = conn.execute("select result_id from task_runs order by 1").fetchall()
    assert left == [(kept,), (running,)]


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
        conn.execute("update task_runs set logs_uri = 'ftp://127.0.0.1/x'")
        assert "cannot read ftp" in run("logs", "--id", it, code=1)


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


def test_replay_takes_the_latest_run_of_a_hash(run, conn):
    first, second = enqueue(conn, dedup=False), enqueue(conn, dedup=False)
    [spec_hash] = conn.execute("select distinct spec_hash from task_runs").fetchone()
    said = run("replay", "--spec-hash", spec_hash)
    assert said == f"Requeued task {spec_hash} as new result_id {second + 1}\n"
    assert first < second
    run("replay", "--spec-hash", "none", code=1)
    run("replay", code=2)
    run("replay", "--id", 1, "--spec-hash", "x", code=2)


def test_a_run_that_has_ended_cannot_be_cancelled(run, conn):
    run("cancel", "--id", fail(conn), code=4)


class TestDoctor:
    def test_is_content_with_what_is_well(self, run, conn):
        conn.execute("select reproq_register_worker('w', 'h', 1, '{default}', %s)", [__version__])
        assert run("doctor", "--strict").endswith("Doctor found 0 error(s) and 0 warning(s).\n")

    @pytest.mark.breaks_invariants
    def test_names_what_is_wrong(self, run, conn):
        enqueue(conn)
        assert "no worker serves these queues: default" in run("doctor", "--strict", code=1)
        run("doctor")
        conn.execute("delete from reproq_ready")
        assert "broken invariants: I9" in run("doctor", code=1)
        conn.execute("alter table rate_limits rename to gone")
        found = json.loads(run("doctor", "--json", code=1))
        assert "missing tables: rate_limits" in [row["what"] for row in found["findings"]]

    @pytest.mark.parametrize(
        ("statement", "words"),
        [
            (
                "alter database {} set default_transaction_isolation = 'repeatable read'",
                "repeatable read by default",
            ),
            (
                "select reproq_register_worker('x', 'h', 1, '{{default}}', '0.0')",
                "workers of another release",
            ),
            (
                "insert into periodic_tasks (name, cron_expr, task_path, queue_name)"
                " values ('s', '* * * * *', 'a.b', 'nobody')",
                "no worker serves the queues of schedules: s (nobody)",
            ),
            ("select reproq_pause_queue('mail')", "paused queues: mail"),
        ],
    )
    def test_finds_each_mistake(self, run, conn, statement, words):
        conn.execute("select reproq_register_worker('w', 'h', 1, '{default}', '1')")
        conn.execute(statement.format(conn.info.dbname))
        code = 1 if "isolation" in statement else 0
        found = run("doctor", code=code)
        assert words in found

    def test_tries_the_settings_of_a_worker(self, run, tmp_path):
        config = tmp_path / "reproq.toml"
        config.write_text('[metrics]\naddr = "0.0.0.0:9090"\n')
        assert "no worker would start here: metrics.addr" in run("doctor", code=1)
        config.write_text(f'[worker]\nlogs_dir = "{config}"\n')
        assert "logs cannot be written" in run("doctor", code=1)

    def test_without_a_schema_or_a_database(self, reproq, empty_dsn):
        result = reproq("doctor", "--dsn", empty_dsn)
        assert (result.exit_code, "reproq migrate" in result.output) == (1, True)
        assert reproq("doctor", "--dsn", "postgresql://127.0.0.1:1/x").exit_code == 3
        assert reproq("doctor").exit_code == 2


@NEWEST
@pytest.mark.slow
@pytest.mark.breaks_invariants
def test_torture_holds_and_its_verdict_bites(run, dsn, conn):
    report = json.loads(run("torture", "--count", 300, "--kill-every", "1s", "--json"))
    assert report["holds"], report
    assert report["workers_killed"] > 0

    [lowest] = conn.execute("select min(result_id) from task_runs").fetchone()
    ids = [row[0] for row in conn.execute("select result_id from task_runs order by 1").fetchall()]
    it = Torture(dsn, 300, 2, 8, 0, 1, queue=report["queue"], committed=[*ids[1:], ids[-1] + 1])
    conn.execute("update task_runs set return_json = '{}' where result_id = %s", [lowest + 1])
    conn.execute("update task_runs set attempts = attempts + 1 where status = 'FAILED'")
    with psycopg.connect(dsn) as connection:
        broken = {c.promise for c in judge(connection.cursor(), it, "Traceback (most") if c.against}
    assert {"every committed run is there", "every run ended, each as it should"} <= broken
    assert "no worker lost its composure" in broken
