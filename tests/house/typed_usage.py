"""What a project's type checker says of its tasks: see test_typing.py. Nothing here is run.

An ignore that is not needed is an error, so each one says that the line before it is refused.
"""

from datetime import timedelta
from typing import Any, assert_type

from reproq_django import task
from reproq_django.exceptions import Retry
from reproq_django.workflows import chain, chord


@task
def add(a: int, b: int = 0) -> int:
    return a + b


@task(queue_name="mail", max_attempts=5, timeout="2m", retry_on=ConnectionError, takes_context=True)
def send(context: Any, to: str) -> None:
    raise Retry(after="5m")


def arguments_and_results_are_those_of_the_function() -> None:
    assert_type(add.enqueue(1, b=2).return_value, int)
    assert_type(add.enqueue(1).wait(5).result, int)
    assert_type(add.using(priority=5).enqueue(1).return_value, int)
    send.enqueue(to="a")
    add.enqueue("1")  # type: ignore[call-overload]
    send.enqueue(1)  # type: ignore[call-overload]
    send.enqueue()  # type: ignore[call-overload]


def options_of_a_call_stand_beside_them() -> None:
    assert_type(add.enqueue(1, run_after=timedelta(minutes=1)).return_value, int)
    send.enqueue("a", priority=5, lock_key="a")
    add.enqueue(1, run_after="tomorrow")  # type: ignore[call-overload]


def options_of_a_task_have_types() -> None:
    add.using(no_such=1)  # type: ignore[call-arg]
    add.using(lock_key=1)  # type: ignore[arg-type]
    task(lock_key=1)  # type: ignore[call-overload]


def workflows_take_tasks_and_calls() -> None:
    for result in chain(add, (send, ["a"], {})).enqueue():
        result.wait()
    chord((add, [1, 2], {}), callback=send).enqueue()
    chain(1).enqueue()  # type: ignore[arg-type]
