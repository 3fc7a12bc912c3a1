"""`reproq pg-cron`: jobs inside Postgres keep time, beside whoever else does."""

import shutil
import time
from collections.abc import Iterator
from hashlib import sha256

import psycopg
import pytest
from click.testing import CliRunner, Result
from django.core.management import CommandError, call_command
from django.db import connections
from psycopg.conninfo import make_conninfo

from reproq_worker.cli import main
from reproq_worker.install import grant
from reproq_worker.pg_cron import name_of
from tests.harness.fixtures import violations
from tests.harness.machine import NEWEST, OLDER, SYSTEM_SHARE, has_pg_cron
from tests.harness.servers import Server
from tests.races.sessions import value
from tests.worker.process import until

DATABASE = "with_cron"
SETTINGS = {
    "shared_preload_libraries": "pg_cron",
    "cron.database_name": DATABASE,
    "cron.use_background_workers": "on",
}
JOBS = "select jobname::text, schedule, command from cron.job order by jobname::text"
SCHEDULE = (
    "insert into periodic_tasks (name, cron_expr, time_zone, task_path) values (%s, %s, %s, 'a.b')"
)
NAMES = ["plain", "it's", "it;s", "日本", "%s %% %L", "back\\slash", "x" * 80, "x" * 79 + "y"]

WITH_PG_CRON = pytest.mark.skipif(not has_pg_cron(), reason="pg_cron is not on this machine")


@pytest.fixture(scope="module")
def cron_server() -> Iterator[Server]:
    """A server of its own: pg_cron must be there from the start, and knows one database."""
    if not has_pg_cron():
        pytest.skip("pg_cron is not on this machine")
    server = Server(OLDER, SETTINGS).start()
    try:
        server.createdb(DATABASE, template=server.installed)
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(server.data_dir, ignore_errors=True)


@pytest.fixture
def cron(cron_server: Server) -> Iterator[psycopg.Connection]:
    """A connection to the database with pg_cron, without a job, a schedule or a run."""
    with psycopg.connect(cron_server.dsn(DATABASE), autocommit=True) as conn:
        if value(conn, "select to_regclass('cron.job') is not null"):
            conn.execute("select cron.unschedule(jobid) from cron.job")
        conn.execute("truncate task_runs, periodic_tasks")
        yield conn
    assert violations(cron_server.dsn(DATABASE)) == []


def pg_cron(dsn: str | psycopg.Connection, *flags: str) -> Result:
    if isinstance(dsn, psycopg.Connection):
        dsn = dsn.info.dsn
    return CliRunner().invoke(main, ["pg-cron", "--dsn", dsn, *flags])


def test_one_job_ticks_and_installing_it_again_leaves_one(cron):
    first = pg_cron(cron, "--install")
    assert first.output.startswith("Removed 0 pg_cron job(s).\nScheduled 1 pg_cron job(s).\n")
    assert "counts in minutes" in first.output
    jobs = cron.execute(JOBS).fetchall()
    assert jobs == [("reproq_periodic_tick", "* * * * *", "SELECT reproq_tick();")]
    again = pg_cron(cron)
    assert again.output.startswith("Removed 1 pg_cron job(s).\nScheduled 1 pg_cron job(s).\n")
    assert cron.execute(JOBS).fetchall() == jobs
    cron.execute(jobs[0][2])


def test_a_dry_run_tells_and_does_nothing(cron):
    pg_cron(cron, "--prefix", "other")
    before = cron.execute(JOBS).fetchall()
    for flags in ([], ["--remove"], ["--per-schedule"]):
        result = pg_cron(cron, "--prefix", "other", "--dry-run", *flags)
        assert result.output.startswith("Would remove 1 pg_cron job(s).\n")
        assert result.exit_code == 0
    assert cron.execute(JOBS).fetchall() == before


def test_removing_takes_the_jobs_of_the_prefix_and_leaves_what_others_made(cron):
    pg_cron(cron)
    pg_cron(cron, "--prefix", "other")
    cron.execute("select cron.schedule('reproq_periodic_vacuum', '@daily', 'vacuum')")
    assert pg_cron(cron, "--remove").output == "Removed 1 pg_cron job(s).\n"
    names = [row[0] for row in cron.execute(JOBS)]
    assert names == ["other_tick", "reproq_periodic_vacuum"]
    assert value(cron, "select to_regproc('reproq_enqueue_periodic_task') is not null")
    assert pg_cron(cron, "--remove").output == "Removed 0 pg_cron job(s).\n"


