"""The small chaos run, part of every test run."""

import random

import pytest

from tests.chaos.finding import Finding
from tests.chaos.plan import plan_named
from tests.chaos.run import run
from tests.races import naive

# It has a server of its own.


def broken(findings: list[Finding]) -> str:
    return "\n".join(f"{f.promise}: {f.against[:5]}" for f in findings if not f.holds)


def test_a_small_chaos_shows_all_that_a_large_one_must(tmp_path):
    seed = random.randrange(2**32)
    scene, findings = run(plan_named("smoke"), seed, keep=tmp_path)
    assert broken(findings) == "", f"seed {seed}"
    assert scene.struck["KillWorker"] >= 5
    assert scene.struck["RestartPostgres immediate"] == 1


@pytest.mark.slow
def test_a_naive_claim_fails_it():
    _, findings = run(plan_named("smoke"), 1, spoil=naive.WHOLE_CLAIM)
    failed = broken(findings)
    for promise in ("each claim raises the lease number", "0 rows of reproq_violations()"):
        assert promise in failed
