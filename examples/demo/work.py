"""What the demo enqueues: one bulk, of which all is in the queue or nothing; and workflows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from census import sources, tasks
from django.db.models import Max
from django.db.models.functions import Now
from django.tasks import default_task_backend

from reproq_django.models import PeriodicTask, TaskRun
from reproq_django.results import ReproqResult
from reproq_django.workflows import chain, chord

REPEATED = 25
LOST_FILES = ["lost/and_not_found.py", "lost/moved_away.py", "lost/renamed.py"]
PACKAGES = ["asyncio", "email", "json", "logging", "sqlite3", "unittest"]
DELAY = timedelta(seconds=3)


@dataclass(frozen=True)
class Enqueued:
    """What became of the calls: `ids` are the runs, fewer than the calls where some joined."""

    calls: int
    joined: int
    ids: list[int]


def enqueue() -> Enqueued:
    """Enqueue the whole census."""
    newest_before = TaskRun.objects.aggregate(newest=Max("result_id"))["newest"] or 0
    calls = [*surveys(), *duplicates(), *questions(), *reports()]
    results = default_task_backend.bulk_enqueue(calls)
    ids = {result.result_id for result in results}
    new = sum(result_id > newest_before for result_id in ids)
    return Enqueued(len(calls), len(calls) - new, sorted(ids))


@dataclass(frozen=True)
class Workflows:
    """Runs that wait for others."""

    chained: list[ReproqResult]
    members: list[ReproqResult]
    callback: ReproqResult

    @property
    def ids(self) -> list[int]:
        """All of them."""
        return [each.result_id for each in (*self.chained, *self.members, self.callback)]


def enqueue_workflows() -> Workflows:
    """Enqueue a chain of two, and a chord: one for each package, then one over all of them."""
    chained = chain((tasks.largest_file, ["asyncio"], {}), tasks.survey_largest).enqueue()
    each = ((tasks.largest_file, [package], {}) for package in PACKAGES)
    members, callback = chord(*each, callback=tasks.largest_of_all).enqueue()
    return Workflows(chained, members, callback)


def bring_schedule_forward() -> None:
    """Make the schedule due now, as nobody waits ten minutes for a demo."""
    PeriodicTask.objects.filter(name="take-stock").update(next_run_at=Now())


def surveys() -> list[tuple[Any, ...]]:
    """One call a source file, those first that reports are about; and files that are not there."""
    calls = [
        (tasks.survey, [path], {"priority": 50} if path.split("/")[0] in PACKAGES else {})
        for path in sources.source_files()
    ]
    return calls + [(tasks.survey, [path], {}) for path in LOST_FILES]


def duplicates() -> list[tuple[Any, ...]]:
    """Calls that equal others: each joins the run that is still live."""
    return surveys()[:REPEATED]


def questions() -> list[tuple[Any, ...]]:
    """Calls to a service that refuses once or twice, and of which two a package run at once."""
    return [
        (tasks.find_maintainer, [package], {"refusals": refusals})
        for package in PACKAGES
        for refusals in (1, 2)
    ]


def reports() -> list[tuple[Any, ...]]:
    """Calls that wait for a time."""
    return [(tasks.report, [package], {"run_after": DELAY}) for package in PACKAGES]
