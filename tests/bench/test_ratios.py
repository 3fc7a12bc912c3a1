"""Rounds become ratios, targets and regressions as one would do it by hand."""

import pytest

from benchmarks.ratios import Spread, figures, ratio, regressions
from benchmarks.targets import TARGETS, judge
from benchmarks.turn import warm_from

ROUNDS = [
    {"a": {"drain_1": 200, "cpu_worker": 1, "cpu_server": 2}, "b": {"drain_1": 100}},
    {"a": {"drain_1": 100, "cpu_worker": 2, "cpu_server": 2}, "b": {"drain_1": 100}},
    {"a": {"drain_1": 90, "cpu_worker": 1}, "b": {"error": "broke"}, "c": {"drain_1": 30}},
]
PEER = {"ours": False, "service": "postgres", "django": False}


def test_a_figure_is_the_median_of_the_rounds_that_have_it():
    assert figures(ROUNDS, "a", "drain_1") == Spread(100, 90, 200)
    assert figures(ROUNDS, "a", "cpu") == Spread(3.5, 3, 4)
    assert figures(ROUNDS, "a", "wal") is None


def test_a_ratio_compares_within_each_round():
    # Medians apart would be 100 / 100: a machine that slows down slows both.
    assert ratio(ROUNDS, "a", ["b"], "drain_1") == Spread(1.5, 1, 2)
    assert ratio(ROUNDS, "a", ["nobody"], "drain_1") is None


def test_the_best_of_several_is_the_highest_rate_and_the_lowest_latency():
    rounds = [{"a": {"drain_1": 10, "pickup_p50": 10}, "b": {"drain_1": 5, "pickup_p50": 2}}]
    rounds[0]["c"] = {"drain_1": 20, "pickup_p50": 5}
    assert ratio(rounds, "a", ["b", "c"], "drain_1").median == 0.5
    assert ratio(rounds, "a", ["b", "c"], "pickup_p50").median == 5


@pytest.mark.parametrize(
    ("now", "found"),
    [([70, 75, 79], True), ([70, 75, 101], False), ([95, 95, 95], False), ([130, 130, 130], False)],
)
def test_a_regression_is_worse_than_allowed_and_worse_in_every_round(now, found):
    rounds = [{"a": {"drain_1": rate}, "a@v1": {"drain_1": 100}} for rate in now]
    assert bool(regressions(rounds, [("a", "a@v1")], allowed=0.2)) is found


def test_a_latency_regresses_upwards():
    rounds = [{"a": {"pickup_p50": 3}, "a@v1": {"pickup_p50": 2}}]
    [slower] = regressions(rounds, [("a", "a@v1")], allowed=0.2)
    assert (slower.measure, slower.ratio.median) == ("pickup_p50", 1.5)
    assert regressions(rounds, [("a@v1", "a")], allowed=0.2) == []


def test_targets_are_met_missed_or_not_measured():
    rounds = [
        {
            "reproq-thread": {"drain_1": 13_000, "pickup_p50": 3, "pickup_p99": 9},
            "pgqueuer": {"drain_1": 10_000, "pickup_p50": 2},
            "awa-pg": {"drain_1": 10_000, "pickup_p50": 4},
        }
    ]
    verdicts = judge(rounds, {"pgqueuer": PEER, "awa-pg": PEER, "reproq-thread": {"ours": True}})
    met = {(v.target.work, v.target.against): v.met for v in verdicts}
    assert met["drain, 1 worker, `thread`", "pgqueuer"] is True
    assert met["drain, 1 worker, `thread`", "awa-pg"] is False
    assert met["drain, 1 worker, `thread`", "celery"] is None
    assert met["pickup p50", "the best Postgres peer"] is False
    assert met["pickup p99, ms", ""] is True
    assert len(verdicts) == len(TARGETS)


def test_a_drain_is_measured_from_when_all_workers_are_at_it():
    one = [(0.0, number, 0) for number in range(100)]
    assert warm_from(one[:9], 100, workers=1) is None
    assert warm_from(one, 100, workers=1) == 9
    assert warm_from(one, 100, workers=2) == 49
    late = [*one[:30], (0.0, 30, 1), *one[31:]]
    assert warm_from(late, 100, workers=2) == 30
