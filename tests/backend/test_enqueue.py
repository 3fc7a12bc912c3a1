"""Enqueueing through Django: what is stored, and which options a call and a task may give."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.tasks import default_task_backend, task_backends
from django.tasks.exceptions import InvalidTask, TaskResultDoesNotExist, TaskResultMismatch
from django.test import override_settings
from django.utils import timezone

from reproq_django import options
from reproq_django import task as reproq_task
from reproq_django.models import TaskRun
from reproq_django.task_class import ReproqTask
from reproq_django.tasks import debug_error_task, debug_noop_task
from tests.backend.running import run_all, run_one
from tests.shop import tasks

pytestmark = pytest.mark.django_db

BACKEND = "reproq_django.backend.ReproqBackend"


def backend_settings(**settings):
    return override_settings(TASKS={"default": {"BACKEND": BACKEND, "QUEUES": []} | settings})


def only_row():
    return TaskRun.objects.get()


def test_the_backend_says_what_it_can():
    assert type(default_task_backend._connections[default_task_backend._alias]).__name__ == (
        "ReproqBackend"
    )
    for capability in ("defer", "priority", "get_result", "async_task"):
        assert getattr(default_task_backend, f"supports_{capability}") is True


def test_enqueue_writes_a_row_and_returns_its_id():
    result = tasks.add.enqueue(1, b=2)
    row = only_row()
    assert result.id == str(row.result_id)
    assert result.status == "READY"
    assert result.enqueued_at is not None
    assert (row.status, row.queue_name, row.priority) == ("READY", "default", 0)
    assert row.task_path == "tests.shop.tasks.add"
    assert (row.spec_args, row.spec_kwargs) == ([1], {"b": 2})
    assert (row.backend_alias, row.errors_json) == ("default", [])
    assert (row.max_attempts, row.timeout_seconds) == (3, 900)
    assert (row.run_after, row.expires_at, row.lock_key, row.concurrency_key) == (None,) * 4
    assert row.concurrency_limit == 0


def test_the_spec_names_all_that_the_run_is():
    tasks.add.enqueue(1)
    spec = only_row().spec_json
    assert spec.keys() >= {
        *("v", "task_path", "args", "kwargs", "takes_context", "queue_name", "priority"),
        *("lock_key", "concurrency_key", "concurrency_limit", "run_after", "exec", "provenance"),
    }
    assert spec["v"] == 1
    assert spec["exec"] == {"timeout_seconds": 900, "max_attempts": 3}
    assert spec["provenance"] == {"code_ref": None, "pip_lock_hash": None}


def test_using_changes_priority_queue_and_time():
    later = timezone.now() + timedelta(hours=1)
    tasks.add.using(priority=7, queue_name="mail", run_after=later).enqueue(1)
    row = only_row()
    assert (row.priority, row.queue_name, row.run_after) == (7, "mail", later)
    assert row.status == "SCHEDULED"


def test_using_takes_a_timedelta_and_counts_it_at_each_enqueue():
    later = tasks.add.using(run_after=timedelta(minutes=5))
    assert abs(later.run_after - timezone.now() - timedelta(minutes=5)) < timedelta(seconds=5)
    stale = object.__getattribute__(later, "run_after") - timedelta(hours=1)
    object.__setattr__(later, "run_after", stale)  # As if it had been made an hour ago.
    result = later.enqueue(1)
    until = only_row().run_after - timezone.now()
    assert timedelta(minutes=4) < until < timedelta(minutes=6)
    assert abs(result.task.run_after - only_row().run_after) < timedelta(seconds=5)


def test_using_a_time_after_a_timedelta_takes_the_time():
    at = timezone.now() + timedelta(days=3)
    tasks.add.using(run_after=timedelta(minutes=5)).using(run_after=at).enqueue(1)
    assert only_row().run_after == at


def test_aenqueue_writes_a_row():
    result = async_to_sync(tasks.add.aenqueue)(1)
    assert str(only_row().result_id) == result.id


def test_call_runs_the_function_and_writes_nothing():
    assert tasks.add.call(2, b=3) == 5
    assert tasks.add_later.call(2, b=3) == 5
    assert async_to_sync(tasks.add_later.acall)(2) == 2
    assert not TaskRun.objects.exists()


def test_get_result_finds_the_run_of_this_task_only():
    result = tasks.add.enqueue(1)
    assert tasks.add.get_result(result.id).id == result.id
    assert default_task_backend.get_result(result.id).status == "READY"
    with pytest.raises(TaskResultMismatch):
        tasks.echo.get_result(result.id)


@pytest.mark.parametrize("result_id", ["0", "-1", "999", "x", "", "1.5", "9" * 30, "१", "queues:1"])
def test_get_result_of_an_unknown_id(result_id):
    with pytest.raises(TaskResultDoesNotExist):
        tasks.add.get_result(result_id)


def test_aget_result():
    async def enqueue_and_get():
        result = await tasks.add.aenqueue(1)
        found = await tasks.add.aget_result(result.id)
        with pytest.raises(TaskResultMismatch):
            await tasks.echo.aget_result(result.id)
        with pytest.raises(TaskResultDoesNotExist):
            await default_task_backend.aget_result("999")
        return result.id, found.id

    enqueued, found = async_to_sync(enqueue_and_get)()
    assert enqueued == found


def test_the_debug_tasks():
    noop, error = debug_noop_task.enqueue(), debug_error_task.using(max_attempts=1).enqueue()
    run_all()
    noop.refresh()
    error.refresh()
    assert noop.return_value == "ok"
    assert (error.status, error.errors[0].exception_class) == ("FAILED", RuntimeError)


def test_queues_that_are_not_named_are_refused_with_a_way_out():
    with override_settings(TASKS={"default": {"BACKEND": BACKEND}}):
        with pytest.raises(InvalidTask, match='"QUEUES": \\[\\]'):
            tasks.add.using(queue_name="mail")
        tasks.add.using(queue_name="default")
    with backend_settings(QUEUES=["mail"]):
        tasks.add.using(queue_name="mail")
        with pytest.raises(InvalidTask, match="Queue 'default'"):
            tasks.add.using(priority=1)


@pytest.mark.parametrize(
    ("name", "error"), [(" ", ValueError), (5, TypeError), ("\x00", ValueError)]
)
def test_a_bad_queue_name_is_refused_before_the_database_sees_it(name, error):
    with pytest.raises(error, match="queue_name"):
        tasks.add.using(queue_name=name).enqueue(1)
    assert not TaskRun.objects.exists()


def test_the_database_option_and_setting_choose_the_connection(settings):
    with backend_settings(OPTIONS={"DATABASE": "default"}):
        tasks.add.enqueue(1)
    assert TaskRun.objects.count() == 1
    settings.REPROQ_DEFAULT_DB_ALIAS = "elsewhere"
    assert [e.id for e in task_backends["default"].check()] == ["reproq.E002"]


def test_enqueue_is_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        tasks.with_options.enqueue(3)


class TestReservedOptions:
    """The five names that enqueue() takes for itself."""

    def test_run_after_is_taken_out_of_the_arguments(self):
        tasks.echo.enqueue(run_after=timedelta(minutes=5), debug=True)
        row = only_row()
        assert row.spec_kwargs == {"debug": True}
        assert abs(row.run_after - timezone.now() - timedelta(minutes=5)) < timedelta(seconds=5)

    def test_run_after_in_another_time_zone_is_the_same_time(self):
        at = datetime(2031, 1, 2, 12, tzinfo=UTC)
        tasks.echo.enqueue(run_after=at.astimezone(timezone.get_fixed_timezone(600)))
        assert only_row().run_after == at

    def test_a_run_after_that_has_passed_is_ready(self):
        tasks.echo.enqueue(1, run_after=timedelta(seconds=-5))
        tasks.echo.enqueue(2, run_after=timezone.now() - timedelta(days=1))
        assert set(TaskRun.objects.values_list("status", flat=True)) == {"READY"}

    @pytest.mark.parametrize(
        ("value", "error", "text"),
        [
            (datetime(2030, 1, 1), ValueError, "run_after must be timezone-aware"),
            ("2030-01-01", TypeError, "run_after must be a datetime or a timedelta, not str"),
            (60, TypeError, "run_after"),
            (timedelta.max, ValueError, "run_after is out of range"),
            (timedelta(days=2000 * 365), ValueError, "run_after is out of range"),
            (datetime.max.replace(tzinfo=UTC), ValueError, "run_after is out of range"),
            (datetime.min.replace(tzinfo=UTC), ValueError, "run_after is out of range"),
        ],
    )
    def test_a_bad_run_after_is_named(self, value, error, text, django_assert_num_queries):
        # Before the database sees it, whose refusal would spoil the caller's transaction.
        with pytest.raises(error, match=text), django_assert_num_queries(0):
            tasks.echo.enqueue(run_after=value)
        assert not TaskRun.objects.exists()

    def test_without_time_zones_a_naive_run_after_is_in_time_zone(self):
        with override_settings(USE_TZ=False, TIME_ZONE="Asia/Tokyo"):
            tasks.echo.enqueue(run_after=datetime(2031, 1, 1, 9))
            tasks.echo.using(run_after=datetime(2031, 1, 1, 9)).enqueue("using")
            tasks.echo.enqueue("delta", run_after=timedelta(minutes=5))
        times = list(TaskRun.objects.order_by("result_id").values_list("run_after", flat=True))
        assert times[0] == times[1] == datetime(2031, 1, 1, tzinfo=UTC)
        assert abs(times[2] - timezone.now() - timedelta(minutes=5)) < timedelta(seconds=5)

    def test_priority_of_a_call(self):
        result = tasks.add.using(priority=3).enqueue(1, priority=42)
        row = only_row()
        assert (row.priority, row.spec_json["priority"]) == (42, 42)
        assert row.spec_kwargs == {}
        assert result.task.priority == 42
        tasks.add.using(priority=3).enqueue(2, priority=None)
        assert TaskRun.objects.last().priority == 0

    @pytest.mark.parametrize("value", [101, -101, 9999])
    def test_a_priority_out_of_range_is_refused(self, value):
        with pytest.raises(InvalidTask, match="priority") as error:
            tasks.add.enqueue(1, priority=value)
        assert isinstance(error.value, ValueError)

    @pytest.mark.parametrize("value", ["high", 1.5, True])
    def test_a_priority_that_is_no_int_is_refused(self, value):
        with pytest.raises(TypeError, match="priority"):
            tasks.add.enqueue(1, priority=value)

    def test_lock_key(self):
        tasks.add.enqueue(1, lock_key="till")
        assert (only_row().lock_key, only_row().spec_kwargs) == ("till", {})

    def test_concurrency_key_and_limit(self):
        tasks.add.enqueue(1, b=2, concurrency_key="shop", concurrency_limit=2)
        row = only_row()
        assert (row.concurrency_key, row.concurrency_limit) == ("shop", 2)
        assert row.spec_kwargs == {"b": 2}

    def test_concurrency_key_from_the_arguments(self):
        tasks.add.enqueue(5, b=2, concurrency_key=lambda a, b: f"k{a}{b}", concurrency_limit=0)
        assert (only_row().concurrency_key, only_row().concurrency_limit) == ("k52", 0)

    def test_a_blank_key_is_none(self):
        tasks.add.enqueue(1, concurrency_key=" ", lock_key="")
        assert (only_row().concurrency_key, only_row().lock_key) == (None, None)

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"concurrency_limit": -5}, ValueError),
            ({"concurrency_limit": "x"}, TypeError),
            ({"concurrency_limit": 1.0}, TypeError),
            ({"concurrency_limit": True}, TypeError),
            ({"concurrency_limit": 2**40}, ValueError),
            ({"concurrency_key": 5}, TypeError),
            ({"concurrency_key": lambda *a, **k: 5}, TypeError),
            ({"concurrency_key": "a\x00"}, ValueError),
            ({"concurrency_key": "x" * 256}, ValueError),
            ({"lock_key": 5}, TypeError),
            ({"lock_key": "\ud800"}, ValueError),
        ],
    )
    def test_a_bad_value_is_named_and_spoils_nothing(self, options, error):
        with pytest.raises(error, match=next(iter(options))):
            tasks.add.enqueue(1, **options)
        assert not TaskRun.objects.exists()


class TestTaskOptions:
    """What @task and using() take beside Django's own."""

    def test_options_of_the_task_are_stored(self):
        tasks.with_options.enqueue()
        row = only_row()
        assert (row.lock_key, row.concurrency_key, row.concurrency_limit) == ("till", "shop", 2)
        assert (row.max_attempts, row.timeout_seconds, row.dedup) == (5, 120, False)
        assert (row.backoff_base, row.backoff_cap) == (timedelta(seconds=1), timedelta(minutes=1))
        assert abs(row.expires_at - row.enqueued_at - timedelta(hours=1)) < timedelta(seconds=1)

    def test_using_takes_them_all(self):
        changed = tasks.add.using(
            priority=1,
            queue_name="mail",
            lock_key="l",
            concurrency_key="c",
            concurrency_limit=4,
            max_attempts=1,
            timeout=timedelta(minutes=1),
            backoff=5,
            dedup=False,
            expires_in="2h",
            retry_on=OSError,
            discard_on=(ValueError, TypeError),
        )
        assert isinstance(changed, ReproqTask)
        assert changed.retry_on == (OSError,)
        hash(changed)
        changed.enqueue(1)
        row = only_row()
        assert (row.lock_key, row.concurrency_key, row.concurrency_limit) == ("l", "c", 4)
        assert (row.max_attempts, row.timeout_seconds, row.dedup) == (1, 60, False)
        assert row.backoff_base == timedelta(seconds=5)

    def test_using_changes_only_what_is_given(self):
        assert tasks.with_options.using(priority=3).timeout == 120

    def test_limits_concurrency(self):
        tasks.bill.enqueue(7, concurrency_limit=None)
        row = only_row()
        assert (row.concurrency_key, row.concurrency_limit) == ("customer:7", 2)

    def test_limits_concurrency_below_task_says_where_it_goes(self):
        from reproq_django.concurrency import limits_concurrency

        with pytest.raises(TypeError, match="above @task"):
            limits_concurrency("k")(tasks.plain_function)

    @pytest.mark.parametrize(
        "options",
        [
            {"max_attempts": 0},
            {"max_attempts": 10_001},
            {"max_attempts": "3"},
            {"timeout": 0},
            {"timeout": 0.5},
            {"timeout": -3},
            {"timeout": "soon"},
            {"timeout": timedelta(days=400)},
            {"backoff": -1},
            {"backoff": (60, 1)},
            {"backoff": timedelta(days=3601)},
            {"dedup": 1},
            {"expires_in": 0},
            {"expires_in": float("nan")},
            {"lock_key": 3},
            {"concurrency_limit": -1},
            {"concurrency_limit": None, "concurrency_key": 3},
            {"retry_on": "ValueError"},
            {"discard_on": (int,)},
            {"priority": 101},
            {"priority": 0.5},
        ],
    )
    def test_a_bad_option_is_an_invalid_task(self, options):
        name = next(n for n, v in options.items() if v is not None)
        with pytest.raises(InvalidTask, match=name):
            reproq_task(**options)(tasks.plain_function)

    def test_the_longest_durations_are_what_the_database_takes(self):
        longest = {"expires_in": options.MAX_DURATION, "backoff": options.MAX_BACKOFF}
        task = tasks.add.using(**longest, timeout=options.MAX_TIMEOUT)
        task.using(run_after=options.MAX_DURATION - timedelta(days=1)).enqueue(1)
        for at in (options.EARLIEST, options.LATEST):
            tasks.add.enqueue(at.isoformat(), run_after=at)
        assert TaskRun.objects.count() == 3

    def test_an_unknown_option_is_a_type_error(self):
        with pytest.raises(TypeError, match="atomicity"):
            reproq_task(atomicity=True)(tasks.plain_function)
        with pytest.raises(TypeError, match=r"Use \.using\(run_after"):
            reproq_task(run_after=timedelta(1))(tasks.plain_function)

    @pytest.mark.parametrize(
        "name", ["run_after", "lock_key", "priority", "concurrency_key", "concurrency_limit"]
    )
    def test_a_parameter_with_a_reserved_name_is_an_invalid_task(self, name):
        function = {"run_after": takes_run_after, "lock_key": takes_lock_key}.get(name)
        if function is None:
            namespace = {"__name__": __name__}
            exec(f"def f(*, {name}=None): pass", namespace)
            function = namespace["f"]
        with pytest.raises(InvalidTask, match=f"'{name}' is reserved"):
            reproq_task(function)

    def test_djangos_rules_for_functions_hold(self):
        with pytest.raises(InvalidTask, match="module level"):
            reproq_task(lambda: None)
        with pytest.raises(InvalidTask, match="context"):
            reproq_task(takes_context=True)(tasks.plain_function)

    def test_djangos_decorator_makes_our_tasks(self):
        from django.tasks import task

        made = task(priority=3, queue_name="mail")(tasks.plain_function)
        assert isinstance(made, ReproqTask)
        assert (made.priority, made.queue_name, made.run_after) == (3, "mail", None)


