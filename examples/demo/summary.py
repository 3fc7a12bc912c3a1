"""The table at the end, all of it from what the queue has recorded."""

import platform
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from statistics import median
from typing import Any

import click
from census import tasks

from reproq_django.models import TaskRun

from .stage import CannotGoOn
from .work import DELAY, Enqueued, Workflows

SHOWN = 5
PATIENCE = 30.0


def show(enqueued: Enqueued) -> None:
    """Print what came of the runs."""
    runs = list(TaskRun.objects.filter(result_id__in=enqueued.ids).order_by("result_id"))
    surveys = [r for r in runs if r.task_path == tasks.survey.module_path]
    surveyed = [r for r in surveys if r.status == TaskRun.Status.SUCCESSFUL]
    click.echo(f"\nThe standard library of Python {platform.python_version()}\n")
    print_rows([*totals(surveyed), ("", ""), *queue_facts(runs, enqueued)])
    headline("slowest files", "ms", "lines")
    print_rows(slowest(surveyed))
    headline("errors", "attempts")
    print_rows(errors(runs))
    headline("failed for good", "attempts")
    print_rows(failed(runs))
    headline("reports, from the results of the others", "files", "lines")
    print_rows(reports(runs))


def show_workflows(flows: Workflows) -> None:
    """Print what came of the runs that waited for others."""
    for result in (flows.chained[-1], flows.callback):
        result.refresh()
    second, last = flows.chained[-1].result, flows.callback.result
    headline("workflows: the largest file", "lines", "bytes")
    print_rows(
        [
            (f"chain: {second['path']}", second["lines"]),
            (f"chord: {last['path']}", "", last["bytes"]),
        ]
    )


def show_schedule() -> None:
    """Print what the schedule has enqueued; a worker fires it at its next tick, within a second."""
    found = TaskRun.objects.filter(task_path=tasks.take_stock.module_path)
    deadline = time.monotonic() + PATIENCE
    while not (run := found.filter(finished_at__isnull=False).last()):
        if time.monotonic() > deadline:
            raise CannotGoOn(f"the schedule has enqueued nothing within {PATIENCE:g} s")
        time.sleep(0.1)
    headline("schedule take-stock, */10 * * * *", "surveys")
    print_rows([("counted by its run", run.return_json)])


def totals(surveyed: list[TaskRun]) -> Iterator[tuple[Any, ...]]:
    """What is in the standard library."""
    yield "source files", len(surveyed)
    for name in ("lines", "functions", "classes"):
        yield name, sum(run.return_json[name] for run in surveyed)


def queue_facts(runs: list[TaskRun], enqueued: Enqueued) -> Iterator[tuple[Any, ...]]:
    """What the queue did."""
    states = Counter(run.status for run in runs)
    attempts = sum(run.attempts for run in runs)
    bad = sum(len(run.errors_json) for run in runs)
    started = min(run.started_at for run in runs)
    seconds = (max(run.finished_at for run in runs) - started).total_seconds()
    yield "tasks", len(runs), ", ".join(f"{n} {status.lower()}" for status, n in states.items())
    yield "throughput", f"{len(runs) / seconds:,.0f}/s", f"{len(runs):,} tasks in {seconds:.1f} s"
    yield "attempts", attempts, f"{bad} ended badly, {bad - states['FAILED']} of them tried again"
    yield (
        "joined duplicates",
        enqueued.joined,
        f"of {enqueued.calls:,} enqueues met a live run of the same task and arguments",
    )
    delayed = [run for run in runs if run.task_path == tasks.report.module_path]
    late = median((run.started_at - run.enqueued_at - DELAY).total_seconds() for run in delayed)
    yield "delayed", len(delayed), f"started {late:.2f} s after their time (median)"


def slowest(surveyed: list[TaskRun]) -> Iterator[tuple[Any, ...]]:
    """The files that took longest."""
    ordered = sorted(surveyed, key=lambda run: run.return_json["milliseconds"], reverse=True)
    for run in ordered[:SHOWN]:
        yield run.spec_args[0], f"{run.return_json['milliseconds']:.0f}", run.return_json["lines"]


def errors(runs: list[TaskRun]) -> Iterator[tuple[Any, ...]]:
    """How many attempts ended with which exception."""
    entries = [entry for run in runs for entry in run.errors_json]
    # What no exception of a task has ended, such as a lost lease, has a kind only.
    found = Counter(entry.get("exception_class") or entry["kind"] for entry in entries)
    yield from found.most_common()


def failed(runs: list[TaskRun]) -> Iterator[tuple[Any, ...]]:
    """The runs that no attempt saved."""
    for run in runs:
        if run.status == TaskRun.Status.FAILED:
            yield run.spec_args[0], run.attempts, run.last_error.splitlines()[0][:60]


def reports(runs: list[TaskRun]) -> Iterator[tuple[Any, ...]]:
    """What the delayed tasks have added up from the results of the others."""
    for run in runs:
        if run.task_path == tasks.report.module_path and run.return_json:
            yield run.spec_args[0], run.return_json["files"], run.return_json["lines"]


def headline(name: str, *columns: str) -> None:
    """Print the head of a part of the table."""
    click.echo()
    click.secho(f"{name:<44}" + "".join(f"{column:>9}" for column in columns), bold=True)


def print_rows(rows: Iterable[tuple[Any, ...]]) -> None:
    """Print a name, then its numbers below each other, then the words on it."""
    for name, *cells in rows:
        line = f"{name:<44}"
        for cell in cells:
            is_words = isinstance(cell, str) and " " in cell
            line += f"   {cell}" if is_words else f"{grouped(cell):>9}"
        click.echo(line.rstrip())


def grouped(cell: int | str) -> str:
    """A number with commas, anything else as it is."""
    return f"{cell:,}" if isinstance(cell, int) else cell
