"""Shows how far the runs are: a bar in a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable

import click
from django.db.models import Count

from reproq_django.models import TaskRun

from .stage import CannotGoOn

LOOK_EVERY = 0.2
LINE_EVERY = 2.0
STALLED_AFTER = 30.0
BAR = 30


def watch(ids: list[int], check: Callable[[], None], *, terminal: bool) -> None:
    """Return when all these runs have finished; `check` is called at every look and may raise."""
    show = Bar() if terminal else Lines()
    before: dict[str, int] = {}
    changed = time.monotonic()
    while True:
        counts = count(ids)
        finished = sum(counts.get(status, 0) for status in TaskRun.FINISHED)
        show(finished, len(ids), waiting(counts))
        if finished == len(ids):
            return
        if counts != before:
            before, changed = counts, time.monotonic()
        elif time.monotonic() - changed > STALLED_AFTER:
            raise CannotGoOn(f"nothing has moved for {STALLED_AFTER:g} s: {counts}")
        check()
        time.sleep(LOOK_EVERY)


def count(ids: list[int]) -> dict[str, int]:
    """How many of these runs are in which state."""
    rows = TaskRun.objects.filter(result_id__in=ids).values_list("status")
    return dict(rows.annotate(Count("result_id")).order_by("status"))


def waiting(counts: dict[str, int]) -> str:
    """The unfinished runs, in words."""
    return ", ".join(
        f"{number} {status.lower()}"
        for status, number in counts.items()
        if status not in TaskRun.FINISHED
    )


class Bar:
    """One line that is written over."""

    def __call__(self, finished: int, total: int, rest: str) -> None:
        filled = BAR * finished // total
        bar = "#" * filled + "." * (BAR - filled)
        click.echo(f"\r  [{bar}] {finished}/{total}  {rest}\x1b[K", nl=finished == total)


class Lines:
    """A line every two seconds."""

    def __init__(self) -> None:
        self.start = self.due = time.monotonic()

    def __call__(self, finished: int, total: int, rest: str) -> None:
        now = time.monotonic()
        if now >= self.due or finished == total:
            self.due = now + LINE_EVERY
            click.echo(f"  {now - self.start:5.1f} s  {finished}/{total}  {rest}".rstrip())
