"""Arguments reach a task as what they were, or are refused at enqueue with their place."""

import uuid
from collections import OrderedDict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy

from reproq_django import serialization
from reproq_django.exceptions import DeserializationError
from reproq_django.models import TaskRun
from tests.backend.running import run_all, run_one
from tests.shop import tasks
from tests.shop.models import Customer, Order, Seat

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")


# Not a StrEnum: str() of this one's member is "Colour.RED".
Colour = Enum("Colour", {"RED": "red"}, type=str)


class Size(IntEnum):
    BIG = 3


def through_the_database(value):
    """The value as a task sees it: stored as jsonb, read back and decoded."""
    result = tasks.echo.enqueue(value)
    row = TaskRun.objects.get(result_id=result.result_id)
    args, _ = serialization.decode(row.spec_args, row.spec_kwargs)
    return args[0]


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**63) - 1,
        2**4000,
        0.1,
        1e-300,
        1e16,
        1.5e300,
        -1e22,
        -0.0,
        "",
        "é\u2028😀",
        [],
        {},
        [1, [2, {"a": [None]}]],
        {"": 1, "a b": {"c": 2}},
        timedelta(days=-3, seconds=5, microseconds=7),
        timedelta.max,
        datetime(2024, 2, 29, 12, 30, 1, 5, tzinfo=UTC),
        datetime(2024, 7, 1, 12, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
        datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1),
        datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN),
        datetime(2024, 1, 1),
        datetime(2024, 1, 1, fold=1),
        date(1, 1, 1),
        time(23, 59, 59, 999999),
        time(12, tzinfo=UTC),
        time(12, tzinfo=BERLIN, fold=1),
        Decimal("1.20"),
        Decimal("-1E+40"),
        Decimal("Infinity"),
        uuid.UUID(int=5),
        {"__reproq_type__": "uuid", "value": "not one"},
        {"__reproq_type__": {"__reproq_type__": 1}, "items": [timedelta(1)]},
        [timedelta(1), {"at": [Decimal("2")]}],
    ],
    ids=repr,
)
def test_values_come_back_as_what_they_were(value):
    found = through_the_database(value)
    assert found == value
    assert type(found) is type(value)
    if isinstance(value, Decimal | float):
        assert str(found) == str(value)
    if isinstance(value, datetime | time):
        assert (found.utcoffset(), found.fold) == (value.utcoffset(), value.fold)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2,)), [1, [2]]),
        (range(3), [0, 1, 2]),
        (Colour.RED, "red"),
        (Size.BIG, 3),
        (gettext_lazy("Ready"), "Ready"),
    ],
)
def test_values_that_json_has_another_name_for(value, expected):
    found = through_the_database(value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("value", [(1, (2,)), range(3), deque([1]), OrderedDict(a=(1,))])
def test_the_result_of_an_enqueue_has_the_arguments_that_the_task_sees(value):
    [seen] = tasks.echo.enqueue(value).args
    assert (type(seen), seen) == (type(stored := through_the_database(value)), stored)


def test_the_stored_form_is_documented():
    tasks.echo.enqueue(timedelta(days=1, seconds=2, microseconds=3), at=date(2024, 1, 2))
    row = TaskRun.objects.get()
    assert row.spec_args == [
        {"__reproq_type__": "timedelta", "days": 1, "seconds": 2, "microseconds": 3}
    ]
    assert row.spec_kwargs == {"at": {"__reproq_type__": "date", "value": "2024-01-02"}}


def circular():
    value = {"a": []}
    value["a"].append(value)
    return value


def nested(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ({"x": b"1"}, TypeError, "bytes cannot be enqueued: args[0].x"),
        (bytearray(b"1"), TypeError, "bytearray cannot be enqueued: args[0]"),
        ([1, {2}], TypeError, "set cannot be enqueued: args[0][1]"),
        (object(), TypeError, "object cannot be enqueued: args[0]"),
        ({"x y": {"z": float("nan")}}, ValueError, "nan: args[0]['x y'].z"),
        ([float("inf")], ValueError, "inf: args[0][0]"),
        ({"x": "a\x00b"}, ValueError, "NUL or a lone surrogate in a text: args[0].x"),
        ("\ud800", ValueError, "lone surrogate in a text: args[0]"),
        ({"a\x00": 1}, ValueError, "args[0]"),
        ({1: 2}, TypeError, "keys must be str, not int: args[0]"),
        ({"x": {None: 2}}, TypeError, "keys must be str, not NoneType: args[0].x"),
        (circular(), ValueError, "Circular reference: args[0].a[0]"),
        (nested(300), ValueError, "Nested deeper than"),
        (10**5000, ValueError, "bits: args[0]"),
        ("x" * 1_048_577, ValueError, "bytes: args[0]"),
        (range(10**12), ValueError, "values in a range: args[0]"),
        ([range(10**40)], ValueError, "values in a range: args[0][0]"),
        (Customer(name="new"), ValueError, "Cannot serialize model instance without primary key"),
        (Seat(row="A"), ValueError, "Cannot serialize model instance without primary key"),
    ],
    ids=lambda v: v if isinstance(v, str) and len(v) < 60 else "",
)
def test_what_cannot_be_stored_is_refused_with_its_place(value, error, text):
    with pytest.raises(error) as raised:
        tasks.echo.enqueue(value)
    assert text in str(raised.value)
    assert not TaskRun.objects.exists()


