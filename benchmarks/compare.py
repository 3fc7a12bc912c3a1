"""Interleaved rounds of turns, and the report that comes of them."""

import datetime
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks import services
from benchmarks.catalogue import Entry
from benchmarks.client import Client, Failed
from benchmarks.environments import NotInstalled
from benchmarks.places import ROOT, STATE, say
from benchmarks.turn import Measures, Sizes, Turn

Report = dict[str, Any]


class Contestant:
    """An entry that can be measured here: it has a Python and a service."""

    def __init__(self, entry: Entry, python: Path, service: services.Service) -> None:
        self.entry = entry
        self._python = python
        self._service = service
        self.versions: dict[str, str] = {}

    def turn(self, sizes: Sizes) -> Measures:
        """Measure it once; raises Failed."""
        with tempfile.TemporaryDirectory(dir=STATE, prefix="turn-") as folder:
            dsn, every = self._service.fresh(), sizes.stamp_every(self.entry)
            client = Client(self.entry, self._python, dsn, Path(folder), every)
            try:
                self.versions = client.versions
                return Turn(client, self._service, sizes).run()
            finally:
                client.close()


def compare(
    pythons: Sequence[tuple[Entry, Path | NotInstalled]], rounds: int, sizes: Sizes
) -> Report:
    """Measure everything that has a Python and a service so many times, in turn."""
    STATE.mkdir(parents=True, exist_ok=True)
    left_out = {entry.name: str(why) for entry, why in pythons if isinstance(why, NotInstalled)}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=STATE, prefix="run-")))
        running: dict[str, services.Service] = {
            "postgres": stack.enter_context(services.postgres(folder / "postgres"))
        }
        if any(entry.service == "redis" for entry, _ in pythons):
            try:
                running["redis"] = stack.enter_context(services.redis(folder / "redis"))
            except NotInstalled as error:
                left_out |= {e.name: str(error) for e, _ in pythons if e.service == "redis"}
        contestants = [
            Contestant(entry, python, running[entry.service])
            for entry, python in pythons
            if entry.name not in left_out and isinstance(python, Path)
        ]
        conditions = about([service.version() for service in running.values()])
        results = [play(contestants, number, rounds, sizes) for number in range(rounds)]
        conditions["load"].append(round(os.getloadavg()[0], 1))
        return {
            "about": conditions,
            "sizes": sizes._asdict() | {"rounds": rounds},
            "systems": {
                each.entry.name: {
                    "versions": each.versions,
                    "settings": each.entry.settings,
                    "service": each.entry.service,
                    "django": each.entry.django,
                    "ours": each.entry.ours,
                    "tasks": sizes.tasks(each.entry),
                }
                for each in contestants
            },
            "left_out": left_out,
            "rounds": results,
        }


def play(
    contestants: Sequence[Contestant], number: int, rounds: int, sizes: Sizes
) -> dict[str, dict[str, Any]]:
    """One round: everyone once, in another order each time."""
    results: dict[str, dict[str, Any]] = {}
    for each in in_turn(contestants, number, rounds):
        name = each.entry.name
        try:
            measures = each.turn(sizes)
            results[name] = {key: float(f"{value:.5g}") for key, value in measures.items()}
        except (Failed, psycopg.Error) as error:
            results[name] = {"error": str(error).replace(f"{ROOT}/", "")}
        say(f"round {number + 1} of {rounds}: {name}: {in_short(results[name])}")
    return results


def in_turn(items: Sequence[Any], number: int, rounds: int) -> list[Any]:
    """The items from another one in each round, and every second time backwards."""
    first = len(items) * number // rounds
    order = [*items[first:], *items[:first]]
    return order[::-1] if number % 2 else order


def in_short(measures: dict[str, Any]) -> str:
    """The rates of a turn on one line, for whoever waits."""
    if "error" in measures:
        return f"FAILED: {measures['error']}"
    words = ("enqueue_one", "enqueue_bulk", "drain_1", "drain_2")
    rates = [f"{word} {measures[word]:,.0f}/s" for word in words if word in measures]
    if "pickup_p50" in measures:
        rates.append(f"p50 {measures['pickup_p50']:.1f} ms")
    return ", ".join(rates)


def about(server_versions: Iterable[str]) -> dict[str, Any]:
    """What one must know to read the figures, as it is before anything is measured."""
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--tags"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": commit,
        "servers": list(server_versions),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "load": [round(os.getloadavg()[0], 1)],
    }
