"""A report as Markdown tables: for the terminal and for the page."""

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.ratios import MEASURES, Spread, figures, ratio
from benchmarks.targets import FIXED, Verdict, judge

Report = dict[str, Any]

_COLUMNS = {
    "enqueue_one": ("one by one /s", 1),
    "enqueue_bulk": ("bulk /s", 1),
    "drain_1": ("drain, 1 worker /s", 1),
    "drain_2": ("2 workers /s", 1),
    "pickup_p50": ("pickup p50 ms", 1),
    "pickup_p95": ("p95", 1),
    "pickup_p99": ("p99", 1),
    "cpu_worker": ("CPU s per 1,000: worker", 1),
    "cpu_server": ("server", 1),
    "wal": ("WAL kB a task", 1000),
    "memory": ("memory MB", 1e6),
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are figures."""
    lines = [list(head), ["---", *["---:"] * (len(head) - 1)], *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def absolute(report: Report) -> str:
    """The medians of all systems."""
    rows = []
    for system in report["systems"]:
        cells = [system]
        for measure, (_, unit) in _COLUMNS.items():
            found = figures(report["rounds"], system, measure)
            cells.append(number(found.median / unit) if found else "")
        rows.append(cells)
    return table(["system", *(title for title, _ in _COLUMNS.values())], rows)


def ratios(report: Report, ours: str) -> str:
    """Our figures over those of each peer."""
    rounds, systems = report["rounds"], report["systems"]
    measures = [name for name in MEASURES if figures(rounds, ours, name)]
    rows = []
    for system, about in systems.items():
        if not about["ours"]:
            found = [ratio(rounds, ours, [system], measure) for measure in measures]
            rows.append([system, *map(spread, found)])
    return table(
        [f"{ours} over", *(MEASURES[name][0].split(", tasks/s")[0] for name in measures)], rows
    )


def changes(report: Report, pairs: Iterable[tuple[str, str]]) -> str:
    """What became of each measure since another version."""
    rows = []
    for now, before in pairs:
        for measure, (title, more_is_better) in MEASURES.items():
            found = ratio(report["rounds"], now, [before], measure)
            if found:
                wish = "more" if more_is_better else "less"
                rows.append([f"{now}: {title}", spread(found), wish])
    return table(["measure", "now over before", "better is"], rows)


def targets(report: Report) -> str:
    """Every target, what was measured, and whether it was met."""
    rows = []
    for verdict in judge(report["rounds"], report["systems"]):
        rows.append([verdict.target.work, wish(verdict), spread(verdict.measured), said(verdict)])
    return table(["work", "wanted", "measured", "met"], rows)


def wish(verdict: Verdict) -> str:
    target = verdict.target
    if target.against == FIXED:
        return f"{target.bound} {number(target.limit)}"
    return f"{target.bound} {number(target.limit)} × {target.against}"


def said(verdict: Verdict) -> str:
    return {True: "yes", False: "**no**", None: "not measured"}[verdict.met]


def failures(report: Report) -> list[str]:
    """What could not be measured and why, a line each."""
    lines = [f"{name}: left out, {why}" for name, why in report["left_out"].items()]
    for place, one_round in enumerate(report["rounds"], 1):
        for name, measures in one_round.items():
            if "error" in measures:
                lines.append(f"{name}: failed in round {place}, {last_line(measures['error'])}")
    return lines


def last_line(text: str) -> str:
    return next(iter(reversed(text.strip().splitlines())), "")


def spread(found: Spread | None) -> str:
    """A median and its range, in a cell."""
    if found is None:
        return ""
    if found.low == found.high:
        return number(found.median)
    return f"{number(found.median)} ({number(found.low)} to {number(found.high)})"


def number(value: float) -> str:
    """Three figures, no more: the rest is noise."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.2g}" if value < 0.1 else f"{value:.2f}".rstrip("0").rstrip(".")