def test_each_schedule_can_have_a_job_whatever_its_name(cron):
    for name in NAMES:
        cron.execute(SCHEDULE, [name, "0 3 * * *", "UTC"])
    cron.execute(SCHEDULE, ["off", "0 3 * * *", "UTC"])
    cron.execute("update periodic_tasks set enabled = false where name = 'off'")
    result = pg_cron(cron, "--per-schedule")
    assert f"Scheduled {len(NAMES)} pg_cron job(s)." in result.output
    jobs = cron.execute(JOBS).fetchall()
    assert len(jobs) == len({name for name, _, _ in jobs}) == len(NAMES)
    plain = "SELECT reproq_enqueue_periodic_task('plain');"
    assert ("reproq_periodic_plain", "0 3 * * *", plain) in jobs
    assert "SELECT reproq_enqueue_periodic_task('it''s');" in [command for _, _, command in jobs]
    # Each command, as pg_cron would say it, fires the schedule that it is for.
    cron.execute("update periodic_tasks set next_run_at = now() - interval '1 minute'")
    for _, _, command in jobs:
        cron.execute(command)
    fired = cron.execute("select spec_json ->> 'periodic_name' from task_runs").fetchall()
    assert sorted(row[0] for row in fired) == sorted(NAMES)


@pytest.mark.parametrize(
    ("name", "taken", "wanted"),
    [
        ("nightly", [], "p_nightly"),
        ("it's 5 o'clock!", [], "p_it_s_5_o_clock"),
        ("a b", ["p_a_b"], "p_a_b_"),
        ("日本", [], "p_"),
        ("x" * 61, [], "p_" + "x" * 61),
        ("x" * 62, [], "p_" + "x" * 52 + "_"),
    ],
)
def test_a_job_is_named_after_its_schedule(name, taken, wanted):
    digest = sha256(name.encode()).hexdigest()
    expected = wanted + digest[:8] if wanted.endswith("_") else wanted
    assert name_of("p", name, set(taken)) == expected
    assert len(expected) <= 63
    # Two more schedules are called like the names that it was given.
    short = name_of("p", name, {*taken, wanted})
    assert short.endswith(f"_{digest[:8]}")
    assert name_of("p", name, {*taken, wanted, short}).endswith(f"_{digest[:16]}")


def test_what_pg_cron_would_read_otherwise_is_asked_about_every_minute(cron):
    for name, expression, zone in [
        ("zone", "0 3 * * *", "Europe/Berlin"),
        ("days", "0 3 */2 * 1", "UTC"),
        ("alike", "0 3 * * 7", "GMT"),
    ]:
        cron.execute(SCHEDULE, [name, expression, zone])
    pg_cron(cron, "--per-schedule", "--prefix", "p")
    jobs = {name: (schedule, command) for name, schedule, command in cron.execute(JOBS)}
    command = "SELECT reproq_enqueue_periodic_task({});"
    assert jobs == {
        "p_zone": ("* * * * *", command.format("'zone', only_due => true")),
        "p_days": ("* * * * *", command.format("'days', only_due => true")),
        "p_alike": ("0 3 * * 7", command.format("'alike'")),
    }
    for job in ("p_zone", "p_days"):
        cron.execute(jobs[job][1])
    assert value(cron, "select count(*) from task_runs") == 0


