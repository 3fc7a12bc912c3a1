"""The `reproq` command: the schema, one run, exit codes, and what it never prints."""

import json
import subprocess
import sys

import psycopg
import pytest
from click.testing import CliRunner

from reproq_worker import __version__
from reproq_worker.cli import COMMANDS, main
from reproq_worker.install import install, script

PASSWORD = "s3kr3t-word"


@pytest.fixture
def reproq(monkeypatch):
    """Runs the command in this process, without the environment's database."""
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def run(*args, **options):
        result = CliRunner().invoke(main, [str(arg) for arg in args], **options)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


@pytest.fixture
def run_id(conn) -> int:
    """A run that waits for a worker."""
    return conn.execute("select reproq_enqueue('shop.tasks.charge')").fetchone()[0]


def test_the_module_behind_the_command_starts_as_a_process():
    command = [sys.executable, "-c", "from reproq_worker.cli import main; main()", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert result.stdout == f"reproq-worker version {__version__}\n"


@pytest.mark.parametrize("argument", ["--version", "version"])
def test_version(reproq, argument):
    result = reproq(argument)

    assert (result.exit_code, result.output) == (0, f"reproq-worker version {__version__}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded_and_has_help(reproq, name):
    result = reproq(name, "--help")

    assert (result.exit_code, result.output.split()[:3]) == (0, ["Usage:", "reproq", name])


@pytest.mark.parametrize("args", [[], ["nix"], ["migrate", "--nix"], ["cancel", "--id", "x"]])
def test_wrong_usage_exits_with_2(reproq, args):
    result = reproq(*args)

    assert result.exit_code == 2
    assert "Usage: reproq" in result.output


class TestMigrate:
    def test_installs_and_then_finds_nothing_to_do(self, reproq, empty_dsn):
        first = reproq("migrate", "--dsn", empty_dsn)
        second = reproq("migrate", "--dsn", empty_dsn)

        assert (first.exit_code, second.exit_code) == (0, 0)
        assert "create the function reproq_claim\n" in first.output
        assert second.output == "Reproq schema already present.\n"

    def test_takes_the_database_from_the_environment_unless_told(self, reproq, empty_dsn):
        environment = {"DATABASE_URL": empty_dsn}
        wrong = {"DATABASE_URL": "postgresql://127.0.0.1:1/nowhere"}

        assert "installed" in reproq("migrate", env=environment).output
        assert "already" in reproq("migrate", "--dsn", empty_dsn, env=wrong).output

    def test_plan_changes_nothing(self, reproq, empty_dsn):
        planned = reproq("migrate", "--dsn", empty_dsn, "--plan")
        assert planned.exit_code == 0

        done = reproq("migrate", "--dsn", empty_dsn)
        assert done.output.splitlines()[:-1] == planned.output.splitlines() != []

    def test_sql_needs_no_database(self, reproq):
        result = reproq("migrate", "--sql")

        assert (result.exit_code, result.output) == (0, script())

    def test_sql_and_plan_exclude_each_other(self, reproq):
        assert reproq("migrate", "--sql", "--plan").exit_code == 2

    def test_a_schema_that_does_not_exist_exits_with_2(self, reproq, empty_dsn):
        result = reproq("migrate", "--dsn", empty_dsn, "--schema", "nowhere")

        assert (result.exit_code, "nowhere" in result.output) == (2, True)

    def test_a_newer_database_exits_with_2(self, reproq, empty_dsn):
        with psycopg.connect(empty_dsn) as connection:
            install(connection.cursor(), version="999.0")
            connection.execute("update reproq_functions set digest = 'x'")
        result = reproq("migrate", "--dsn", empty_dsn)

        assert result.exit_code == 2
        assert "newer than reproq" in result.output
        assert "Hint: Install reproq 999.0 or newer." in result.output


class TestUninstall:
    def test_asks_and_takes_no_for_an_answer(self, reproq, dsn, conn):
        result = reproq("uninstall", "--dsn", dsn, input="n\n")

        assert result.exit_code == 1
        assert conn.execute("select to_regclass('task_runs')").fetchone() == ("task_runs",)

    @pytest.mark.parametrize(("args", "answer"), [([], "y\n"), (["--yes"], "")])
    def test_drops_everything(self, reproq, dsn, conn, args, answer):
        result = reproq("uninstall", "--dsn", dsn, *args, input=answer)

        assert (result.exit_code, "uninstalled" in result.output) == (0, True)
        assert conn.execute("select to_regclass('task_runs')").fetchone() == (None,)

    def test_is_refused_with_4_where_others_depend_on_it(self, reproq, dsn, conn):
        conn.execute("create table shop (run bigint references task_runs)")
        result = reproq("uninstall", "--dsn", dsn, "--yes")

        assert (result.exit_code, "shop_run_fkey" in result.output) == (4, True)

    def test_without_an_installation_there_is_nothing_to_do(self, reproq, empty_dsn):
        assert reproq("uninstall", "--dsn", empty_dsn).output == "Reproq is not installed.\n"


class TestOneRun:
    def test_cancel(self, reproq, dsn, run_id):
        result = reproq("cancel", "--dsn", dsn, "--id", run_id)

        assert (result.exit_code, result.output) == (0, f"Task {run_id} is CANCELLED\n")

    def test_cancel_of_a_running_one_is_a_request(self, reproq, dsn, conn, run_id):
        conn.execute("select reproq_claim('w')")
        result = reproq("cancel", "--dsn", dsn, "--id", run_id)

        assert result.output == f"Cancellation requested for task {run_id}\n"

    def test_what_the_state_refuses_exits_with_4(self, reproq, dsn, run_id):
        result = reproq("retry", "--dsn", dsn, "--id", run_id)

        assert result.exit_code == 4
        assert result.output.startswith("Error: ")

    def test_retry(self, reproq, dsn, run_id):
        reproq("cancel", "--dsn", dsn, "--id", run_id)

        assert reproq("retry", "--dsn", dsn, "--id", run_id).output == f"Task {run_id} is READY\n"

    def test_replay(self, reproq, dsn, run_id):
        result = reproq("replay", "--dsn", dsn, "--id", run_id)

        assert result.output.startswith(f"Requeued task {run_id} as new result_id ")

    @pytest.mark.parametrize("command", ["cancel", "retry", "replay", "explain"])
    def test_an_unknown_id_exits_with_1(self, reproq, dsn, command):
        result = reproq(command, "--dsn", dsn, "--id", 404)

        assert (result.exit_code, "404" in result.output) == (1, True)

    def test_explain(self, reproq, dsn, run_id):
        table = reproq("explain", "--dsn", dsn, "--id", run_id)
        rows = json.loads(reproq("explain", "--dsn", dsn, "--id", run_id, "--json").output)

        columns = ["reason", "detail", "until", "blocks", "earliest"]
        assert table.output.split()[:5] == columns == list(rows[0])

    def test_stats(self, reproq, dsn, run_id):
        rows = json.loads(reproq("stats", "--dsn", dsn, "--json").output)

        assert [(row["queue_name"], row["ready"]) for row in rows] == [("default", 1)]
        assert "default" in reproq("stats", "--dsn", dsn).output


class TestDatabase:
    def test_none_given_exits_with_2(self, reproq):
        result = reproq("stats")

        assert (result.exit_code, "DSN required" in result.output) == (2, True)

    def test_out_of_reach_exits_with_3(self, reproq):
        result = reproq("stats", "--dsn", f"postgresql://u:{PASSWORD}@127.0.0.1:1/x")

        assert (result.exit_code, PASSWORD in result.output) == (3, False)

    def test_without_the_schema_exits_with_2_and_says_what_to_do(self, reproq, empty_dsn):
        result = reproq("stats", "--dsn", empty_dsn)

        assert (result.exit_code, "reproq migrate" in result.output) == (2, True)

    def test_a_standby_exits_with_3(self, reproq, dsn, run_id):
        # What a standby answers to a write, a read-only session answers, too.
        read_only = {"PGOPTIONS": "-c default_transaction_read_only=on"}
        result = reproq("cancel", "--dsn", dsn, "--id", run_id, env=read_only)

        assert (result.exit_code, "read-only" in result.output) == (3, True)

    @pytest.mark.parametrize(
        "bad",
        [
            "postgresql://u:{}/x@127.0.0.1:1/x",
            "postgresql://u:x@{}@127.0.0.1:1/x",
            "postgresql://u:{}%zz@127.0.0.1:1/x",
            "password={} nix=1",
            "host=x {}",
            "{}",
        ],
    )
    def test_a_dsn_that_cannot_be_read_exits_with_2_and_is_not_printed(self, reproq, bad):
        result = reproq("stats", "--dsn", bad.format(PASSWORD))

        assert (result.exit_code, PASSWORD in result.output) == (2, False)
        assert "the DSN cannot be read" in result.output
