"""`reproq pg-cron`: a shell over `reproq_worker.pg_cron`."""

import re

import click

from reproq_worker import pg_cron as jobs
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.faults import FAILED, USAGE, Fault

_IN_MINUTES = (
    "This pg_cron counts in minutes: what is due waits up to one, unless a worker or a beat ticks,"
    " too. From pg_cron 1.5 on it is every second."
)


@click.command("pg-cron")
@dsn_option
@click.option("--install", is_flag=True, help="Schedule one job that ticks; the default.")
@click.option("--remove", is_flag=True, help="Remove the jobs.")
@click.option("--per-schedule", is_flag=True, help="A job for each schedule, in place of the tick.")
@click.option(
    "--prefix", default=jobs.PREFIX, show_default=True, help="What the jobs' names begin with."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--if-supported", is_flag=True, help="It is no fault if there is no pg_cron.")
def pg_cron(
    dsn: str | None,
    install: bool,
    remove: bool,
    per_schedule: bool,
    prefix: str,
    dry_run: bool,
    if_supported: bool,
) -> None:
    """Let pg_cron keep time, so that schedules need no process of their own."""
    if install and remove:
        raise Fault("Choose either --install or --remove (not both).", FAILED)
    if not re.fullmatch(r"[A-Za-z0-9_]{1,40}", prefix):
        raise Fault("--prefix must be 1 to 40 letters, digits and underscores", USAGE)
    try:
        with transaction(dsn) as cursor:
            if remove:
                removed, scheduled = jobs.remove(cursor, prefix), None
            else:
                removed, scheduled = jobs.install(cursor, prefix, per_schedule=per_schedule)
            if dry_run:
                # What would be done was done, but nobody has seen it.
                cursor.connection.rollback()
    except jobs.NotMigrated as error:
        raise Fault(str(error), FAILED) from None
    except jobs.Unsupported as error:
        if not if_supported:
            raise Fault(str(error), FAILED) from None
        click.echo(error.skipping)
    else:
        _report(removed, scheduled, dry_run)


def _report(removed: int, scheduled: list[jobs.Job] | None, dry_run: bool) -> None:
    click.echo(f"{'Would remove' if dry_run else 'Removed'} {removed} pg_cron job(s).")
    if scheduled is None:
        return
    click.echo(f"{'Would schedule' if dry_run else 'Scheduled'} {len(scheduled)} pg_cron job(s).")
    for job in scheduled:
        click.echo(f"  {job.name}  {job.schedule}  {job.command}")
    if any("reproq_tick" in job.command and job.schedule == jobs.EVERY_MINUTE for job in scheduled):
        click.echo(_IN_MINUTES)