@pytest.mark.slow
@pytest.mark.long
def test_a_tick_and_jobs_for_schedules_fire_each_slot_once(cron):
    """What pg_cron itself runs, at its next minute: three jobs a schedule, and two ticks."""
    if time.time() % 60 > 50:
        time.sleep(10)
    pg_cron(cron)
    # One tick is that of a role that may do no more than work.
    cron.execute("create role test_cron login; grant usage on schema cron to test_cron")
    with cron.transaction(), cron.cursor() as cursor:
        grant(cursor, {"worker": ["test_cron"]})
    as_worker = make_conninfo(cron.info.dsn, user="test_cron")
    assert pg_cron(as_worker, "--prefix", "worker").exit_code == 0
    names = ["plain", "it's"]
    for name in names:
        cron.execute(SCHEDULE, [name, "* * * * *", "UTC"])
    cron.execute(SCHEDULE, ["berlin", "* * * * *", "Europe/Berlin"])
    cron.execute(SCHEDULE, ["rare", "0 0 1 1 *", "Europe/Berlin"])
    for prefix in ("a", "b", "c"):
        pg_cron(cron, "--per-schedule", "--prefix", prefix)
    jobs = value(cron, "select count(*) from cron.job")
    assert jobs == 2 + 3 * 4
    ran = "select count(*) from cron.job_run_details where status in ('succeeded', 'failed')"
    before = value(cron, ran)
    until(lambda: value(cron, ran) - before >= jobs, 80, every=0.2)
    cron.execute("select cron.unschedule(jobid) from cron.job")
    failed = "select return_message from cron.job_run_details where status = 'failed'"
    assert cron.execute(failed).fetchall() == []
    fired = cron.execute(
        "select spec_json ->> 'periodic_name', spec_json ->> 'scheduled_at' from task_runs"
    ).fetchall()
    assert {name for name, _ in fired} == {*names, "berlin"}
    # Slots, not the times at which somebody called.
    assert all(slot.endswith(":00Z") for _, slot in fired)
    assert len(fired) == len(set(fired))


@pytest.mark.parametrize(
    ("extensions", "said", "skipped"),
    [
        (
            "$system",
            "pg_cron extension is not available on this database.",
            "pg-cron extension not available; skipping.",
        ),
        # Debian's files say that there is one, but this server has not the library.
        pytest.param(
            f"$system:{SYSTEM_SHARE}",
            "pg_cron could not be enabled: ",
            "pg-cron could not be enabled; skipping.",
            marks=WITH_PG_CRON,
        ),
    ],
)
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
def test_without_pg_cron_it_says_so(dsn, extensions, said, skipped):
    dsn = make_conninfo(dsn, options=f"-c extension_control_path={extensions}")
    assert said in pg_cron(dsn).output
    assert pg_cron(dsn).exit_code == 1
    for flag in ("--install", "--per-schedule"):
        result = pg_cron(dsn, "--if-supported", flag)
        assert (result.exit_code, result.output) == (0, f"{skipped}\n")


@WITH_PG_CRON
@pytest.mark.parametrize("server", [OLDER], indirect=True)
def test_where_the_server_has_not_loaded_it_it_says_so(dsn):
    assert "pg_cron could not be enabled: " in pg_cron(dsn).output
    result = pg_cron(dsn, "--if-supported")
    assert (result.exit_code, result.output) == (0, "pg-cron could not be enabled; skipping.\n")
    assert pg_cron(dsn, "--remove").output == "Removed 0 pg_cron job(s).\n"


def test_without_the_tables_it_says_so(empty_dsn):
    result = pg_cron(empty_dsn)
    assert result.exit_code == 1
    assert "Missing periodic_tasks table. Run migrations first." in result.output


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--install", "--remove"], 1, "Choose either --install or --remove (not both)."),
        (["--prefix", "it's"], 2, "--prefix must be"),
        (["--prefix", "x" * 41], 2, "--prefix must be"),
        ([], 3, "refused"),
    ],
)
def test_what_cannot_be_done_is_said(flags, code, words):
    result = pg_cron("postgresql://127.0.0.1:1/nowhere", *flags)
    assert result.exit_code == code
    assert words in result.output


@pytest.mark.django_db
def test_manage_py_needs_postgres(monkeypatch, capsys):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(connections["default"], "vendor", "sqlite")
    with pytest.raises(CommandError, match="not PostgreSQL"):
        call_command("reproq", "pg-cron")
    call_command("reproq", "pg-cron", "--if-supported")
    assert capsys.readouterr().out == "pg-cron needs PostgreSQL; skipping.\n"


@pytest.mark.django_db(transaction=True)
def test_manage_py_is_the_same_command(monkeypatch, capsys):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    call_command("reproq", "pg-cron", "--if-supported", "--database", "default")
    assert capsys.readouterr().out.endswith("; skipping.\n")
    with pytest.raises(CommandError, match="Choose either --install or --remove") as raised:
        call_command("reproq", "pg-cron", "--install", "--remove")
    assert raised.value.returncode == 1
