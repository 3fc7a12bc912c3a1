"""@task(atomic=True): the task's writes and its completion are one transaction."""

from collections import Counter

import pytest
from django.db import connection, transaction

from reproq_django import task
from tests.shop.models import Customer
from tests.shop.tasks import greet, greet_async
from tests.worker.cutting_proxy import CuttingProxy
from tests.worker.process import until


def names():
    return sorted(Customer.objects.values_list("name", flat=True))


def errors(result):
    result.refresh()
    return result.data.errors_json


ISOLATIONS = pytest.mark.parametrize(
    "isolation", ["process", "thread", pytest.param("spawn", marks=pytest.mark.slow)]
)


@ISOLATIONS
def test_writes_and_completion_commit_together_or_not_at_all(work, isolation, tmp_path):
    once = greet.using(max_attempts=1)
    good = greet.enqueue("good")
    again = greet.using(backoff=0).enqueue("again", "raise once")
    bad = once.enqueue("bad", "raise")
    rolled_back = once.enqueue("rolled back", "set_rollback")
    huge = once.enqueue("huge", "huge")
    nested = greet.enqueue("nested", "nested")
    hooks = greet.enqueue("hooks", "on_commit")
    printed = greet.enqueue("printed", "print")
    later = greet_async.enqueue("later")
    never = greet_async.using(max_attempts=1).enqueue("never", True)
    flags = ["--isolation", isolation, "--concurrency", 2, "--until-empty"]
    assert work(*flags, "--logs-dir", tmp_path / "logs").wait(60) == 0

    expected = ["again", "good", "hooks", "hooks after", "later", "later again", "nested"]
    assert names() == [*expected, "printed"]
    for result in (good, again, nested, hooks, printed, later):
        result.refresh()
        assert result.return_value == result.args[0]
        assert result.data.lease_no == result.data.attempts
    assert good.metadata == {"seen": "good"}
    for result, words in [
        (bad, "after the row"),
        (rolled_back, "has rolled back the transaction"),
        (huge, "more than 1 MiB"),
        (never, "after the rows"),
    ]:
        [error] = errors(result)
        assert words in error["message"]
        assert result.raw_status == "FAILED"
    assert errors(huge)[0]["kind"] == "result_too_large"
    # The metadata of a failed attempt is kept, as of any other.
    assert bad.metadata == {"seen": "bad"}
    if isolation in ("process", "thread"):
        assert printed.data.logs_uri == str(tmp_path / f"logs/task-{printed.id}-attempt-1.log")
        assert "greetings" in (tmp_path / f"logs/task-{printed.id}-attempt-1.log").read_text()
        assert good.data.logs_uri is None


def test_an_attempt_that_lost_its_lease_on_the_way_leaves_nothing(work):
    result = greet.enqueue("late", seconds=1)
    work("--lease-seconds", 3)
    until(lambda: status(result) == "RUNNING" and query(IN_TRANSACTION), 10)
    with transaction.atomic():  # neither a heartbeat nor the worker's own claim comes between
        # (After a start of the server a lease has its whole length.)
        query(
            "update reproq_leases set lease_length = '0',"
            " leased_until = clock_timestamp() - interval '1 s'"
        )
        assert query("select reproq_reclaim()") == [(1,)]
        [(claimed, lease_no)] = query("select result_id, lease_no from reproq_claim('other')")
    assert (str(claimed), lease_no) == (result.id, 2)
    until(lambda: query("select count(*) from reproq_leases") == [(1,)])
    # It has written its row and sleeps, wants to complete, is refused, and its row is undone.
    until(lambda: not query(IN_TRANSACTION), 5)
    assert names() == []
    assert status(result) == "RUNNING"
    query("select reproq_release(%s, %s)", claimed, lease_no)
    until(lambda: status(result) == "SUCCESSFUL")
    assert names() == ["late"]
    assert [error["kind"] for error in errors(result)] == ["lease_lost"]


def test_a_heartbeat_does_not_kill_an_attempt_that_is_busy_with_its_hooks(work):
    result = greet.enqueue("slow", "slow hook")
    worker = work("--lease-seconds", 3, "--heartbeat-seconds", "0.2", "--until-empty")
    assert worker.wait(20) == 0
    assert status(result) == "SUCCESSFUL"
    assert names() == ["slow", "slow after"]


IN_TRANSACTION = """
select pid from pg_stat_activity
where datname = current_database() and state like 'idle in transaction%%'
    and application_name not like 'reproq worker%%'
"""


@pytest.mark.parametrize("cuts", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_a_connection_cut_inside_commit_neither_loses_nor_doubles_anything(
    work, django_server, django_env, cuts
):
    results = [
        greet.using(backoff=0.1, max_attempts=100).enqueue(f"customer {number}")
        for number in range(cuts)
    ]
    with CuttingProxy(django_server.port, cuts) as proxy:
        # The tasks' connections go through the proxy, the worker's own do not.
        through = django_env["DATABASE_URL"].replace(f":{django_server.port}/", f":{proxy.port}/")
        assert through != django_env["DATABASE_URL"]
        work("--concurrency", 4, "--interval", "100ms", DATABASE_URL=through)
        live = "select count(*) from task_runs where finished_at is null"
        until(lambda: query(live) == [(0,)], 15 + cuts * 0.3, every=0.1)
        assert proxy.cuts_left == 0
    assert {status(result) for result in results} == {"SUCCESSFUL"}
    assert Counter(names()) == {f"customer {number}": 1 for number in range(cuts)}
    # Half of the cuts were before the server knew, and these were tried again.
    kinds = Counter(e["kind"] for result in results for e in errors(result))
    assert kinds == {"infra_error": cuts // 2}


def test_atomic_belongs_to_the_task_and_not_to_a_call():
    assert greet.atomic is True
    assert task(names).atomic is None
    with pytest.raises(TypeError, match="atomic"):
        greet.using(atomic=False)


def query(statement, *arguments):
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments or None)
        return cursor.fetchall() if cursor.description else []


def status(result):
    result.refresh()
    return result.raw_status