def test_a_bad_keyword_argument_is_named():
    with pytest.raises(TypeError, match=r"kwargs\.when\.x\[1\]$"):
        tasks.echo.enqueue(when={"x": [1, {2}]})
    with pytest.raises(ValueError, match=r"kwargs\.big$"):
        tasks.echo.enqueue(small="x", big="x" * 1_048_576)


def test_the_same_list_twice_is_not_circular():
    shared = [1]
    assert through_the_database([shared, shared]) == [[1], [1]]


class TestModels:
    def test_a_model_is_a_reference_that_the_task_reads_again(self):
        customer = Customer.objects.create(name="old")
        result = tasks.describe.enqueue(customer)
        assert TaskRun.objects.get().spec_args == [
            {
                "__reproq_type__": "model",
                "app_label": "shop",
                "model": "customer",
                "pk": str(customer.pk),
                "database": "default",
            }
        ]
        assert result.args == [customer]
        assert run_one(result).return_value == ["Customer", f"Customer object ({customer.pk})"]
        Customer.objects.update(name="new")
        assert tasks.describe.get_result(result.id).args[0].name == "new"

    def test_managers_that_hide_rows_do_not_hide_arguments(self):
        order = Order.objects.create(cancelled=True)
        assert through_the_database(order) == order

    def test_a_composite_key_and_a_lazy_user(self):
        seat = Seat.objects.create(row="A", number=3)
        assert through_the_database(seat) == seat
        user = get_user_model().objects.create(username="ada")
        found = through_the_database(SimpleLazyObject(lambda: user))
        assert (type(found), found) == (type(user), user)

    def test_without_a_recorded_database_the_router_decides(self):
        customer = Customer.objects.create(name="x")
        assert through_the_database(Customer(pk=customer.pk)) == customer
        assert "database" not in TaskRun.objects.get().spec_args[0]

    def test_a_row_that_is_gone_fails_the_run_for_good(self):
        customer = Customer.objects.create(name="x")
        result = tasks.echo.enqueue(customer)
        pk = customer.pk
        customer.delete()
        run_one(result)
        assert (result.status, result.attempts) == ("FAILED", 1)
        entry = result.data.errors_json[0]
        assert entry["message"] == (
            f"Failed to deserialize arguments: Model instance shop.customer({pk}) not found"
        )
        assert (entry["kind"], entry["exception_class"]) == ("app_error", "builtins.RuntimeError")
        # The result itself stays readable.
        assert tasks.echo.get_result(result.id).args[0]["pk"] == str(pk)


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ({"__reproq_type__": "pickle"}, "Unknown payload type: pickle"),
        ({"__reproq_type__": ["x"]}, "Unknown payload type: ['x']"),
        ({"__reproq_type__": "dict"}, "Unknown payload type: dict"),
        ({"__reproq_type__": "timedelta"}, "Invalid payload of type timedelta"),
        ({"__reproq_type__": "timedelta", "days": 10**12, "seconds": 0, "microseconds": 0}, "Inv"),
        ({"__reproq_type__": "datetime", "value": "tomorrow"}, "Invalid payload of type datetime"),
        ({"__reproq_type__": "datetime", "value": "2024-01-01", "zone": "No/Where"}, "Invalid"),
        ({"__reproq_type__": "decimal", "value": "one"}, "Invalid payload of type decimal"),
        ({"__reproq_type__": "uuid", "value": 5}, "Invalid payload of type uuid"),
        (
            {"__reproq_type__": "model", "app_label": "shop", "model": "ghost", "pk": "1"},
            "Model of shop.ghost(1) not found",
        ),
        (
            {"__reproq_type__": "model", "app_label": "shop", "model": "order", "pk": "1"},
            "Model instance shop.order(1) not found",
        ),
        (
            {"__reproq_type__": "model", "app_label": "shop", "model": "customer", "pk": "x"},
            "Invalid payload of type model",
        ),
        (
            {
                "__reproq_type__": "model",
                "app_label": "shop",
                "model": "customer",
                "pk": "1",
                "database": "moon",
            },
            "no database 'moon'",
        ),
    ],
)
def test_a_stored_argument_that_cannot_be_read(argument, text):
    with pytest.raises(DeserializationError) as raised:
        serialization.decode([argument], {})
    assert text in str(raised.value)
    row = TaskRun(spec_json={"task_path": "tests.shop.tasks.echo", "args": [[argument]]})
    row.spec_hash = "0" * 64
    row.task_path = row.spec_json["task_path"]
    row.save()
    [outcome] = run_all()
    assert outcome["retry"] is False
    assert text in outcome["error"]["message"]
    row.refresh_from_db()
    assert row.status == "FAILED"


def test_arguments_that_jsonb_writes_longer_are_measured_as_the_database_does():
    # 1,048,574 bytes and two quotes are just allowed; the brackets are the database's two more.
    tasks.echo.enqueue(a="x" * 1_048_560)
    with pytest.raises(ValueError):
        tasks.echo.enqueue(a="x" * 1_048_570)
