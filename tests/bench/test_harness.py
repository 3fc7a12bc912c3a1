"""The benchmark measures this project from end to end, on a small scale."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import cli, compare, costs, steady
from benchmarks.catalogue import BY_NAME, ENTRIES
from benchmarks.environments import NotInstalled
from benchmarks.places import ROOT
from benchmarks.ratios import MEASURES, value
from benchmarks.turn import Sizes

TINY = Sizes(scale=0.04, one_by_one=20, pickups=5)


@pytest.mark.slow
def test_a_round_measures_everything_of_this_project_and_names_what_it_could_not_measure():
    here = Path(sys.executable)
    broken = BY_NAME["reproq-sql"]._replace(name="broken", adapter="no_such_adapter")
    entries = [broken, BY_NAME["reproq-thread"], BY_NAME["reproq-sql"]]
    missing = (BY_NAME["pgqueuer"], NotInstalled("no registry"))
    report = compare.compare([*((entry, here) for entry in entries), missing], 1, TINY)
    [measured] = report["rounds"]
    assert "error" not in measured["reproq-thread"], measured["reproq-thread"]["error"]
    figures = {name: value(measured, "reproq-thread", name) for name in MEASURES}
    assert [name for name, figure in figures.items() if not figure or figure <= 0] == []
    assert set(measured["reproq-sql"]) == {"enqueue_one", "enqueue_bulk", "wal_enqueue"}
    assert report["systems"]["reproq-thread"]["versions"]["Django"]
    assert "no_such_adapter" in measured["broken"]["error"]
    assert report["left_out"] == {"pgqueuer": "no registry"}


@pytest.mark.slow
@pytest.mark.long
def test_costs_and_a_steady_load_are_measured():
    [cost] = costs.measure([costs.Case(1_000, blocked=1_000, finished=1_000)])
    assert cost["cpu_us"] > 0
    assert cost["buffers"] > 0
    assert 0.1 < cost["over_plain"] < 10
    load = steady.measure(minutes=0.1)
    assert load["most"] > load["rate"] > 0
    assert load["held"]["pickup_p99"] >= load["held"]["pickup_p50"] > 0
    assert load["held"]["ticket_mb"] > 0


def test_no_two_systems_always_meet_in_the_same_order():
    assert [compare.in_turn("abc", number, 3) for number in range(3)] == [
        ["a", "b", "c"],
        ["a", "c", "b"],
        ["c", "a", "b"],
    ]


def test_every_entry_has_its_adapter():
    for entry in ENTRIES:
        assert (ROOT / "benchmarks" / "peers" / f"{entry.adapter}.py").exists()
        assert entry.ours == (not entry.requirements)


def test_unknown_peers_are_refused():
    done = CliRunner().invoke(cli.main, ["--peers", "pgqueuer,sidekiq"])
    assert done.exit_code == 2
    assert "unknown: sidekiq. There are pgqueuer" in done.output