def takes_run_after(run_after):
    pass


def takes_lock_key(a, lock_key="x"):
    pass


class TestBackendOptions:
    def test_they_are_the_defaults_of_every_task(self):
        options = {
            "TIMEOUT_SECONDS": 60,
            "MAX_ATTEMPTS": 7,
            "EXPIRES_IN": timedelta(minutes=10),
            "CODE_REF": "abc",
            "PIP_LOCK_HASH": "def",
            "RESULT_TTL": 5,
            "BACKOFF": (2, 20),
            "MAX_LEASE_LOSSES": 1,
        }
        with backend_settings(OPTIONS=options):
            tasks.add.enqueue(1)
            default_task_backend.bulk_enqueue([(tasks.add, (2,), {})])
        for row in TaskRun.objects.all():
            assert (row.timeout_seconds, row.max_attempts, row.max_lease_losses) == (60, 7, 1)
            assert row.spec_json["exec"] == {"timeout_seconds": 60, "max_attempts": 7}
            assert row.spec_json["provenance"] == {"code_ref": "abc", "pip_lock_hash": "def"}
            left = row.expires_at - row.enqueued_at
            assert abs(left - timedelta(minutes=10)) < timedelta(seconds=1)
            assert row.result_ttl == timedelta(seconds=5)
            assert (row.backoff_base.seconds, row.backoff_cap.seconds) == (2, 20)

    def test_a_task_overrides_them(self):
        with backend_settings(OPTIONS={"MAX_ATTEMPTS": 7, "DEDUP_ACTIVE": True}):
            tasks.with_options.enqueue()
        assert (only_row().max_attempts, only_row().dedup) == (5, False)

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"TIMEOUT": 3}, "unknown option 'TIMEOUT'"),
            ({"MAX_ATTEMPTS": 0}, "MAX_ATTEMPTS"),
            ({"DEDUP_ACTIVE": "yes"}, "DEDUP_ACTIVE"),
            ({"EXPIRES_IN": "soon"}, "EXPIRES_IN"),
            ({"CODE_REF": 3}, "CODE_REF"),
        ],
    )
    def test_a_bad_one_is_found_by_check_without_a_query(
        self, options, text, django_assert_num_queries
    ):
        with backend_settings(OPTIONS=options), django_assert_num_queries(0):
            [error] = default_task_backend.check()
            assert text in error.msg
            with pytest.raises(ImproperlyConfigured, match=text):
                tasks.add.enqueue(1)

    def test_a_database_that_is_not_postgres_is_found_by_check_and_named_by_enqueue(
        self, monkeypatch
    ):
        monkeypatch.setattr(connection, "vendor", "sqlite")
        [error] = default_task_backend.check()
        assert (error.id, "sqlite" in error.msg) == ("reproq.E003", True)
        calls = [(tasks.add, (1,), {})]
        for enqueue in (
            lambda: tasks.add.enqueue(1),
            lambda: default_task_backend.bulk_enqueue(calls),
        ):
            with pytest.raises(ImproperlyConfigured, match="queues need PostgreSQL"):
                enqueue()

    def test_queues_that_are_one_text_are_found_by_check(self):
        with backend_settings(QUEUES="default"):
            [error] = default_task_backend.check()
        assert (error.id, "a list of names" in error.msg) == ("reproq.E004", True)

    def test_expiry_before_the_start_is_refused_before_the_database_sees_it(self):
        with pytest.raises(ValueError, match="expires_in"):
            tasks.add.using(expires_in=60).enqueue(1, run_after=timedelta(hours=1))
        with pytest.raises(ValueError, match="expires_in"):
            tasks.add.using(expires_in=60).enqueue(1, run_after=timezone.now() + timedelta(1))
        assert not TaskRun.objects.exists()


