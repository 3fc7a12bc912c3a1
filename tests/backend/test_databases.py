"""Queues in several databases: where a task goes, and how its result is found again."""

import pytest
from django.core.checks import run_checks
from django.db import connections, router
from django.tasks import default_task_backend
from django.tasks.exceptions import TaskResultDoesNotExist
from django.test import override_settings

from reproq_django import databases
from reproq_django import recurring as recurring_module
from reproq_django.executor.loading import load
from reproq_django.models import PeriodicTask, TaskRun
from reproq_django.recurring import recurring, sync_recurring_tasks
from reproq_django.workflows import chain
from reproq_worker.call import call
from tests.shop import tasks

BOTH = pytest.mark.django_db(databases=["default", "queues"])
ROUTES = {"bulk-*": "queues", "bulk-urgent": "default", "mail": "queues"}
pytestmark = pytest.mark.django


@pytest.fixture
def routed():
    with override_settings(REPROQ_QUEUE_DATABASES=ROUTES):
        yield


class TestRouting:
    @pytest.mark.parametrize(
        ("queue", "alias"),
        [
            ("mail", "queues"),
            ("bulk-imports", "queues"),
            ("bulk-urgent", "default"),  # An exact name goes before a pattern.
            ("Mail", "default"),
            (None, "default"),
        ],
    )
    def test_a_queue_has_its_database(self, routed, queue, alias):
        assert databases.resolve_queue_db(queue) == alias

    @override_settings(REPROQ_QUEUE_DATABASES={"a*": "one", "ab*": "two"})
    def test_the_first_pattern_wins(self):
        assert databases.resolve_queue_db("abc") == "one"
        assert databases.queue_aliases() == ["default", "one", "two"]

    @override_settings(REPROQ_DEFAULT_DB_ALIAS="queues")
    def test_the_default_may_be_another(self):
        assert databases.resolve_queue_db("x") == "queues"

    @pytest.mark.parametrize("routes", [["mail"], {"mail": None}, {1: "queues"}])
    def test_a_setting_of_another_form_is_refused(self, routes):
        with override_settings(REPROQ_QUEUE_DATABASES=routes):
            with pytest.raises(ValueError, match="REPROQ_QUEUE_DATABASES must be a dict"):
                databases.resolve_queue_db("mail")
            assert [message.id for message in run_checks(databases=[])] == ["reproq.E005"]

    @override_settings(REPROQ_QUEUE_DATABASES={"mail": "nowhere"})
    def test_an_unknown_database_is_found_by_the_checks(self):
        assert [message.id for message in run_checks(databases=[])] == ["reproq.E002"]


class TestIds:
    def test_they_name_their_database_where_there_are_several(self, routed):
        assert databases.format_result_id("queues", 12) == "queues:12"
        assert databases.format_result_id("default", 12) == "default:12"

    def test_with_one_database_they_do_not(self):
        assert databases.format_result_id("default", 12) == "12"

    def test_the_setting_decides(self, routed):
        with override_settings(REPROQ_RESULT_ID_WITH_ALIAS=False):
            assert databases.format_result_id("queues", 12) == "12"
        with override_settings(REPROQ_QUEUE_DATABASES={}, REPROQ_RESULT_ID_WITH_ALIAS=True):
            assert databases.format_result_id("default", 12) == "default:12"

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("queues:12", ("queues", 12)),
            ("12", ("default", 12)),
            (12, ("default", 12)),
            ("nowhere:12", ("default", None)),
            ("queues:", ("queues", None)),
            ("queues:x", ("queues", None)),
        ],
    )
    def test_they_are_read(self, routed, text, found):
        assert databases.parse_result_id(text) == found


