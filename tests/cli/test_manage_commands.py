"""What only `manage.py reproq` has: aliases, several databases, and commands that ask Django."""

import json
import subprocess
import sys
import tomllib

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.db import connections

from reproq_django.models import TaskRun
from reproq_django.tasks import debug_noop_task
from reproq_worker import config_file
from reproq_worker.call import call_value
from reproq_worker.package_files import starting_config
from tests.shop import tasks
from tests.worker.process import ROOT

DEFAULT = "default"
BOTH = pytest.mark.django_db(databases=["default", "queues"], transaction=True)
pytestmark = pytest.mark.django


def refused(manage, *arguments: object) -> CommandError:
    with pytest.raises(CommandError) as error:
        manage(*arguments)
    return error.value


@pytest.fixture
def routed(settings):
    settings.REPROQ_QUEUE_DATABASES = {"mail": "queues"}


def enqueue_on(alias: str, path: str = "a.b") -> int:
    with connections[alias].cursor() as cursor:
        return call_value(cursor, "enqueue", task_path=path)


@BOTH
class TestSeveralDatabases:
    def test_all_of_them_or_one(self, manage, routed):
        enqueue_on("default"), enqueue_on("queues"), enqueue_on("queues", "c.d")
        said = manage("stats", "--all-databases")
        assert "Database default\n" in said
        assert "Database queues\n" in said
        assert "  READY      3\n" in said
        assert "  READY      2\n" in manage("status", "--database", "queues")
        rows = json.loads(manage("stats", "--all-databases", "--json"))
        assert [(row["database"], row["ready"]) for row in rows] == [("default", 1), ("queues", 2)]

    def test_an_id_names_its_database(self, manage, routed):
        enqueue_on("default")
        there = enqueue_on("queues")
        assert manage("cancel", "--id", f"queues:{there}") == f"Task {there} is CANCELLED\n"
        assert TaskRun.objects.using("default").get().status == "READY"
        assert manage("cancel", f"--id=queues:{there}") == (f"Task {there} is already CANCELLED\n")
        assert "No logs_uri recorded" in manage("logs", "--id", f"queues:{there}")
        assert manage("triage", "inspect", "--id", f"queues:{there}").startswith("Result ID:")
        assert refused(manage, "cancel", "--id", "nowhere:1").returncode == 2
        assert refused(manage, "cancel", "--id", "queues:999999").returncode == 1

    def test_pruning_reaches_all_of_them(self, manage, routed):
        for alias in ("default", "queues"):
            manage("cancel", "--id", enqueue_on(alias), "--database", alias)
        said = manage("prune", "--all-databases", "--older-than", "0s", "--dry-run")
        assert said == "Dry run: 2 task(s) would be deleted.\n"
        assert manage("prune", "--all-databases", "--days", 0) == "Deleted 2 task(s).\n"
        for command in ("reclaim", "prune-workers", "prune-successful", "migrate-worker"):
            assert manage(command, "--all-databases")

    def test_where_that_means_nothing_it_is_refused(self, manage):
        for command in ("worker", "version", "pause-queue"):
            assert refused(manage, command, "--all-databases").returncode == 2
        flags = ("--all-databases", "--database", "queues")
        assert refused(manage, "stats", *flags).returncode == 2

    def test_pausing_names_the_alias(self, manage):
        said = manage("pause-queue", "mail", "--database", "queues", "--reason", "moving")
        assert said == "Paused queue mail (queues).\n"
        assert manage("resume-queue", "mail") == "Queue mail was not paused (default).\n"
        assert manage("resume-queue", "mail", "--database", "queues").startswith("Resumed")

    def test_a_backend_stands_for_its_database(self, manage, settings):
        settings.TASKS = {
            "default": settings.TASKS["default"],
            "far": settings.TASKS["default"] | {"OPTIONS": {"DATABASE": "queues"}},
        }
        manage("cancel", "--id", enqueue_on("queues"), "--database", "queues")
        assert manage("prune", "--days", 0) == "Deleted 0 task(s).\n"
        assert manage("prune", "--days", 0, "--backend", "far") == "Deleted 1 task(s).\n"
        assert refused(manage, "prune", "--backend", "none").returncode == 2


