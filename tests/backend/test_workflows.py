"""chain, group, chord and workflow(), on the database and in the backends for users' tests."""

import pickle
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.tasks.signals import task_enqueued
from django.test import override_settings

from reproq_django.models import TaskRun, WorkflowRun
from reproq_django.workflows import chain, chord, get_workflow, group, signature, workflow
from reproq_worker.errors import RunNotFound
from tests.backend.running import run_all
from tests.shop import tasks

pytestmark = [pytest.mark.django, pytest.mark.django_db]

EAGER = "reproq_django.backend.EagerBackend"
RECORDING = "reproq_django.backend.RecordingBackend"


def statuses(results):
    for result in results:
        result.refresh()
    return [result.raw_status for result in results]


def waits_for(result):
    with connection.cursor() as cursor:
        cursor.execute(
            "select array_agg(waits_for order by waits_for) from reproq_edges where result_id = %s",
            [result.result_id],
        )
        return cursor.fetchone()[0]


class TestChain:
    def test_each_waits_for_the_one_before(self):
        results = chain(tasks.add.using(priority=3), (tasks.add, (2,), {"b": 5})).enqueue()
        # (The first has no argument for `a`.)
        assert statuses(results) == ["READY", "WAITING"]
        first, second = (result.data for result in results)
        assert (second.parent_id, second.wait_count) == (first.result_id, 1)
        assert first.workflow_id == second.workflow_id == results.workflow.workflow_id
        assert first.priority == 3

    def test_it_runs_to_its_end(self):
        results = chain((tasks.add, (1,)), (tasks.add, (2,)), signature(tasks.add, 3)).enqueue()
        assert results.workflow.status == "RUNNING"
        run_all()
        results.workflow.wait(timeout=5)
        assert [result.return_value for result in results] == [1, 2, 3]
        assert results.workflow.status == "SUCCESSFUL"

    def test_a_failure_ends_those_behind_it(self):
        results = chain(tasks.fail.using(max_attempts=1), tasks.echo, tasks.echo).enqueue()
        run_all()
        assert statuses(results) == ["FAILED"] * 3
        assert results[2].data.last_error.startswith("workflow_failed")
        assert results.workflow.status == "FAILED"

    def test_one_may_hold_groups_and_chords(self):
        results = chain(
            tasks.echo,
            group((tasks.echo, ("b",)), (tasks.echo, ("c",))),
            group(),
            chord((tasks.echo, ("d",)), callback=(tasks.echo, ("e",))),
        ).enqueue()
        a, b, c, d, _ = results
        assert [waits_for(r) for r in results] == [
            None,
            [a.result_id],
            [a.result_id],
            [b.result_id, c.result_id],
            [d.result_id],
        ]
        run_all()
        assert statuses(results) == ["SUCCESSFUL"] * 5


class TestGroup:
    def test_all_are_ready_and_equal_ones_stay_apart(self):
        results = group(tasks.echo, tasks.echo).enqueue()
        assert statuses(results) == ["READY", "READY"]
        assert len({result.id for result in results}) == 2

    def test_an_empty_one_is_done(self):
        results = group().enqueue()
        assert (results, results.workflow.status, results.workflow.cancel()) == (
            [],
            "SUCCESSFUL",
            {},
        )


class TestChord:
    def test_the_callback_reads_what_the_members_returned(self):
        members, callback = chord(
            *((tasks.add, (n,)) for n in range(3)), callback=tasks.sum_of_predecessors
        ).enqueue()
        assert statuses([*members, callback]) == ["READY"] * 3 + ["WAITING"]
        assert callback.data.wait_count == 3
        run_all()
        callback.refresh()
        assert callback.return_value == 3
        row = WorkflowRun.objects.get(workflow_id=members.workflow.workflow_id)
        assert (row.status, row.expected_count, row.success_count) == ("SUCCESSFUL", 3, 3)
        assert row.callback_result_id == callback.result_id

    def test_without_members_only_the_callback_is_left(self):
        members, callback = chord(callback=tasks.echo).enqueue()
        assert (members, statuses([callback])) == ([], ["READY"])
        assert members.workflow.status == "WAITING_CALLBACK"

    def test_a_failed_member_fails_it_and_a_retry_makes_it_wait_again(self):
        members, callback = chord(
            tasks.echo, tasks.fail.using(max_attempts=1), callback=tasks.echo
        ).enqueue()
        run_all()
        assert statuses([*members, callback]) == ["SUCCESSFUL", "FAILED", "FAILED"]
        assert members.workflow.retry() == {
            members[1].result_id: "READY",
            callback.result_id: "WAITING",
        }

    def test_a_callback_is_one_run(self):
        with pytest.raises(TypeError, match="Expected a task"):
            chord(tasks.echo, callback=group(tasks.echo))


