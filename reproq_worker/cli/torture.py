"""`reproq torture`: a shell over `reproq_worker.torture`."""

import random
import sys

import click

from reproq_worker.cli.database import dsn_option, readable_dsn, transaction
from reproq_worker.cli.faults import FAILED, USAGE, Fault
from reproq_worker.cli.output import json_option, show_json
from reproq_worker.cli.types import DURATION, PAUSE
from reproq_worker.torture.run import Torture
from reproq_worker.torture.verdict import Check, judge

_MAY_LOOK = "select has_table_privilege('task_runs', 'select'), count(*) from reproq_stats()"


@click.command()
@dsn_option
@click.option("--count", type=click.IntRange(1), default=1000, show_default=True, help="Runs.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Workers.")
@click.option(
    "--concurrency", type=click.IntRange(1), default=8, show_default=True, help="Of each worker."
)
@click.option(
    "--kill-every",
    type=PAUSE,
    default="2s",
    show_default=True,
    help="kill -9 a worker so often; 0 or off never.",
)
@click.option(
    "--duration", type=DURATION, default="0s", help="Enqueue as many again and again for so long."
)
@click.option("--seed", type=int, help="Repeat the choices of another torture.")
@json_option
def torture(
    dsn: str | None,
    count: int,
    workers: int,
    concurrency: int,
    kill_every: float,
    duration: float,
    seed: int | None,
    as_json: bool,
) -> None:
    """Put this very database to the test: real runs, real workers, real faults, and a verdict.

    Runs that work, fail, kill their process, share keys and wait for each other go into a queue
    of their own; workers are killed while they are at it. Then everything that the queue promises
    is looked up. Exit code 0 when all of it held, else 1. The runs are deleted an hour later.

    \b
    Examples:
      reproq torture
      reproq torture --count 20000 --concurrency 50 --duration 10m
      reproq torture --kill-every off --json | jq .seconds
    """
    chosen = random.randrange(2**32) if seed is None else seed
    it = Torture(readable_dsn(dsn), count, workers, concurrency, kill_every, chosen, duration)
    with transaction(dsn) as cursor:  # says what is wrong with the database before anything starts
        may_look, _ = cursor.execute(_MAY_LOOK).fetchone() or (False, 0)
    if not may_look:
        raise Fault(
            "torture looks behind the functions, at the tables", USAGE, "Connect as their owner."
        )
    if not as_json:
        click.echo(f"{count} runs in queue {it.queue}, seed {chosen}")
    with click.progressbar(
        length=count, label="Running", file=sys.stderr, show_pos=True, update_min_steps=1
    ) as bar:

        def progress(done: int) -> None:
            bar.length = max(count, len(it.committed))
            bar.update(done - bar.pos)

        log = it.run(progress)
    with transaction(dsn) as cursor:
        checks = judge(cursor, it, log)
    _report(it, checks, as_json)
    if not all(check.holds for check in checks):
        sys.exit(FAILED)


def _report(it: Torture, checks: list[Check], as_json: bool) -> None:
    if as_json:
        show_json(
            {
                "seed": it.seed,
                "queue": it.queue,
                "runs": len(it.committed),
                "rolled_back": it.rolled_back,
                "workers_killed": it.kills,
                "seconds": round(it.seconds, 3),
                "holds": all(check.holds for check in checks),
                "checks": {check.promise: check.against[:20] for check in checks},
            }
        )
        return
    for check in checks:
        click.echo(f"{'ok  ' if check.holds else 'FAIL'}  {check.promise}")
        for item in check.against[:5]:
            click.echo(f"        {item}")
    if not it.finished:
        click.echo("Nothing ended for a minute; it was given up.")
    verdict = "All promises held" if all(check.holds for check in checks) else "BROKEN PROMISES"
    click.echo(
        f"{verdict}: {len(it.committed)} runs in {it.seconds:.1f} s, {it.rolled_back} more rolled"
        f" back, {it.kills} workers killed. Repeat with --seed {it.seed}."
    )
