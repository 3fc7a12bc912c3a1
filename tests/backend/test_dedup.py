"""Equal enqueues join the live run; the hash is a contract."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.tasks import default_task_backend
from django.test import override_settings

from reproq_django.models import TaskRun
from tests.backend.running import claim, finish, run_all
from tests.backend.spec_hash import spec_hash, vectors
from tests.shop import tasks

BACKEND = "reproq_django.backend.ReproqBackend"
NO_DEDUP = {"default": {"BACKEND": BACKEND, "QUEUES": [], "OPTIONS": {"DEDUP_ACTIVE": False}}}


@pytest.mark.django_db
class TestDedup:
    def test_an_equal_enqueue_joins_the_live_run(self):
        first, second = tasks.add.enqueue(1, b=2), tasks.add.enqueue(1, b=2)
        assert (first.id, TaskRun.objects.count()) == (second.id, 1)
        [run] = claim()
        assert tasks.add.enqueue(1, b=2).id == first.id
        finish(run, {"outcome": "complete", "return_json": 3})
        assert tasks.add.enqueue(1, b=2).id != first.id

    @pytest.mark.parametrize(
        "other",
        [
            lambda: tasks.add.enqueue(2),
            lambda: tasks.add.enqueue(1.0),
            lambda: tasks.add.enqueue(1, b=0),
            lambda: tasks.echo.enqueue(1),
            lambda: tasks.add.using(queue_name="mail").enqueue(1),
            lambda: tasks.add.enqueue(1, priority=1),
            lambda: tasks.add.enqueue(1, lock_key="k"),
            lambda: tasks.add.enqueue(1, concurrency_key="k"),
            lambda: tasks.add.enqueue(1, concurrency_limit=1),
            lambda: tasks.add.enqueue(1, run_after=timedelta(hours=1)),
            lambda: tasks.add.using(timeout=5).enqueue(1),
            lambda: tasks.add.using(max_attempts=5).enqueue(1),
        ],
    )
    def test_whatever_differs_makes_another_run(self, other):
        assert tasks.add.enqueue(1).id != other().id
        assert TaskRun.objects.values("spec_hash").distinct().count() == 2

    def test_provenance_differs(self):
        first = tasks.add.enqueue(1)
        options = {"OPTIONS": {"CODE_REF": "next"}, "QUEUES": []}
        with override_settings(TASKS={"default": {"BACKEND": BACKEND} | options}):
            assert tasks.add.enqueue(1).id != first.id

    def test_dedup_off_for_the_backend_or_the_task(self):
        with override_settings(TASKS=NO_DEDUP):
            assert tasks.add.enqueue(1).id != tasks.add.enqueue(1).id
            assert tasks.add.using(dedup=True).enqueue(2).id != tasks.add.enqueue(2).id
        unjoined = tasks.add.using(dedup=False)
        assert unjoined.enqueue(3).id != unjoined.enqueue(3).id

    def test_the_hash_is_that_of_the_stored_spec(self):
        tasks.with_options.enqueue(1.5, priority=3)
        with connection.cursor() as cursor:
            cursor.execute(
                "select spec_hash, spec_json::text,"
                " encode(sha256(convert_to(spec_json::text, 'UTF8')), 'hex') from task_runs"
            )
            stored, text, computed = cursor.fetchone()
        assert len(stored) == 64
        assert stored == computed == spec_hash(json.loads(text))
        assert TaskRun.objects.get().spec_hash == stored


@pytest.mark.django_db(transaction=True)
def test_fifty_threads_with_one_spec_make_one_run():
    ids, failures = [], []
    start = threading.Barrier(50)

    def enqueue():
        try:
            connection.ensure_connection()
            start.wait(30)
            ids.append(tasks.add.enqueue(1).id)
        except Exception as e:
            failures.append(e)
        finally:
            connection.close()

    threads = [threading.Thread(target=enqueue) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(ids) == 50
    assert set(ids) == {str(TaskRun.objects.get().result_id)}
    run_all()
    assert default_task_backend.get_result(ids[0]).return_value == 1


@pytest.mark.parametrize("vector", vectors(), ids=lambda v: v["name"])
def test_the_contract_holds_in_another_language(vector):
    assert spec_hash(vector["spec"]) == vector["hash"]


def test_the_contract_holds_in_sql(conn):
    from tests.backend.spec_hash import CONTRACT

    found = conn.execute(
        "select v ->> 'name', v ->> 'hash',"
        " encode(sha256(convert_to((v -> 'spec')::text, 'UTF8')), 'hex')"
        " from jsonb_array_elements(%s::jsonb -> 'vectors') v",
        [CONTRACT.read_text()],
    ).fetchall()
    assert len(found) == len(vectors())
    assert [(name, expected) for name, expected, _ in found] == [
        (name, computed) for name, _, computed in found
    ]


def test_the_database_fills_the_contracts_hash_for_a_plain_insert(conn):
    from tests.backend.spec_hash import CONTRACT

    differing = conn.execute(
        "with inserted as (insert into task_runs (spec_json)"
        " select v -> 'spec' from jsonb_array_elements(%s::jsonb -> 'vectors') v"
        " returning spec_json, spec_hash)"
        " select spec_json from inserted"
        " where spec_hash <> encode(sha256(convert_to(spec_json::text, 'UTF8')), 'hex')",
        [CONTRACT.read_text()],
    ).fetchall()
    assert differing == []