class TestGraph:
    def test_a_diamond(self):
        flow = workflow()
        top = flow.add(tasks.echo, key="top")
        left, right = (flow.add((tasks.echo, (side,)), after=top) for side in "lr")
        flow.add(tasks.echo, after=[left, right, "top"], key="bottom")
        flow = flow.enqueue()
        assert list(flow.results) == ["top", "2", "3", "bottom"]
        ids = [result.result_id for result in flow.results.values()]
        assert waits_for(flow.results["bottom"]) == ids[:3]
        run_all()
        assert flow.wait(timeout=5).status == "SUCCESSFUL"

    def test_a_name_that_is_unknown_or_taken_is_refused(self):
        flow = workflow()
        flow.add(tasks.echo, key="a")
        with pytest.raises(ValueError, match="'b'"):
            flow.add(tasks.echo, after="b")
        with pytest.raises(ValueError, match="'a' is taken"):
            flow.add(tasks.echo, key="a")
        with pytest.raises(ValueError, match="not a group"):
            flow.add(group(tasks.echo), key="c")

    def test_it_is_found_again_by_its_id(self):
        flow = chain(tasks.echo, tasks.echo).enqueue().workflow
        found = get_workflow(str(flow.workflow_id))
        assert [r.id for r in found.members] == [r.id for r in flow.members]
        with pytest.raises(WorkflowRun.DoesNotExist):
            get_workflow(uuid4())


def test_cancelling_ends_what_waits():
    results = chain(tasks.echo, tasks.echo).enqueue()
    assert results.workflow.cancel() == {r.result_id: "CANCELLED" for r in results}
    results.workflow.refresh()
    assert results.workflow.is_finished


def test_a_refused_call_leaves_the_transaction_usable():
    flow = chain(tasks.echo).enqueue().workflow
    TaskRun.objects.all().delete()
    with transaction.atomic():
        with pytest.raises(RunNotFound):
            flow.cancel()
        assert TaskRun.objects.count() == 0


def test_waiting_times_out():
    flow = chain(tasks.echo).enqueue().workflow
    with pytest.raises(TimeoutError, match="RUNNING"):
        flow.wait(timeout=0)


def test_it_is_one_call_and_a_signal_for_each(django_assert_num_queries):
    seen = []

    def receiver(task_result, **kwargs):
        seen.append(task_result.id)

    task_enqueued.connect(receiver)
    try:
        with django_assert_num_queries(1):
            results = chain(tasks.echo, group(tasks.echo, tasks.echo)).enqueue()
    finally:
        task_enqueued.disconnect(receiver)
    assert seen == [result.id for result in results]


def test_async_twins():
    async def run():
        members, callback = await chord(tasks.echo, callback=tasks.echo).aenqueue()
        flow = workflow()
        flow.add(tasks.echo)
        return members, callback, await flow.aenqueue()

    members, callback, flow = async_to_sync(run)()
    run_all()
    async_to_sync(members.workflow.await_result)(timeout=5)
    async_to_sync(flow.await_result)(timeout=5)
    assert callback.is_finished or statuses([callback]) == ["SUCCESSFUL"]


@pytest.mark.parametrize("item", ["echo", (), (tasks.echo, (), {}, 1), None])
def test_what_is_no_task_is_refused(item):
    with pytest.raises(TypeError, match="Expected a task"):
        group(item)


def test_options_of_a_call_and_bad_arguments():
    [result] = chain((tasks.echo, (), {"lock_key": "k", "x": 1})).enqueue()
    assert (result.data.lock_key, result.kwargs) == ("k", {"x": 1})
    with pytest.raises(TypeError, match=r"args\[0\]"):
        chain(tasks.echo, (tasks.echo, ({1},))).enqueue()
    assert TaskRun.objects.count() == 1


def test_members_of_other_databases_are_refused():
    both = {"BACKEND": "reproq_django.backend.ReproqBackend", "QUEUES": []}
    elsewhere = both | {"OPTIONS": {"DATABASE": "other"}}
    with override_settings(TASKS={"default": both, "elsewhere": elsewhere}):
        with pytest.raises(ValueError, match="the same database"):
            chain(tasks.echo, tasks.echo.using(backend="elsewhere")).enqueue()


def test_results_can_be_pickled():
    [result] = chain(tasks.echo).enqueue()
    assert pickle.loads(pickle.dumps(result)) == result


class TestLocalBackends:
    @pytest.fixture
    def backend(self, request):
        with override_settings(TASKS={"default": {"BACKEND": request.param, "QUEUES": []}}):
            yield

    @pytest.mark.parametrize("backend", [EAGER], indirect=True)
    def test_eager_runs_them_in_order_with_their_predecessors_results(self, backend):
        members, callback = chord(
            (tasks.add, (1,)), (tasks.add, (2,)), callback=tasks.sum_of_predecessors
        ).enqueue()
        assert callback.return_value == 3
        assert members.workflow.wait(timeout=1).status == "SUCCESSFUL"

    @pytest.mark.parametrize("backend", [EAGER], indirect=True)
    def test_eager_fails_those_behind_a_failure(self, backend):
        first, second = results = chain(tasks.fail, tasks.echo).enqueue()
        assert (first.raw_status, second.raw_status) == ("FAILED", "FAILED")
        assert second.data.last_error.startswith("workflow_failed")
        assert results.workflow.status == "FAILED"

    @pytest.mark.parametrize("backend", [RECORDING], indirect=True)
    def test_recording_keeps_them(self, backend):
        results = chain(tasks.echo, tasks.echo).enqueue()
        assert [result.raw_status for result in results] == ["READY", "WAITING"]
        assert results.workflow.status == "RUNNING"