@BOTH
class TestTasks:
    def test_a_run_is_in_the_database_of_its_queue(self, routed):
        here, there = tasks.echo.enqueue(1), tasks.echo.using(queue_name="mail").enqueue(1)
        assert TaskRun.objects.using("default").get().result_id == here.result_id
        assert TaskRun.objects.using("queues").get().result_id == there.result_id
        assert (here.db_alias, there.db_alias) == ("default", "queues")
        assert there.id == f"queues:{there.result_id}"

    def test_its_result_is_found_by_its_id(self, routed):
        sent = tasks.echo.using(queue_name="mail").enqueue(1)
        found = default_task_backend.get_result(sent.id)
        assert (found.id, found.db_alias, found.raw_status) == (sent.id, "queues", "READY")
        default_task_backend.save_metadata(sent.id, {"step": 1})
        found.refresh()
        assert found.metadata == {"step": 1}
        with pytest.raises(TaskResultDoesNotExist):
            default_task_backend.get_result(f"default:{sent.result_id}")

    def test_a_bulk_is_split_and_keeps_its_order(self, routed):
        mail = tasks.echo.using(queue_name="mail")
        calls = [(task, [n], {}) for n in range(3) for task in (tasks.echo, mail)]
        found = default_task_backend.bulk_enqueue(calls)
        assert [result.db_alias for result in found] == ["default", "queues"] * 3
        assert [result.args for result in found] == [[0], [0], [1], [1], [2], [2]]

    def test_a_workflow_stays_in_one(self, routed):
        mail = tasks.echo.using(queue_name="mail")
        with pytest.raises(ValueError, match="All workflow tasks must target the same database"):
            chain(mail, tasks.echo).enqueue()
        results = chain(mail, mail).enqueue()
        assert results.workflow.db_alias == "queues"
        assert results.workflow.status == "RUNNING"
        assert set(results.workflow.cancel().values()) == {"CANCELLED"}

    def test_the_context_is_of_its_database(self, routed):
        result = tasks.see_context.using(queue_name="mail").enqueue()
        with connections["queues"].cursor() as cursor:
            [run] = call(cursor, "claim", worker_id="w1", queues=["mail"])
        assert load(run).db_alias == "queues"
        assert load(run).task_result.id == result.id

    def test_schedules_go_where_their_queues_are(self, routed, monkeypatch):
        monkeypatch.setattr(recurring_module, "_registered", {})
        recurring(schedule="* * * * *", key="here")(tasks.echo)
        recurring(schedule="* * * * *", key="there", queue_name="mail")(tasks.echo)
        assert sync_recurring_tasks() == 2
        names = {
            alias: list(PeriodicTask.objects.using(alias).values_list("name", flat=True))
            for alias in ("default", "queues")
        }
        assert names == {"default": ["here"], "queues": ["there"]}
        assert sync_recurring_tasks("queues", clear_missing=True) == 1


ROUTER = "reproq_django.db_router.ReproqRouter"


class TestRouter:
    @pytest.fixture(autouse=True)
    def routing(self):
        with override_settings(DATABASE_ROUTERS=[ROUTER], REPROQ_DEFAULT_DB_ALIAS="queues"):
            yield

    @BOTH
    def test_runs_are_read_where_the_queues_are(self):
        sent = tasks.echo.enqueue(1)
        assert TaskRun.objects.get().pk == sent.result_id
        assert TaskRun.objects.using("default").count() == 0

    def test_a_row_stays_where_it_is(self):
        row = TaskRun(result_id=1)
        row._state.db = "default"
        assert router.db_for_write(TaskRun, instance=row) == "default"
        assert not router.allow_relation(row, TaskRun.from_db("queues", ["result_id"], [1]))

    def test_the_tables_belong_to_the_databases_of_queues_alone(self):
        assert not router.allow_migrate("default", "reproq_django")
        assert router.allow_migrate("queues", "reproq_django")
        assert router.allow_migrate("default", "shop")


@BOTH
def test_both_are_worked_and_stay_whole(routed):
    tasks.echo.using(queue_name="mail").enqueue(1)
    with connections["queues"].cursor() as cursor:
        [run] = call(cursor, "claim", worker_id="w1", queues=["mail"])
        call(
            cursor,
            "finish",
            worker_id="w1",
            outcomes=[{n: run[n] for n in ("result_id", "lease_no")} | {"outcome": "complete"}],
        )
        assert call(cursor, "violations") == []
    assert TaskRun.objects.using("queues").get().status == "SUCCESSFUL"
