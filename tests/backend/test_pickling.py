"""Tasks and results can be pickled and copied, on Django 6.0 as on 6.1."""

import copy
import pickle
from datetime import timedelta

import pytest

from tests.backend.running import run_one
from tests.shop import tasks

pytestmark = pytest.mark.django

AT_FIVE = tasks.add.using(run_after=timedelta(minutes=5))


def again(value):
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize(
    "task",
    [
        tasks.add,
        tasks.with_options,
        tasks.bill,
        tasks.add.using(queue_name="mail", priority=3, backoff=(1, 2), retry_on=(OSError,)),
        tasks.add.using(concurrency_key=tasks.customer_key, concurrency_limit=2),
        AT_FIVE,
    ],
    ids=lambda task: task.name,
)
def test_a_task_is_the_same_again(task):
    assert again(task) == task
    assert hash(again(task)) == hash(task)
    assert copy.deepcopy(task) == task
    assert copy.copy(task) == task


def test_only_the_path_and_what_differs_is_pickled():
    pickled = pickle.dumps(tasks.with_options.using(priority=3))
    assert b"tests.shop.tasks.with_options" in pickled
    assert b"priority" in pickled
    assert b"till" not in pickled


def test_a_lambda_of_the_module_is_no_obstacle(monkeypatch):
    keyed = tasks.add.using(concurrency_key=lambda a: str(a))
    monkeypatch.setattr(tasks, "add", keyed)
    assert again(keyed) == keyed


@pytest.mark.parametrize("name", ["plain_function", "gone"])
def test_a_task_that_is_not_at_its_path_cannot_be_pickled(name, monkeypatch):
    from reproq_django import task

    function = tasks.plain_function
    monkeypatch.setattr(function, "__qualname__", name)
    with pytest.raises(ValueError, match=f"Expected 'tests.shop.tasks.{name}' to point to a Task"):
        pickle.dumps(task(function))


@pytest.mark.django_db
def test_a_result_is_the_same_again():
    result = tasks.add.using(priority=3).enqueue(1, b=timedelta(1))
    assert again(result) == result
    run_one(result)
    copied = again(result)
    assert copied == result
    assert (copied.data.pk, copied.raw_status) == (result.result_id, result.raw_status)
    assert copy.deepcopy(result) == result
