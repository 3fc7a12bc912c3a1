"""The executor: from a claimed run to one recorded outcome, whatever the task does."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.tasks.base import Task
from django.tasks.signals import log_task_finished, log_task_started, task_finished, task_started
from django.utils import timezone, translation
from django.utils.log import RequireDebugTrue

from reproq_django import executor
from reproq_django.exceptions import Retry
from reproq_django.executor import allowlist, claimed, quiet
from reproq_django.executor.quiet import drop_unseen_records
from reproq_django.models import TaskRun
from tests.backend.running import claim, run_all, run_one
from tests.shop import tasks
from tests.shop.models import Customer

pytestmark = pytest.mark.django_db


def outcome_of(task, *args, **kwargs):
    task.enqueue(*args, **kwargs)
    [outcome] = run_all()
    return outcome


def run_of(path, **changes):
    """A claimed run with another path, as a row written by hand may have."""
    tasks.add.enqueue(1)
    [run] = claim()
    return run | {"task_path": path} | changes


def test_a_return_value():
    assert outcome_of(tasks.echo, 1, x=[2]) == {
        "outcome": "complete",
        "return_json": [[1], {"x": [2]}],
    }


def test_typed_arguments_arrive_as_what_they_were():
    assert outcome_of(tasks.describe, timedelta(days=1))["return_json"] == [
        "timedelta",
        "1 day, 0:00:00",
    ]


def test_an_exception_is_recorded_with_its_traceback_from_the_task_on():
    outcome = outcome_of(tasks.fail, "no luck")
    error = outcome["error"]
    assert (outcome["outcome"], outcome["retry"]) == ("fail", True)
    assert (error["kind"], error["exception_class"]) == ("app_error", "builtins.ValueError")
    assert error["message"] == "no luck"
    assert "in fail" in error["traceback"]
    assert "executor" not in error["traceback"]


def test_sys_exit_is_a_failure_that_says_so():
    error = outcome_of(tasks.exit_process)["error"]
    assert error["exception_class"] == "builtins.SystemExit"
    assert error["message"] == "sys.exit(3) was called."


def test_an_error_without_a_text_is_named_by_its_class():
    assert outcome_of(tasks.fail, "")["error"]["message"] == "ValueError"


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("nan", "return value"),
        ("bytes", "Return value of type bytes is not JSON serializable"),
        ("date", "Return value of type datetime is not JSON serializable"),
        ("model", "Return value of type Customer is not JSON serializable"),
        ("set", "Return value of type set is not JSON serializable"),
        ("nul", "NUL"),
    ],
)
def test_a_return_value_that_is_not_json_fails_and_is_not_tried_again(what, text):
    result = run_one(tasks.return_what_is_not_json.enqueue(what))
    [entry] = result.data.errors_json
    assert (result.status, result.attempts) == ("FAILED", 1)
    assert text in entry["message"]
    assert entry["exception_class"] in ("builtins.TypeError", "builtins.ValueError")


@pytest.mark.parametrize(
    ("after", "seconds"), [(None, None), (90, 90), ("2m", 120), (timedelta(hours=1), 3600)]
)
def test_retry(after, seconds):
    outcome = outcome_of(tasks.ask_for_retry, after)
    assert (outcome["retry"], outcome.get("retry_in")) == (True, seconds)
    row = TaskRun.objects.get()
    assert (row.status, row.attempts) == ("SCHEDULED", 1)
    wait = row.run_after - timezone.now()
    assert abs(wait - timedelta(seconds=seconds or 30)) < timedelta(seconds=5)


def test_retry_ends_with_the_attempts():
    result = run_one(tasks.ask_for_retry.using(max_attempts=1).enqueue())
    assert (result.raw_status, result.errors[0].exception_class) == ("FAILED", Retry)


@pytest.mark.parametrize("after", [0, "0s", timedelta()])
def test_a_retry_may_be_asked_for_at_once(after):
    result = run_one(tasks.ask_for_retry.using(max_attempts=2).enqueue(after))
    assert (result.raw_status, result.attempts) == ("FAILED", 2)
    assert [error.exception_class for error in result.errors] == [Retry, Retry]


@pytest.mark.parametrize(
    "after", [-1, timedelta(seconds=-1), timedelta(days=3601), "soon", [], True]
)
def test_a_bad_delay_is_refused_where_it_is_raised(after):
    with pytest.raises((TypeError, ValueError), match="after"):
        Retry(after=after)


def test_cancel():
    result = run_one(tasks.cancel_itself.enqueue())
    assert (result.raw_status, result.attempts) == ("CANCELLED", 1)
    assert result.data.errors_json[0]["kind"] == "cancelled"
    assert result.data.errors_json[0]["message"] == "the order is gone"


@pytest.mark.parametrize(("name", "again"), [("reset", True), ("refused", False), ("value", False)])
def test_retry_on_and_discard_on(name, again):
    assert outcome_of(tasks.fail_selectively, name)["retry"] is again


def test_discard_on_alone_retries_the_rest():
    task = tasks.fail.using(discard_on=KeyError)
    assert outcome_of(task)["retry"] is True


def test_texts_that_postgres_cannot_store_are_written_out():
    result = run_one(tasks.raise_text.enqueue("a<NUL>b"))
    assert result.data.last_error == "a\\x00b\\udc80"


def test_an_exception_without_a_text():
    assert "Unprintable" in outcome_of(tasks.raise_unprintable)["error"]["message"]


def test_endless_recursion():
    error = outcome_of(tasks.recurse)["error"]
    assert error["exception_class"] == "builtins.RecursionError"
    assert len(error["traceback"]) < 65_000


class TestCoroutines:
    def test_a_coroutine_runs(self):
        assert outcome_of(tasks.add_later, 1, b=2)["return_json"] == 3

    @pytest.mark.django_db(transaction=True)
    def test_tasks_run_in_a_thread_that_has_an_event_loop(self):
        Customer.objects.create(name="x")
        for task in (tasks.count_customers, tasks.see_surroundings, tasks.see_colour):
            task.enqueue()
        runs = sorted(claim(), key=lambda r: r["result_id"])
        tasks.colour.set("red")

        async def worker():
            return [executor.execute(run) for run in runs]

        count, _, colour = [o["return_json"] for o in asyncio.run(worker())]
        assert (count, colour) == (1, "red")

    @pytest.mark.django_db(transaction=True)
    def test_the_orm_in_a_coroutine(self):
        Customer.objects.create(name="x")
        assert outcome_of(tasks.count_customers)["return_json"] == 1


class TestWhatMayRun:
    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("os.system", "ALLOWED_TASK_MODULES"),
            ("tests.shopping.tasks.add", "ALLOWED_TASK_MODULES"),
            ("tests.shop.tasks.plain_function", "Decorate the function with @task"),
            ("tests.shop.tasks.Customer", "Decorate the function with @task"),
            ("tests.shop.tasks.another_name", "another name of tests.shop.tasks.add"),
        ],
    )
    def test_only_registered_tasks_of_allowed_modules(self, path, text):
        outcome = executor.execute(run_of(path))
        error = outcome["error"]
        assert (error["kind"], outcome["retry"]) == ("security_violation", False)
        assert error["exception_class"] == "reproq_worker.errors.TaskNotAllowed"
        assert text in error["message"]

    def test_a_missing_module_may_come_with_the_next_release(self):
        outcome = executor.execute(run_of("tests.shop.gone.add"))
        assert (outcome["error"]["kind"], outcome["retry"]) == ("app_error", True)
        assert "tests.shop.gone" in outcome["error"]["message"]

    def test_the_path_that_is_checked_is_the_one_that_runs(self):
        run = run_of("tests.shop.tasks.plain_function")
        run["spec_json"]["task_path"] = "tests.shop.tasks.add"
        assert executor.execute(run)["error"]["kind"] == "security_violation"

    @pytest.mark.parametrize(
        "spec", [[], {"args": {}}, {"args": [], "kwargs": []}, {"args": None}, "x", None]
    )
    def test_a_spec_that_is_no_call(self, spec):
        outcome = executor.execute(run_of("tests.shop.tasks.add", spec_json=spec))
        assert (outcome["error"]["kind"], outcome["retry"]) == ("invalid_spec", False)

    def test_a_stock_task_runs(self, monkeypatch):
        stock = Task(
            func=tasks.add.func,
            priority=0,
            backend="default",
            queue_name="default",
            run_after=None,
        )
        run = run_of("tests.shop.tasks.add")
        monkeypatch.setattr(tasks, "add", stock)
        assert executor.execute(run)["return_json"] == 1

    def test_the_allow_list(self, settings, monkeypatch):
        monkeypatch.delenv(allowlist.NAME, raising=False)
        assert "tests.shop" in allowlist.allowed_modules()
        settings.ALLOWED_TASK_MODULES = ["shop.tasks.", "mail"]
        assert allowlist.allowed_modules() == ("shop.tasks", "mail")
        assert allowlist.is_allowed("shop.tasks.charge")
        assert not allowlist.is_allowed("shop.tasks2.charge")
        assert not allowlist.is_allowed("shop.tasks")
        monkeypatch.setenv(allowlist.NAME, "a, b.c.")
        assert allowlist.allowed_modules() == ("a", "b.c")
        monkeypatch.setenv(allowlist.NAME, "*")
        assert allowlist.is_allowed("anything.at.all")


class TestUnseenRecords:
    """Django logs each task twice; where nobody would see that, nothing is logged."""

    @pytest.fixture(autouse=True)
    def logger(self, monkeypatch):
        logger = logging.getLogger("django.tasks")
        # Without pytest's own handlers, which take everything.
        monkeypatch.setattr(logger, "handlers", [])
        monkeypatch.setattr(logger, "propagate", False)
        yield logger
        logger.setLevel(logging.NOTSET)
        task_started.connect(log_task_started)
        task_finished.connect(log_task_finished)
        quiet._logs_failures = False

    @pytest.mark.parametrize(
        ("level", "only_debug", "debug", "seen"),
        [
            (logging.INFO, False, False, True),
            (logging.NOTSET, True, True, True),
            (logging.INFO, True, False, False),
            (logging.ERROR, False, True, False),
        ],
    )
    def test_what_a_handler_takes_is_kept(self, logger, settings, level, only_debug, debug, seen):
        settings.DEBUG = debug
        handler = logging.StreamHandler()
        handler.setLevel(level)
        if only_debug:
            handler.addFilter(RequireDebugTrue())
        logger.handlers = [handler]
        drop_unseen_records()
        assert logger.isEnabledFor(logging.INFO) is seen
        assert logger.isEnabledFor(logging.WARNING)

    def test_a_level_that_was_chosen_stays(self, logger):
        logger.setLevel(logging.DEBUG)
        drop_unseen_records()
        assert logger.level == logging.DEBUG

    def test_a_failure_is_logged_as_before(self, logger, caplog):
        logger.handlers = []
        drop_unseen_records()
        logger.handlers = [caplog.handler]
        tasks.fail.using(max_attempts=1).enqueue()
        [run] = claim()
        assert executor.execute(run)["outcome"] == "fail"
        [record] = caplog.records
        assert record.levelno == logging.ERROR
        assert record.exc_info[0] is ValueError

    def test_what_nobody_hears_of_is_not_made(self, logger, monkeypatch):
        logger.handlers = []
        drop_unseen_records()
        made = []
        monkeypatch.setattr(claimed, "load", lambda run, call: made.append(run))
        tasks.add.enqueue(1, 2)
        [run] = claim()
        assert executor.execute(run)["return_json"] == 3
        assert not made


@pytest.mark.django_db(transaction=True)
class TestSurroundings:
    """Each task finds the process as the first one did."""

    def test_what_a_task_leaves_open_is_rolled_back(self):
        result = run_one(tasks.leave_things_behind.enqueue())
        assert result.status == "SUCCESSFUL"
        assert not Customer.objects.exists()
        assert run_one(tasks.see_surroundings.enqueue()).return_value == [
            "en-us",
            timezone.get_default_timezone_name(),
            False,
            0,
        ]

    def test_a_transaction_begun_by_hand_is_rolled_back(self):
        run_one(tasks.begin_by_hand.enqueue())
        assert not Customer.objects.exists()

    def test_a_closed_connection_is_replaced(self):
        tasks.count_customers.enqueue()
        [run] = claim()
        connection.ensure_connection()
        connection.connection.close()
        assert executor.execute(run)["return_json"] == 0

    def test_a_thread_that_only_runs_tasks_finds_no_other(self):
        tasks.leave_things_behind.enqueue()
        seen = tasks.see_surroundings.enqueue()
        with ThreadPoolExecutor(1, initializer=executor.begin_thread) as thread:
            thread.submit(run_all).result()
            thread.submit(connections.close_all).result()
        assert not Customer.objects.exists()
        seen.refresh()
        assert seen.return_value == ["en-us", timezone.get_default_timezone_name(), False, 0]

    def test_the_callers_language_and_transaction_stay(self, django_capture_on_commit_callbacks):
        from django.db import transaction

        tasks.see_surroundings.enqueue()
        [run] = claim()
        with transaction.atomic(), translation.override("fr"), timezone.override("Asia/Tokyo"):
            Customer.objects.create(name="mine")
            assert executor.execute(run)["return_json"][0] == "en-us"
            assert translation.get_language() == "fr"
            assert timezone.get_current_timezone_name() == "Asia/Tokyo"
        assert Customer.objects.count() == 1


def test_setup_goes_on_when_the_tasks_of_one_app_cannot_be_imported(monkeypatch, caplog):
    def import_module(name):
        raise SystemExit(1)

    monkeypatch.setattr(executor, "import_module", import_module)
    monkeypatch.setattr(executor.connections, "close_all", lambda: None)
    executor.setup()
    assert "Tasks of tests.shop.tasks cannot be imported" in caplog.text
