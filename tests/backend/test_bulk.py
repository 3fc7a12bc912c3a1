"""bulk_enqueue: many calls in one SQL call a batch."""

from dataclasses import replace
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.tasks import task_backends
from django.tasks.exceptions import InvalidTask
from django.tasks.signals import task_enqueued
from django.test.utils import CaptureQueriesContext

from reproq_django.models import TaskRun
from tests.backend.running import run_all
from tests.shop import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def backend():
    return task_backends["default"]


def test_results_are_in_the_order_of_the_calls(backend):
    results = backend.bulk_enqueue([(tasks.add, (i,), {"b": 1}) for i in reversed(range(1000))])
    rows = TaskRun.objects.in_bulk([r.result_id for r in results])
    assert [rows[r.result_id].spec_args for r in results] == [[i] for i in reversed(range(1000))]
    assert [r.args for r in results] == [[i] for i in reversed(range(1000))]
    assert [r.result_id for r in results] == sorted(rows)


def test_every_call_may_have_its_own_options(backend):
    backend.bulk_enqueue(
        [
            (tasks.add, (1,), {"lock_key": "till", "priority": 5}),
            (tasks.add.using(queue_name="mail"), (2,), {"run_after": timedelta(hours=1)}),
            (tasks.bill, (3,), {}),
            (tasks.add, (4,), {"concurrency_key": "k", "concurrency_limit": 3}),
            (tasks.with_options, (), {}),
        ]
    )
    locked, later, billed, limited, options = TaskRun.objects.order_by("result_id")
    assert (locked.lock_key, locked.priority, locked.spec_kwargs) == ("till", 5, {})
    assert (later.queue_name, later.status) == ("mail", "SCHEDULED")
    assert abs(later.run_after - later.enqueued_at - timedelta(hours=1)) < timedelta(seconds=1)
    assert (billed.concurrency_key, billed.concurrency_limit) == ("customer:3", 2)
    assert (limited.concurrency_key, limited.concurrency_limit) == ("k", 3)
    assert (options.timeout_seconds, options.backoff_cap) == (120, timedelta(minutes=1))
    assert abs(options.expires_at - options.enqueued_at - timedelta(hours=1)) < timedelta(seconds=1)


def test_a_call_alone_and_in_bulk_are_the_same_run(backend):
    for task, args, kwargs in [
        (tasks.with_options.using(dedup=True, expires_in="1h"), (1.5,), {"priority": 3}),
        (tasks.bill, (3,), {"note": timedelta(1)}),
        (tasks.add, ("é",), {}),
    ]:
        alone = task.enqueue(*args, **kwargs)
        [bulk] = backend.bulk_enqueue([(task, args, kwargs)])
        assert alone.id == bulk.id


def test_equal_calls_join_in_the_batch_and_with_live_runs(backend):
    before = tasks.add.enqueue(1)
    results = backend.bulk_enqueue([(tasks.add, (i,), {}) for i in (1, 2, 2, 1)])
    assert [r.id for r in results] == [before.id, results[1].id, results[1].id, before.id]
    assert TaskRun.objects.count() == 2


def test_a_batch_is_one_query(backend):
    calls = [(tasks.add, (i,), {}) for i in range(2500)]
    with CaptureQueriesContext(connection) as queries:
        results = backend.bulk_enqueue(calls)
    assert len([q for q in queries if "reproq_enqueue_many" in q["sql"]]) == 3
    assert len(queries) <= 5
    assert len({r.id for r in results}) == 2500


def test_all_or_nothing(backend):
    calls = [(tasks.add, (i,), {}) for i in range(1500)]
    with pytest.raises(TypeError, match=r"args\[0\]"):
        backend.bulk_enqueue([*calls, (tasks.add, ({1},), {})])
    assert not TaskRun.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_the_database_refuses_takes_the_others_along(backend, monkeypatch):
    monkeypatch.setattr(type(backend), "batch_size", 2)
    calls = [(tasks.add, (i,), {}) for i in range(3)]
    good = backend._spec

    def spec(task, args, kwargs):
        made = good(task, args, kwargs)
        return made if args != (2,) else replace(made, own={"task_path": ""})

    monkeypatch.setattr(backend, "_spec", spec)
    with pytest.raises(ValueError, match="task_path"):
        backend.bulk_enqueue(calls)
    assert not TaskRun.objects.exists()


def test_in_a_transaction_that_is_rolled_back(backend):
    with transaction.atomic():
        backend.bulk_enqueue([(tasks.add, (i,), {}) for i in range(1001)])
        transaction.set_rollback(True)
    assert not TaskRun.objects.exists()


def test_the_signal_is_sent_for_every_call(backend):
    seen = []

    def receiver(task_result, **kwargs):
        seen.append(task_result.id)

    task_enqueued.connect(receiver)
    try:
        results = backend.bulk_enqueue([(tasks.add, (i % 2,), {}) for i in range(5)])
    finally:
        task_enqueued.disconnect(receiver)
    assert seen == [r.id for r in results]


def test_nothing_to_enqueue(backend, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert backend.bulk_enqueue([]) == []


def test_an_invalid_task_is_refused(backend, settings):
    made = tasks.add.using(queue_name="mail")
    settings.TASKS = {"default": {"BACKEND": "reproq_django.backend.ReproqBackend"}}
    with pytest.raises(InvalidTask):
        task_backends["default"].bulk_enqueue([(made, (), {})])


def test_async_twin(backend):
    results = async_to_sync(backend.abulk_enqueue)([(tasks.add, (i,), {}) for i in range(3)])
    run_all()
    assert [r.wait(1).return_value for r in results] == [0, 1, 2]