@pytest.mark.django_db
class TestInit:
    def test_writes_a_configuration_that_holds_and_keeps_it(self, manage, tmp_path, settings):
        settings.TASKS = {"default": settings.TASKS["default"] | {"QUEUES": ["a", "b"]}}
        said = manage("init", "--skip-migrate")
        assert "Wrote reproq.yaml.\n" in said
        assert "Worker: reproq" in said
        assert "Schema: present (default).\n" in said
        read = yaml.safe_load((tmp_path / "reproq.yaml").read_text())
        assert read["worker"]["queues"] == ["a", "b"]
        assert "dsn" not in read
        assert read["metrics"] is None
        shown = json.loads(manage("config", "--print"))
        assert shown["worker"]["concurrency"] == 10
        assert "Config already exists at reproq.yaml" in manage("init", "--skip-migrate")

    def test_formats_and_what_is_left_out(self, manage, tmp_path):
        flags = ("--skip-install", "--skip-migrate", "--skip-worker-migrate")
        said = manage("init", "--format", "toml", *flags)
        assert said.splitlines()[0] == "Wrote reproq.toml."
        assert "Worker:" not in said
        assert "Schema:" not in said
        assert tomllib.loads((tmp_path / "reproq.toml").read_text())["worker"]["concurrency"] == 10
        (tmp_path / "reproq.toml").write_text("")
        manage("init", "--config", "reproq.toml", "--force", *flags)
        assert (tmp_path / "reproq.toml").read_text() == starting_config(".toml")
        assert refused(manage, "init", "--config", "a.ini").returncode == 2
        assert refused(manage, "init", "--config", "a.toml", "--format", "yaml").returncode == 2

    def test_says_what_the_settings_lack(self, manage, settings):
        settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
        said = manage("init", "--skip-migrate", "--source", "--build", "--tag", "latest")
        assert "reproq_django.backend.ReproqBackend" in said
        assert "--source" in said


@pytest.mark.django_db
class TestAllowlist:
    def test_names_the_modules_of_tasks(self, manage):
        line = manage("allowlist").strip()
        assert line == "ALLOWED_TASK_MODULES=reproq_django.tasks.,tests.shop.tasks."
        assert manage("allowlist", "--format", "plain").split() == line.split("=")[1].split(",")
        shown = manage("allowlist", "--show-tasks")
        assert f"# {tasks.add.module_path}\n" in shown

    @pytest.mark.parametrize(
        ("name", "before"),
        [
            ("reproq.yaml", starting_config(".yaml")),
            ("reproq.toml", starting_config(".toml")),
            ("reproq.yaml", "worker:\n  allowed_task_modules: [old.]\n  concurrency: 3\n"),
            ("reproq.toml", "[worker]\nconcurrency = 3\n"),
            ("reproq.yaml", "beat:\n  interval: 1s\n"),
        ],
    )
    def test_writes_them_and_keeps_the_rest(self, manage, tmp_path, name, before):
        file = tmp_path / name
        file.write_text(before)
        others = config_file.read(file)
        manage("allowlist", "--write")
        others["worker.allowed_task_modules"] = ["reproq_django.tasks.", "tests.shop.tasks."]
        assert config_file.read(file) == others
        assert before.count("#") - file.read_text().count("#") in (0, 1, 2)
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_what_it_cannot_edit_is_left(self, manage, tmp_path):
        assert refused(manage, "allowlist", "--write").returncode == 1
        file = tmp_path / "reproq.yaml"
        before = "worker:\n  allowed_task_modules:\n    - old.\n"
        file.write_text(before)
        assert "by hand" in str(refused(manage, "allowlist", "--write"))
        assert file.read_text() == before


