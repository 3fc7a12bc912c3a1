"""`reproq beat` and `reproq schedule`: keep time where no worker does."""

import asyncio

import click

from reproq_worker import logs
from reproq_worker.beat import Beat, tick
from reproq_worker.cli.database import dsn_option, readable_dsn, transaction
from reproq_worker.cli.faults import NO_DATABASE, USAGE, Fault
from reproq_worker.cli.types import DURATION
from reproq_worker.supervisor import readiness


@click.command()
@dsn_option
@click.option("--once", is_flag=True, help="Tick once and leave: for a crontab.")
@click.option(
    "--interval",
    type=DURATION,
    default="1s",
    show_default=True,
    help="How long to pause between two ticks.",
)
def beat(dsn: str | None, once: bool, interval: float) -> None:
    """Enqueue what schedules ask for and keep time otherwise, as every worker does by itself.

    Needed only where no worker runs all the time. Any number of them may run beside workers.

    \b
    Examples:
      reproq beat
      reproq beat --once          # for a crontab: * * * * * reproq beat --once
    """
    if once:
        _once(dsn)
        return
    if interval <= 0:
        raise Fault("--interval must be above 0", USAGE)
    dsn = readable_dsn(dsn)
    logs.configure("text", "beat")
    try:
        readiness.check(dsn)
    except readiness.OutOfReach as error:
        raise Fault(f"the database is out of reach: {error}", NO_DATABASE) from None
    asyncio.run(_run(dsn, interval))


@click.command()
@dsn_option
@click.option("--interval", type=DURATION, help="No meaning: it ticks once.")
def schedule(dsn: str | None, interval: float | None) -> None:
    """Tick once and leave: the same as beat with --once.

    \b
    Example:
      reproq schedule
    """
    _once(dsn)


def _once(dsn: str | None) -> None:
    rotated = True
    while rotated:
        with transaction(dsn) as cursor:
            done = tick(cursor)
        rotated = done["rotated"] > 0
    click.echo(f"Enqueued {done['fired']} scheduled task(s).")


async def _run(dsn: str, interval: float) -> None:
    await Beat(dsn, interval).run()
