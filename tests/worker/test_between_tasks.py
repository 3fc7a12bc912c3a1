"""What a task does to its process is undone before the next task runs in it."""

import pytest

from tests.worker.process import until

pytestmark = pytest.mark.parametrize("server", ["pg18"], indirect=True)


@pytest.fixture
def one_child(start):
    """A worker whose tasks all run in the same child, and what tells that it still is."""
    worker = start("--concurrency", 1).ready()
    child = until(worker.children)
    yield
    assert worker.children() == child


@pytest.mark.usefixtures("one_child")
@pytest.mark.parametrize("how", ["files", "objects"])
def test_standard_streams_are_opened_again(queue, how):
    assert queue.ended(queue.enqueue("close_standard_streams", how))["return_json"] == "closed"
    assert queue.ended(queue.enqueue("write_a_lot", 1000))["return_json"] == 1000


@pytest.mark.usefixtures("one_child")
def test_an_alarm_does_not_ring_for_the_next_task(queue):
    queue.ended(queue.enqueue("set_alarm", 0.5))
    record = queue.ended(queue.enqueue("sleep", 0.8, max_attempts=1))
    assert (record["status"], record["errors_json"]) == ("SUCCESSFUL", [])


@pytest.mark.usefixtures("one_child")
def test_folder_mask_and_signals_are_what_they_were(queue):
    before = queue.ended(queue.enqueue("describe_process"))["return_json"]
    queue.ended(queue.enqueue("change_process"))
    assert queue.ended(queue.enqueue("describe_process"))["return_json"] == before