@pytest.mark.django_db
@pytest.mark.parametrize("flags", [[], ["--bulk"]])
def test_a_stress_test_joins_no_run(manage, flags):
    said = manage("stress-test", "--count", 20, "--sleep", "0.5", *flags)
    assert said.startswith("Enqueued 20 task(s) in ")
    assert said.endswith(" tasks/s).\n")
    runs = TaskRun.objects.filter(task_path=debug_noop_task.module_path)
    assert [run.spec_args for run in runs] == [[0.5]] * 20


@pytest.mark.django_db
def test_commands_of_their_own_are_the_same(manage):
    assert manage(command="reproq_check") == manage("check")
    assert manage(command="reproq_check").endswith("✨ Configuration looks good!\n")
    assert manage(command="reproq_health") == manage("health")
    assert "Recent tasks" in manage(
        "--recent-limit", 1, "--stale-minutes", 5, command="reproq_health"
    )
    assert refused_by("reproq_check", "--database", "none").returncode == 2


def refused_by(command: str, *arguments: str) -> CommandError:
    with pytest.raises(CommandError) as error:
        call_command(command, *arguments)
    return error.value


@pytest.mark.slow
def test_the_worker_says_what_it_allows_unless_somebody_else_does(django_env, tmp_path):
    def said(*flags: str, **environment: str) -> bool:
        done = subprocess.run(
            [sys.executable, "-m", "django", "reproq", "worker", "--until-empty", *flags],
            env=django_env | {"PYTHONPATH": str(ROOT)} | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return "Auto-configured ALLOWED_TASK_MODULES=django.contrib.admin," in done.stdout

    assert said()
    assert not said("--allowed-task-modules", "tests.shop.tasks")
    (tmp_path / "reproq.toml").write_text("[worker]\nconcurrency = 1\n")
    assert not said()


def test_the_lease_by_another_queues_name_for_it(manage, settings):
    backend = settings.TASKS["default"] | {"OPTIONS": {"REDIS_CLAIM_TIMEOUT": 45}}
    settings.TASKS = settings.TASKS | {"default": backend}
    said = manage("config", "--explain", "--mode", "worker")
    assert "worker.lease_seconds: 45.0 (Django settings)" in said
    assert "worker.heartbeat_seconds: 15.0 " in said


def test_global_flags_of_manage_work(django_env, tmp_path):
    (tmp_path / "other_settings.py").write_text("from tests.settings import *\n")
    flags = ["--settings", "other_settings", "--pythonpath", str(tmp_path), "--verbosity", "0"]
    command = [sys.executable, "-m", "django", "reproq", *flags, "pause-queue", "mail"]
    environment = {k: v for k, v in django_env.items() if k != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("Paused queue mail ("), done.stderr
    # People write them at the end, as with every command of Django.
    command = [sys.executable, "-m", "django", "reproq", "resume-queue", "mail", *flags]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("Resumed queue mail ("), done.stderr
    wrong = [sys.executable, "-m", "django", "reproq", *flags, "pause-queue", "--traceback"]
    done = subprocess.run(wrong, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert "Traceback" in done.stderr
    assert "CommandError: Name one queue." in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("order", [["migrate-worker", "migrate"], ["migrate", "migrate-worker"]])
def test_both_orders_of_migrating_work_on_an_empty_database(django_env, empty_dsn, order):
    environment = django_env | {"DATABASE_URL": empty_dsn}
    commands = {"migrate": ["migrate", "-v", "0"], "migrate-worker": ["reproq", "migrate-worker"]}
    said = []
    for name in order:
        command = [sys.executable, "-m", "django", *commands[name]]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    present = "✅ Reproq schema already present.\n"
    assert said[order.index("migrate")].count("Error") == 0
    assert said[1] == (present if order[0] == "migrate" else "")
