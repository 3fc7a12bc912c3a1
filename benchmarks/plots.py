"""Reports as pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from benchmarks.ratios import Round, figures

_STYLE = {
    # The same report gives the same file, and a reader's own font is used.
    "svg.hashsalt": "reproq",
    "svg.fonttype": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 9,
}
_OURS, _THEIRS = "#0b6e4f", "#8a9ba8"
_PALE = "#c7d0d6"


def compare(report: dict[str, Any], folder: Path) -> list[Path]:
    """Throughput and pickup latency of all systems."""
    height = 1 + 0.4 * len(report["systems"])
    return [
        _draw(folder / "drain.svg", height, lambda axes: _bars(axes, report)),
        _draw(folder / "pickup.svg", height, lambda axes: _latencies(axes, report)),
    ]


def flat(report: dict[str, Any], folder: Path) -> list[Path]:
    """The cost of a task by how much there is, and a steady load over time."""
    files = []
    if report.get("costs"):
        files.append(_draw(folder / "flat.svg", 4, lambda axes: _costs(axes, report["costs"])))
    if report.get("steady"):
        files.append(_steady(report["steady"], folder / "steady.svg"))
    return files


def _draw(file: Path, height: float, paint: Callable[[Axes], None]) -> Path:
    with pyplot.rc_context(_STYLE):
        figure, axes = pyplot.subplots(figsize=(8, height), layout="constrained")
        paint(axes)
        return _save(figure, file)


def _save(figure: Any, file: Path) -> Path:
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)
    # Matplotlib ends lines with blanks.
    lines = file.read_text().splitlines()
    file.write_text("\n".join(line.rstrip() for line in lines) + "\n")
    return file


def _sorted(report: dict[str, Any], measure: str, *, reverse: bool) -> list[str]:
    rounds: list[Round] = report["rounds"]
    known = {name: found for name in report["systems"] if (found := figures(rounds, name, measure))}
    return sorted(known, key=lambda name: known[name].median, reverse=reverse)


def _bars(axes: Axes, report: dict[str, Any]) -> None:
    names = _sorted(report, "drain_1", reverse=False)
    for place, name in enumerate(names):
        colour = _OURS if report["systems"][name]["ours"] else _THEIRS
        for measure, shift in (("drain_2", -0.2), ("drain_1", 0.2)):
            found = figures(report["rounds"], name, measure)
            if found is None:
                continue
            error = [[found.median - found.low], [found.high - found.median]]
            pale = {} if measure == "drain_1" else {"alpha": 0.5}
            axes.barh(
                place + shift, found.median, 0.36, color=colour, xerr=error, ecolor="#333", **pale
            )
            axes.text(
                found.high * 1.06, place + shift, f"{found.median:,.0f}", va="center", fontsize=7
            )
    axes.set_yticks(range(len(names)), names)
    _log(axes)
    axes.margins(x=0.15)
    axes.set_title("No-op tasks a second: one worker, and two (pale)", loc="left")


def _latencies(axes: Axes, report: dict[str, Any]) -> None:
    names = _sorted(report, "pickup_p50", reverse=True)
    for place, name in enumerate(names):
        colour = _OURS if report["systems"][name]["ours"] else _THEIRS
        points = [
            figures(report["rounds"], name, measure).median
            for measure in ("pickup_p50", "pickup_p95", "pickup_p99")
        ]
        axes.plot(points, [place] * 3, color=_PALE, zorder=1)
        for point, marker in zip(points, "o|D", strict=True):
            axes.scatter(point, place, color=colour, marker=marker, zorder=2)
    axes.set_yticks(range(len(names)), names)
    _log(axes)
    axes.set_title("Pickup latency, ms: p50 (dot), p95 (line), p99 (diamond)", loc="left")


def _log(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def _costs(axes: Axes, costs: list[dict[str, Any]]) -> None:
    least = min(cost["over_plain"] for cost in costs)
    names = [cost["name"] for cost in costs]
    axes.barh(names, [cost["over_plain"] / least for cost in costs], color=_OURS)
    axes.axvline(1.5, color="#b33", linestyle="--", linewidth=1)
    axes.invert_yaxis()
    axes.set_title("Claim and finish, CPU a task over the least; dashed: 1.5", loc="left")


def _steady(steady: dict[str, Any], file: Path) -> Path:
    with pyplot.rc_context(_STYLE):
        figure, rows = pyplot.subplots(3, 1, figsize=(8, 7), sharex=True, layout="constrained")
        samples = steady["samples"]
        minutes = [sample["second"] / 60 for sample in samples]
        for axes, name, title in zip(
            rows,
            ("backlog", "pickup_p99", "ticket_bytes"),
            ("Backlog, tasks", "Pickup p99, ms", "Ticket tables, MB"),
            strict=True,
        ):
            unit = 1e6 if name == "ticket_bytes" else 1
            axes.plot(minutes, [sample[name] / unit for sample in samples], color=_OURS)
            axes.axvspan(steady["held_from"] / 60, steady["held_to"] / 60, color=_PALE, alpha=0.4)
            axes.set_ylim(bottom=0)
            axes.set_title(title, loc="left")
        rows[-1].set_xlabel("minutes; shaded: a REPEATABLE READ snapshot is held")
        return _save(figure, file)
