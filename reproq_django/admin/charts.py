"""Plots as SVG, made here: where each bar and each line goes; a template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from .display import share

WIDTH, HEIGHT = 600, 120
LEFT, TOP, BOTTOM = 44, 8, 20
PLOT_WIDTH, PLOT_HEIGHT = WIDTH - LEFT, HEIGHT - TOP - BOTTOM


@dataclass(frozen=True)
class Plot:
    """Marks in the coordinates of the drawing, and the words beside them."""

    title: str
    summary: str
    bars: list[dict[str, Any]]
    line: str
    grid: list[dict[str, Any]]
    ticks: list[dict[str, Any]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = TOP + PLOT_HEIGHT
    label_y: int = HEIGHT - 5


def throughput(title: str, rows: Sequence[dict[str, Any]]) -> Plot:
    """Bars: how many finished in each step, the failed ones at their foot."""
    top = _round_up(max((row["finished"] for row in rows), default=0))
    step = PLOT_WIDTH / max(len(rows), 1)
    bars = []
    for number, row in enumerate(rows):
        good = PLOT_HEIGHT * (row["finished"] - row["failed"]) / top
        bad = PLOT_HEIGHT * row["failed"] / top
        if row["finished"]:
            bars.append(
                {
                    "x": f"{LEFT + number * step + step * 0.1:.1f}",
                    "width": f"{step * 0.8:.1f}",
                    "bad_y": f"{TOP + PLOT_HEIGHT - bad:.1f}",
                    "bad": f"{bad:.1f}",
                    "good_y": f"{TOP + PLOT_HEIGHT - bad - good:.1f}",
                    "good": f"{good:.1f}",
                    "words": _("%(time)s: %(finished)s finished, %(failed)s of them failed")
                    % {
                        "time": _clock(row["starts_at"]),
                        "finished": f"{row['finished']:,}",
                        "failed": f"{row['failed']:,}",
                    },
                }
            )
    finished = sum(row["finished"] for row in rows)
    failed = sum(row["failed"] for row in rows)
    summary = _("%(finished)s finished, %(failed)s of them failed") % {
        "finished": f"{finished:,}",
        "failed": f"{failed:,}",
    }
    return Plot(title, summary, bars, "", _grid(top, f"{top:,}"), _ticks(rows))


def failure_rate(title: str, rows: Sequence[dict[str, Any]]) -> Plot:
    """A line: which part of those that finished in each step had failed."""
    rates = [100 * row["failed"] / row["finished"] if row["finished"] else 0 for row in rows]
    top = next(t for t in (1, 5, 10, 25, 50, 100) if max(rates, default=0) <= t)
    step = PLOT_WIDTH / max(len(rows), 1)
    points = [
        (LEFT + (number + 0.5) * step, TOP + PLOT_HEIGHT * (1 - rate / top))
        for number, rate in enumerate(rates)
    ]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""
    finished = sum(row["finished"] for row in rows)
    failed = sum(row["failed"] for row in rows)
    summary = _("%(share)s failed") % {"share": share(failed, finished)}
    return Plot(title, summary, [], line, _grid(top, f"{top} %"), _ticks(rows))


def _round_up(number: int) -> int:
    """The next of 1, 2, 4, 10, 20, 40, 100 ...: a top whose half is whole from 2 on."""
    size = 1
    while True:
        for digit in (1, 2, 4):
            if number <= digit * size:
                return digit * size
        size *= 10


def _grid(top: int, label: str) -> list[dict[str, Any]]:
    return [
        {"y": TOP, "label_y": TOP + 4, "label": label},
        {"y": TOP + PLOT_HEIGHT / 2, "label_y": 0, "label": ""},
        {"y": TOP + PLOT_HEIGHT, "label_y": TOP + PLOT_HEIGHT + 3, "label": "0"},
    ]


def _ticks(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first, the middle and the last step by the clock."""
    if not rows:
        return []
    return [
        {"x": LEFT, "anchor": "start", "label": _clock(rows[0]["starts_at"])},
        {
            "x": LEFT + PLOT_WIDTH / 2,
            "anchor": "middle",
            "label": _clock(rows[len(rows) // 2]["starts_at"]),
        },
        {"x": WIDTH, "anchor": "end", "label": _("now")},
    ]


def _clock(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"


def depth_bar(counts: Sequence[tuple[str, int]], longest: int) -> list[dict[str, Any]]:
    """A queue's runs by state as parts of one bar, as long as the queue is deep."""
    parts, x = [], 0.0
    for state, count in counts:
        if count:
            # So that one run among many thousands can be seen.
            width = max(100 * count / max(longest, 1), 1.0)
            parts.append({"state": state, "x": f"{x:.2f}", "width": f"{width:.2f}"})
            x += width
    return parts
