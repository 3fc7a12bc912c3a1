"""What a run has shown, as a page and as data."""

import json
import os
import platform
from typing import Any

from tests.chaos.finding import Finding
from tests.chaos.scene import Scene

_PAGE = """\
# Chaos

What Reproq promises must hold while everything around it fails. `./run chaos` puts that to the
test: a Postgres of its own, producers, workers and tickers as processes, faults at fixed times, and
witnesses that do not depend on the queue. This page is the report of its last run, written by
`./run chaos --report docs/chaos.md`. A small run, with 2,000 tasks, ten kills and a crash of
Postgres, is part of `./run test`; a naive claim in the place of Reproq's must fail the same checks.

**Tasks:** 60 % do nothing for 0 to 5 ms, 10 % fail once, 5 % always fail, 5 % share 20 keys with
limits of 1 to 3, 5 % share a token bucket, 10 % stand in chains of four, 5 % in chords of ten with
a callback. Some take longer than their lease, some kill the process that runs them or the worker.

**Producers** enqueue in transactions of 1 to 50 runs, roll every tenth back, and note in a file
outside Postgres, before and after each COMMIT, what they did.

**Witnesses** beside these ledgers: a trigger that writes down every change of a status, a file in
which each task notes under which lease number it began and ended, `reproq_violations()` asked again
and again, the logs, and the kernel's list of processes.

The seed decides what is enqueued and what is to fail when; what that meets is up to the machine.

## The last run

{when}

| fault | times |
|---|---:|
{faults}

| must be shown | seen | |
|---|---|---|
{findings}

{verdict}
"""

_FAULTS = {
    "KillWorker": "kill -9 of a worker",
    "KillChild": "kill -9 of a process that runs tasks",
    "StopWorker": "a worker stopped (SIGSTOP) past its leases, then continued",
    "ReplaceWorker": "SIGTERM to a worker and a new one in its place",
    "KillProducer": "kill -9 of a producer",
    "TerminateBackend": "a client's session ended by the server",
    "RestartPostgres immediate": "Postgres crashed and started again (`-m immediate`)",
    "RestartPostgres fast": "Postgres restarted (`-m fast`)",
    "LockTable": "`task_runs` locked in ACCESS EXCLUSIVE mode for 4 s",
    "HoldSnapshot": "an idle transaction that held a snapshot for 30 s",
}


def as_page(scene: Scene, findings: list[Finding]) -> str:
    """The page docs/chaos.md."""
    plan = scene.plan
    when = (
        f"Seed {scene.seed}: {plan.tasks:,} tasks, {plan.producers} producers, {plan.workers}"
        f" workers of concurrency {plan.concurrency} with leases of {plan.lease_seconds:g} s,"
        f" {plan.tickers} tickers; faults for {plan.seconds:g} s, all over after"
        f" {scene.seconds:.0f} s. {_machine(scene)}"
    )
    return _PAGE.format(
        when=when,
        faults="\n".join(f"| {_FAULTS[name]} | {scene.struck[name]} |" for name in _FAULTS),
        findings="\n".join(
            f"| {f.promise} | {f.seen} | {'yes' if f.holds else f'**no**: {f.against[:3]}'} |"
            for f in findings
        ),
        verdict=_verdict(findings),
    )


def as_json(scene: Scene, findings: list[Finding]) -> str:
    """The same for programs."""
    return json.dumps(
        {
            "seed": scene.seed,
            "plan": scene.plan.name,
            "tasks": scene.plan.tasks,
            "seconds": round(scene.seconds, 1),
            "faults": dict(scene.struck),
            "holds": all(f.holds for f in findings),
            "checks": [_plain(f) for f in findings],
        },
        indent=1,
    )


def _plain(finding: Finding) -> dict[str, Any]:
    against = [str(item) for item in finding.against[:20]]
    return {"promise": finding.promise, "seen": finding.seen, "against": against}


def _verdict(findings: list[Finding]) -> str:
    broken = [f.promise for f in findings if not f.holds]
    return f"**Not shown:** {'; '.join(broken)}." if broken else "All of it was shown."


def _machine(scene: Scene) -> str:
    load = os.getloadavg()[1]
    return (
        f"PostgreSQL {scene.server.major}, Python {platform.python_version()}, {os.cpu_count()}"
        f" cores that had {load:.0f} processes to run in the last five minutes."
    )
