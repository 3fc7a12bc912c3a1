"""Coroutine tasks of Django in thread mode: many at a time on one loop, each on its own."""

from tests.shop.tasks import meet


def test_coroutines_meet_and_disturb_each_other_in_nothing(work):
    call = meet.using(dedup=False)
    runs = [call.enqueue(8, fails) for fails in [True] + [False] * 7]
    worker = work("--isolation", "thread", "--concurrency", 8, "--until-empty")
    assert worker.wait(30) == 0
    for run in runs:
        run.refresh()
        assert run.metadata == {"language": "en-us"}
    bad, *good = runs
    assert bad.raw_status == "SCHEDULED"
    assert bad.errors[0].exception_class is ValueError
    assert [run.return_value for run in good] == [0] * 7
