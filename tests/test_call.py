"""How Python calls the functions."""

from datetime import timedelta

import pytest

from reproq_worker import errors
from reproq_worker.call import call, call_value
from tests.cursors import CURSORS

# Nothing here depends on the version of the server.
pytestmark = [
    pytest.mark.django,
    pytest.mark.parametrize("server", ["pg18"], indirect=True, scope="session"),
]

ECHO = """
create function reproq_echo(
    args jsonb default '[]', metadata jsonb default null, queues text[] default '{default}',
    result_ids bigint[] default null, priority integer default 0, lease interval default '5 minutes'
) returns table (args jsonb, metadata jsonb, queues text[], result_ids bigint[], priority integer,
    lease interval)
language sql as 'select $1, $2, $3, $4, $5, $6';
create function reproq_kind(args jsonb) returns text
language sql as $$ select coalesce(jsonb_typeof($1), 'SQL null') $$;
create function reproq_same(args jsonb) returns jsonb language sql as $$ select args $$;
create function reproq_nothing(result_id bigint) returns void language plpgsql as 'begin end';
create function reproq_refuse(error jsonb) returns void language plpgsql as $$
begin
    raise exception 'run % is gone', 5 using errcode = error ->> 'code', hint = 'look elsewhere';
end $$;
"""


@pytest.fixture(params=CURSORS, ids=lambda make: make.__name__)
def cursor(request, shared_empty_dsn, django_db_blocker):
    with django_db_blocker.unblock():
        cursor = request.param(shared_empty_dsn)
        cursor.execute(ECHO)
        yield cursor
        cursor.connection.close()


@pytest.fixture(scope="module")
def shared_empty_dsn(server):
    name = server.new_database(empty=True)
    yield server.dsn(name)
    server.dropdb(name)


def test_arguments_are_named_and_defaults_are_the_functions(cursor):
    assert call(cursor, "echo", priority=7) == [
        {
            "args": [],
            "metadata": None,
            "queues": ["default"],
            "result_ids": None,
            "priority": 7,
            "lease": timedelta(minutes=5),
        }
    ]


@pytest.mark.parametrize(
    "value", [{"a": [1, None, "ü%s"]}, [], "text", '{"text": 1}', "null", 0, False, 1.5]
)
def test_a_json_parameter_takes_the_value_that_it_is_to_hold(cursor, value):
    assert call(cursor, "echo", args=value)[0]["args"] == value


def test_none_is_null_and_not_the_null_of_json(cursor):
    assert call_value(cursor, "kind", args=None) == "SQL null"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_hold_is_refused_before_the_database_sees_it(cursor, value):
    with pytest.raises(ValueError, match="JSON"):
        call(cursor, "echo", args=[value])
    assert call(cursor, "echo", priority=1)


def test_arrays(cursor):
    row = call(cursor, "echo", queues=["a,b", 'q"'], result_ids=[1, 2**62])[0]
    assert (row["queues"], row["result_ids"]) == (["a,b", 'q"'], [1, 2**62])

    row = call(cursor, "echo", queues=[], result_ids=[])[0]
    assert (row["queues"], row["result_ids"]) == ([], [])


def test_intervals(cursor):
    assert call(cursor, "echo", lease=timedelta(seconds=1.5))[0]["lease"] == timedelta(seconds=1.5)


def test_a_value(cursor):
    assert call_value(cursor, "same", args=[1, "a"]) == [1, "a"]
    assert call_value(cursor, "nothing", result_id=2**40) in (None, "")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("RQ001", errors.LeaseNotCurrent),
        ("RQ002", errors.RunNotFound),
        ("RQ003", errors.WrongState),
        ("RQ004", errors.PayloadTooLarge),
        ("RQ005", errors.SchemaMismatch),
        ("RQ042", errors.ReproqError),
        ("22023", errors.InvalidArgument),
        ("22004", errors.InvalidArgument),
    ],
)
def test_what_a_function_refuses_is_raised_by_name(cursor, code, expected):
    with pytest.raises(errors.ReproqError) as refusal:
        call(cursor, "refuse", error={"code": code})

    error = refusal.value
    assert type(error) is expected
    assert (str(error), error.sqlstate, error.hint) == ("run 5 is gone", code, "look elsewhere")
    assert "run 5 is gone" in str(error.__cause__)


def test_an_invalid_argument_is_a_value_error(cursor):
    with pytest.raises(ValueError, match="run 5 is gone"):
        call(cursor, "refuse", error={"code": "22023"})


def test_other_errors_of_the_database_pass_unchanged(cursor):
    with pytest.raises(Exception, match="run 5 is gone") as refusal:
        call(cursor, "refuse", error={"code": "40001"})
    assert not isinstance(refusal.value, errors.ReproqError)


def test_a_missing_function_tells_how_to_install(cursor):
    with pytest.raises(errors.SchemaMismatch) as refusal:
        call(cursor, "claims", worker_id="w")
    assert "reproq migrate" in refusal.value.hint


@pytest.mark.parametrize("name", ["echo()--", "Echo", "", "echo; select 1"])
def test_a_name_is_a_name(cursor, name):
    with pytest.raises(ValueError, match="not a name"):
        call(cursor, name)
    with pytest.raises(ValueError, match="not a name"):
        call(cursor, "echo", **{name: 1})
