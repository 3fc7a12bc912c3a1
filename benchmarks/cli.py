"""`./run bench`: measures this project and its peers, in turn, on this machine."""

import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks import compare, environments, page, tables
from benchmarks.catalogue import BY_NAME, ENTRIES, Entry
from benchmarks.environments import NotInstalled
from benchmarks.places import say
from benchmarks.ratios import regressions
from benchmarks.turn import Sizes
from reproq_worker.config import ISOLATIONS

QUICK = Sizes(scale=0.2, one_by_one=200, pickups=30)
#: What a measure may lose against the last release before `--against-last-release` fails.
ALLOWED = 0.2
OURS = [e.name for e in ENTRIES if e.ours and (not e.isolation or e.isolation in ISOLATIONS)]


@click.command(help=__doc__)
@click.option("--peers", default="all", help="Names, separated by commas; all; none.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--scale", default=1.0, show_default=True, help="Of the number of tasks.")
@click.option("--quick", is_flag=True, help="One small round: to see that all works.")
@click.option("--flat", is_flag=True, help="How costs grow with the queue, and a steady load.")
@click.option("--huge", is_flag=True, help="With --flat: 10,000,000 runs, too.")
@click.option("--minutes", default=10.0, show_default=True, help="With --flat: of steady load.")
@click.option("--against-last-release", is_flag=True, help="Only this project, now and then.")
@click.option("--against", help="As --against-last-release, with a git ref or a wheel.")
@click.option("--publish", is_flag=True, help="Write docs/benchmarks.md from the results.")
def main(
    peers: str,
    rounds: int,
    scale: float,
    quick: bool,
    flat: bool,
    huge: bool,
    minutes: float,
    against_last_release: bool,
    against: str | None,
    publish: bool,
) -> None:
    """Measure what was asked for; exit code 1 where this project became slower."""
    # Unwind, so that servers and workers end first.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sizes = QUICK if quick else Sizes()._replace(scale=scale)
    rounds = 1 if quick else rounds
    if flat:
        from benchmarks import flat as flatness

        report = flatness.measure(huge=huge, minutes=minutes, scale=0.01 if quick else scale)
        page.keep(report, "flat", publish=publish)
        click.echo(page.flat_tables(report))
    elif against or against_last_release:
        sys.exit(compare_versions(against or environments.last_release(), rounds, sizes))
    else:
        report = compare.compare(installed(chosen(peers)), rounds, sizes)
        page.keep(report, "compare", publish=publish)
        show(report)


def chosen(peers: str) -> list[Entry]:
    """This project, and the peers that were named."""
    known = [entry.name for entry in ENTRIES if not entry.ours]
    names = {"all": known, "none": []}.get(peers, peers.split(","))
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"unknown: {', '.join(unknown)}. There are {', '.join(known)}.")
    return [BY_NAME[name] for name in [*OURS, *names]]


def installed(entries: Sequence[Entry]) -> list[tuple[Entry, Path | NotInstalled]]:
    """Each with its Python, or why it has none."""
    pythons: list[tuple[Entry, Path | NotInstalled]] = []
    for entry in entries:
        try:
            pythons.append((entry, environments.python_of(entry)))
        except NotInstalled as error:
            say(f"{entry.name} is left out: {error}")
            pythons.append((entry, error))
    return pythons


def compare_versions(what: str | None, rounds: int, sizes: Sizes) -> int:
    """Measure this project beside another version of itself; 1 where it became slower."""
    if what is None:
        raise click.UsageError("there is no release yet: name a git ref or a wheel with --against")
    try:
        then = environments.version_of_project(what)
    except (NotInstalled, OSError) as error:
        raise click.UsageError(f"cannot install {what}: {error}") from None
    pairs = [(name, f"{name}@{what}") for name in OURS]
    pythons: list[tuple[Entry, Path | NotInstalled]] = []
    for name, before in pairs:
        pythons.append((BY_NAME[name], Path(sys.executable)))
        pythons.append((BY_NAME[name]._replace(name=before), then))
    report = compare.compare(pythons, rounds, sizes)
    if regressions(report["rounds"], pairs, ALLOWED):
        say("some measures look worse: measuring once more, to be sure")
        report["rounds"] += compare.compare(pythons, rounds, sizes)["rounds"]
    page.RESULTS.mkdir(parents=True, exist_ok=True)
    (page.RESULTS / "against.json").write_text(json.dumps(report, indent=1))
    click.echo(tables.changes(report, pairs))
    report_failures(report)
    slower = regressions(report["rounds"], pairs, ALLOWED)
    for each in slower:
        say(f"REGRESSION: {each.system} {each.measure}: {tables.spread(each.ratio)}")
    return 1 if slower else 0


def show(report: dict[str, Any]) -> None:
    """Print what a person wants to know."""
    click.echo(f"\n{tables.absolute(report)}\n")
    for name, about in report["systems"].items():
        if about["ours"]:
            click.echo(f"{tables.ratios(report, name)}\n")
    click.echo(f"{tables.targets(report)}\n")
    report_failures(report)
    say(f"written to {page.RESULTS}")


def report_failures(report: dict[str, Any]) -> None:
    for line in tables.failures(report):
        say(line)
