"""`reproq limit`: how many runs may start a second."""

import click

from reproq_worker.call import call, call_value
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.faults import FAILED, Fault
from reproq_worker.cli.output import json_option, show

_COLUMNS = {
    "Key": "key",
    "Tokens/s": "tokens_per_second",
    "Burst": "burst_size",
    "Current": "current_tokens",
    "LastRefill": "last_refilled_at",
}

key_option = click.option(
    "--key", required=True, help="global, queue:<name> or task:<path>; the narrowest one counts."
)


@click.group()
def limit() -> None:
    """Limit how many runs may start a second: of a task, of a queue, of all.

    \b
    Examples:
      reproq limit set --key queue:mail --rate 5 --burst 10
      reproq limit set --key task:shop.tasks.charge --rate 0.5
      reproq limit ls
      reproq limit rm --key queue:mail
    """


@limit.command("set")
@dsn_option
@key_option
@click.option("--rate", type=float, required=True, help="Starts a second; 0 disables the limit.")
@click.option("--burst", type=int, default=1, show_default=True, help="So many may start at once.")
def set_limit(dsn: str | None, key: str, rate: float, burst: int) -> None:
    """Set a limit. A new bucket is full; a changed one keeps what is in it."""
    with transaction(dsn) as cursor:
        call(cursor, "set_rate_limit", key=key, rate=rate, burst=burst)
    click.echo(f"Set rate limit {key}: {rate:.2f} tokens/sec, burst {burst}")


@limit.command()
@dsn_option
@json_option
def ls(dsn: str | None, as_json: bool) -> None:
    """List the limits."""
    with transaction(dsn) as cursor:
        limits = [
            {title: row[name] for title, name in _COLUMNS.items()}
            for row in call(cursor, "rate_limits")
        ]
    for row in limits:
        row["Current"] = round(row["Current"], 2)
    show(limits, as_json, "No rate limits configured.")


@limit.command()
@dsn_option
@key_option
def rm(dsn: str | None, key: str) -> None:
    """Lift a limit."""
    with transaction(dsn) as cursor:
        if not call_value(cursor, "delete_rate_limit", key=key):
            raise Fault(f"there is no rate limit {key}", FAILED)
    click.echo(f"Deleted 1 rate limit(s) for {key}")
