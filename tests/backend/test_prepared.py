"""Which enqueues through Django are prepared on the user's connection, and that it costs none."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from reproq_django.models import TaskRun
from reproq_django.prepared import prepare
from reproq_worker.call import call_value
from tests.shop import tasks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _a_connection_of_its_own():
    connection.close()
    yield
    connection.close()


def enqueue(times):
    for _ in range(times):
        tasks.add.enqueue(TaskRun.objects.count(), b=0)


def prepared():
    with connection.cursor() as cursor:
        cursor.execute("select statement from pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def test_an_enqueue_is_prepared_once_its_connection_has_lasted():
    enqueue(5)
    assert prepared() == []
    with CaptureQueriesContext(connection) as seen:
        enqueue(2)
    assert len(seen) == 4, "nothing is asked that the user would see"
    assert "reproq_enqueue" in seen[1]["sql"]
    assert prepared() == [], "while queries are logged"
    enqueue(2)
    [statement] = prepared()
    assert statement.startswith("select reproq_enqueue(")
    assert connection.connection.prepare_threshold is None, "as it was for the user's own"


def test_nothing_is_prepared_within_a_transaction():
    enqueue(6)
    connection.close()
    with transaction.atomic():
        enqueue(6)
        assert prepared() == []
    with connection.cursor() as cursor:
        cursor.execute("begin")
        enqueue(6)
        cursor.execute("commit")
    assert prepared() == []


def test_who_forgets_what_is_prepared_loses_no_enqueue_in_or_out_of_a_transaction():
    enqueue(7)
    with connection.cursor() as cursor:
        cursor.execute("discard all")
    with transaction.atomic():
        enqueue(1)
    enqueue(3)
    assert TaskRun.objects.count() == 11
    assert prepared() == [], "and nothing is prepared there again"


def test_a_rollback_and_an_error_leave_an_enqueue_usable():
    enqueue(7)
    with transaction.atomic():
        enqueue(1)
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        prepare(cursor)
        with pytest.raises(ValueError, match="task_path"):
            call_value(cursor, "enqueue", task_path="a." + 500 * "b")
    enqueue(2)
    assert TaskRun.objects.count() == 9
    assert sum("args" in statement for statement in prepared()) == 1


def test_settings_of_the_users_own_are_left_alone():
    connection.ensure_connection()
    connection.connection.prepare_threshold = 1000
    enqueue(7)
    assert prepared() == []
    assert connection.connection.prepare_threshold == 1000
