"""Tasks of the tests' Django project."""

import asyncio
import contextvars
import os
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone, translation

from reproq_django import task
from reproq_django.concurrency import limits_concurrency
from reproq_django.exceptions import Cancel, Retry

from .models import Customer


@task
def add(a, b=0):
    """Add two numbers."""
    return a + b


@task
def echo(*args, **kwargs):
    return [args, kwargs]


@task
def describe(value):
    """Say what kind of value arrived, in JSON."""
    return [type(value).__name__, str(value)]


@task
async def add_later(a, b=0):
    await asyncio.sleep(0)
    return a + b


@task
async def count_customers():
    return await Customer.objects.acount()


@task(takes_context=True)
def see_context(context, *args):
    return {
        "result_id": context.result_id,
        "id": context.task_result.id,
        "attempt": context.attempt,
        "task_path": context.task_path,
        "queue_name": context.queue_name,
        "priority": context.priority,
        "db_alias": context.db_alias,
        "lease_no": context.lease_no,
        "metadata": dict(context.metadata),
        "args": list(args),
    }


@task(takes_context=True)
def sum_of_predecessors(context):
    return sum(each.return_value for each in context.predecessor_results())


@task(takes_context=True)
def report_progress(context, fail=False):
    context.metadata["step"] = "saved"
    context.save_metadata()
    context.metadata["step"] = "left"
    if fail:
        raise ValueError("after the metadata")


@task(takes_context=True)
async def report_progress_async(context):
    context.metadata["price"] = Decimal("1.20")
    await context.asave_metadata()


@task(takes_context=True)
def put_metadata_back(context):
    before = dict(context.metadata)
    context.metadata["step"] = "on the way"
    context.save_metadata()
    context.metadata.clear()
    context.metadata.update(before)


@task(takes_context=True)
def spoil_metadata(context):
    context.metadata["it"] = object()
    return "done"


@task
def enqueue_another(left):
    if left:
        enqueue_another.enqueue(left - 1)
    return left


@task
def fail(message="no luck"):
    raise ValueError(message)


@task
def exit_process():
    sys.exit(3)


@task
def ask_for_retry(after=None):
    raise Retry(after=after)


@task
def cancel_itself():
    raise Cancel("the order is gone")


@task(retry_on=(ConnectionError,), discard_on=(ConnectionRefusedError,))
def fail_selectively(name):
    raise {
        "reset": ConnectionResetError,
        "refused": ConnectionRefusedError,
        "value": ValueError,
    }[name]("as asked")


@task
def return_what_is_not_json(what):
    return {
        "nan": float("nan"),
        "bytes": b"x",
        "date": timezone.now(),
        "model": Customer(name="x"),
        "set": {1},
        "nul": "a\x00b",
    }[what]


@task
def raise_unprintable():
    class Unprintable(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    raise Unprintable


@task
def raise_text(text):
    raise ValueError(text.replace("<NUL>", "\x00") + "\udc80")


@task
def recurse():
    recurse.func()


@task
def leave_things_behind():
    """Leave a transaction, a language, a time zone and queries behind."""
    transaction.atomic().__enter__()
    Customer.objects.create(name="left behind")
    translation.activate("fr")
    timezone.activate("Asia/Tokyo")


@task
def begin_by_hand():
    with connection.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("insert into shop_customer (name) values ('begun')")


@task
def see_surroundings():
    return [
        translation.get_language(),
        timezone.get_current_timezone_name(),
        connection.in_atomic_block,
        len(connection.queries),
    ]


colour = contextvars.ContextVar("colour", default="none")


@task
def see_colour():
    return colour.get()


@task(
    lock_key="till",
    concurrency_key="shop",
    concurrency_limit=2,
    max_attempts=5,
    timeout="2m",
    backoff=(1, 60),
    dedup=False,
    expires_in=timedelta(hours=1),
)
def with_options(n=0):
    return n


def customer_key(customer_id, **kwargs):
    return f"customer:{customer_id}"


@limits_concurrency(key=customer_key, to=2)
@task
def bill(customer_id, **kwargs):
    return customer_id


@task
def pay(order_id=None):
    return str(uuid.UUID(int=order_id or 0))


another_name = add


def plain_function():
    return "must not run"


@task(atomic=True, takes_context=True)
def greet(context, name, how="return", seconds=0):
    """Write a row, in the transaction that completes the run."""
    Customer.objects.create(name=name)
    context.metadata["seen"] = name
    time.sleep(seconds)
    if how == "raise":
        raise ValueError("after the row")
    if how == "raise once" and context.attempt == 1:
        raise ValueError("the first time")
    if how == "set_rollback":
        transaction.set_rollback(True)
    if how == "nested":
        with suppress(ValueError), transaction.atomic():
            Customer.objects.create(name=f"{name} nested")
            raise ValueError
    if how == "on_commit":
        transaction.on_commit(lambda: Customer.objects.create(name=f"{name} after"))
        transaction.on_commit(lambda: 1 / 0)
    if how == "slow hook":
        transaction.on_commit(lambda: time.sleep(2))
        transaction.on_commit(lambda: Customer.objects.create(name=f"{name} after"))
    if how == "huge":
        return "x" * 1_048_600
    if how == "print":
        print("greetings", flush=True)
    return name


@task(atomic=True)
async def greet_async(name, fails=False):
    await Customer.objects.acreate(name=name)
    await asyncio.sleep(0)
    await Customer.objects.acreate(name=f"{name} again")
    if fails:
        raise ValueError("after the rows")
    return name


@task(takes_context=True)
async def meet(context, count, fails=False):
    """Wait until `count` runs of this task are at it at the same time; uses the database, too."""
    context.metadata["language"] = translation.get_language()
    translation.activate("de")
    meeting.append(context.result_id)
    while len(meeting) < count:
        await asyncio.sleep(0.01)
    if fails:
        raise ValueError("met in vain")
    return await Customer.objects.acount()


meeting = []


@task
def setting(name):
    return getattr(settings, name, None)


@task
def speak(words):
    """Print in every way there is."""
    print(words)
    os.write(1, words.encode())
    subprocess.run(["echo", "-n", words], check=True)
    print("to stderr", file=sys.stderr)