class TestOtherTasks:
    """Tasks that were not made for this backend."""

    def test_a_stock_task_runs_with_the_defaults_of_the_options(self):
        stock = {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}
        both = {"default": {"BACKEND": BACKEND, "OPTIONS": {"MAX_ATTEMPTS": 4}}, "now": stock}
        with override_settings(TASKS=both):
            from django.tasks.base import Task, task

            made = task(backend="now")(tasks.add.func)
            assert type(made) is Task
            result = made.using(backend="default").enqueue(1, b=2, lock_key="x", priority=4)
            row = only_row()
            assert (row.lock_key, row.priority, row.max_attempts) == ("x", 4, 4)
            assert result.task.priority == 4
            assert run_one(result).return_value == 3

    def test_a_stock_task_with_a_reserved_parameter_is_refused(self):
        stock = {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}
        with override_settings(TASKS={"default": {"BACKEND": BACKEND}, "now": stock}):
            from django.tasks.base import task

            with pytest.raises(InvalidTask, match="reserved"):
                task(backend="now")(takes_lock_key).using(backend="default")

    def test_our_decorator_works_with_a_stock_backend(self):
        stock = {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}
        with override_settings(TASKS={"default": stock}):
            made = reproq_task(lock_key="x")(tasks.plain_function)
            assert made.enqueue().return_value == "must not run"
            assert made.using(lock_key="y").lock_key == "y"

    def test_attributes_of_a_task_class_of_ones_own_are_read(self):
        from dataclasses import dataclass

        from django.tasks.base import Task

        @dataclass(frozen=True, slots=True, kw_only=True)
        class Locking(Task):
            lock_key: str = "k"
            concurrency_key: str = "c"
            concurrency_limit: int = 3

        made = Locking(
            func=tasks.add.func,
            priority=0,
            backend="default",
            queue_name="default",
            run_after=None,
        )
        made.enqueue(1)
        row = only_row()
        assert (row.lock_key, row.concurrency_key, row.concurrency_limit) == ("k", "c", 3)


def test_a_failed_enqueue_leaves_the_callers_transaction_usable():
    with transaction.atomic():
        for bad in ({1}, b"x", "x" * 2_000_000, float("inf")):
            with pytest.raises((TypeError, ValueError)):
                tasks.add.enqueue(bad)
        tasks.add.enqueue(1)
    assert TaskRun.objects.count() == 1
