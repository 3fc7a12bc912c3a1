"""Commands of operators: triage, limit, prune, replay by hash, doctor, torture."""

import json

import psycopg
import pytest

from reproq_worker import __version__
from reproq_worker.torture.run import Torture
from reproq_worker.torture.verdict import judge
from tests.cli.queue import enqueue, fail, status

NEWEST = pytest.mark.parametrize("server", ["pg18"], indirect=True)


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

    def test_finds_who_may_write_the_table_though_roles_are_told_apart(self, run, conn):
        role = f"writer_{conn.info.dbname}"
        conn.execute(f"create role {role} login")
        try:
            run("grant", "--producer", role)
            assert "may write the table" not in run("doctor")
            conn.execute(f"grant insert on task_runs to {role}")
            found = run("doctor")
            assert f"these may write the table itself: {role} (task_runs)" in found
        finally:
            conn.execute(f"drop owned by {role}; drop role {role}")

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
