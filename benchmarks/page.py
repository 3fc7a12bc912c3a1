"""Where results are kept, and docs/benchmarks.md, which is made from them."""

import json
from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.catalogue import BY_NAME
from benchmarks.places import DOCS, STATE

RESULTS = STATE / "results"
PUBLISHED = DOCS / "benchmarks"
PAGE = DOCS / "benchmarks.md"

Report = dict[str, Any]

HEAD = """# Benchmarks

This page is made by `./run bench --publish` and `./run bench --flat --publish`, from figures that
they keep in `docs/benchmarks/`. [How it is measured](../benchmarks/README.md).

All systems were measured in turn on the same machine, in interleaved rounds, with no-op tasks that
take one integer, on a PostgreSQL with its default, durable settings. Machines differ and drift:
**only ratios within one run mean something.** Each ratio is the median of the rounds, with the
lowest and the highest in brackets.
"""


def keep(report: Report, name: str, *, publish: bool, results: Path = RESULTS) -> None:
    """Write a report and its pictures, and the page if wanted."""
    from benchmarks import plots

    for folder in [results, *([PUBLISHED] if publish else [])]:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(report, indent=1) + "\n")
        getattr(plots, name)(report, folder)
    if publish:
        PAGE.write_text(render(read("compare"), read("flat")))


def read(name: str, folder: Path = PUBLISHED) -> Report | None:
    """A report that was kept; None if there is none."""
    file = folder / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else None


def render(compare: Report | None, flat: Report | None) -> str:
    """The page."""
    parts = [HEAD]
    parts += compare_sections(compare) if compare else ["The peers have not been measured yet.\n"]
    parts.append("## Flat\n")
    parts.append(flat_tables(flat) if flat else "Not measured yet: `./run bench --flat`.\n")
    return "\n".join(parts)


def compare_sections(report: Report) -> list[str]:
    ours = [name for name, about in report["systems"].items() if about["ours"]]
    parts = [
        conditions(report),
        "## Targets\n\nWhat this project wants to be, and whether it was in this run.\n",
        tables.targets(report) + "\n",
        f"## Ratios\n\n{report['sizes']['rounds']} rounds at {report['sizes']['scale']:g} of the"
        " usual size. More is better for rates; less for latency, CPU, WAL and memory.\n",
        *(tables.ratios(report, name) + "\n" for name in ours),
        "## Figures of this run\n",
        tables.absolute(report) + "\n",
        "![Tasks a second](benchmarks/drain.svg)\n",
        "![Pickup latency](benchmarks/pickup.svg)\n",
        "## What was measured, and what each keeps of a task\n",
        systems(report) + "\n",
    ]
    if lines := tables.failures(report):
        parts.append("Not measured:\n\n" + "\n".join(f"- {line}" for line in lines) + "\n")
    return parts


def conditions(report: Report) -> str:
    """Where and when it was measured, and whether the machine had other work."""
    about = report["about"]
    when = f"Measured on {about['date']} at {about['commit']}"
    machine = f"{about['cpus']} CPUs and {about['memory_bytes'] / 1e9:.0f} GB"
    text = f"{when}, on {machine}, {', '.join([about['system'], *about['servers']])}.\n"
    if (load := about["load"][0]) > 1:
        text += (
            f"\n**The machine was busy with other work** (load average {load:g} at the beginning):"
            " take this as a first look.\n"
        )
    # What whoever ran it has to say; kept in the file of figures by hand.
    return text + "".join(f"\n{note}\n" for note in about.get("notes", []))


def systems(report: Report) -> str:
    rows = []
    for name, about in report["systems"].items():
        versions = ", ".join(f"{key} {value}" for key, value in about["versions"].items())
        keeps = BY_NAME[name].keeps
        rows.append([name, versions, about["settings"], f"{about['tasks']:,}", keeps])
    return tables.table(["system", "versions", "settings", "tasks a drain", "keeps"], rows)


def flat_tables(report: Report) -> str:
    """The tables of `--flat`."""
    parts = [conditions(report)]
    if costs := report.get("costs"):
        parts += cost_sections(costs)
    if steady := report.get("steady"):
        parts += steady_sections(steady)
    return "\n".join(parts)


def cost_sections(costs: list[dict[str, Any]]) -> list[str]:
    least = min(cost["over_plain"] for cost in costs)
    rows = []
    for cost in costs:
        figures = (cost["cpu_us"], cost["over_plain"] / least, cost["buffers"])
        rows.append([cost["name"], *map(tables.number, figures)])
    head = ["what is in the queue", "CPU µs a task", "over the least", "buffers a claimed run"]
    return [
        "Claim and finish, in batches of 100, each in turns with a plain line of 1,000 runs."
        " Wanted: at most 1.5 times the least.\n",
        tables.table(head, rows) + "\n",
        "![Cost of a task](benchmarks/flat.svg)\n",
    ]


def steady_sections(steady: dict[str, Any]) -> list[str]:
    free, held = steady["held_from"] / 60, (steady["held_to"] - steady["held_from"]) / 60
    rows = [
        [name, *(tables.number(steady[part][key]) for part in ("free", "held"))]
        for key, name in STEADY_ROWS.items()
    ]
    return [
        f"A steady load of {steady['rate']:,.0f} tasks/s: half of the {steady['most']:,.0f} that"
        f" one producer and one worker reached together. After {free:g} min a REPEATABLE READ"
        f" snapshot was held for {held:g} min.\n",
        tables.table(["", "before", "while held"], rows) + "\n",
        "![Steady load](benchmarks/steady.svg)\n",
    ]


STEADY_ROWS = {
    "rate": "enqueued, tasks/s",
    "pickup_p50": "pickup p50, ms",
    "pickup_p99": "pickup p99, ms",
    "backlog_mean": "backlog, mean",
    "backlog_end": "backlog at the end",
    "ticket_mb": "ticket tables, most MB",
}
