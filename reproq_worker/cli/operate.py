"""Commands that act on one run: each is one call."""

import click

from reproq_worker.call import call_value
from reproq_worker.cli.database import dsn_option, transaction

id_option = click.option("--id", "result_id", type=int, required=True, help="The run's id.")


@click.command()
@dsn_option
@id_option
def cancel(dsn: str | None, result_id: int) -> None:
    """Cancel a run; a running one is stopped by its worker."""
    with transaction(dsn) as cursor:
        status = call_value(cursor, "cancel", result_id=result_id)
    if status == "RUNNING":
        click.echo(f"Cancellation requested for task {result_id}")
    else:
        click.echo(f"Task {result_id} is {status}")


@click.command()
@dsn_option
@id_option
def retry(dsn: str | None, result_id: int) -> None:
    """Run a failed or cancelled run again, under its own id."""
    with transaction(dsn) as cursor:
        status = call_value(cursor, "retry", result_id=result_id)
    click.echo(f"Task {result_id} is {status}")


@click.command()
@dsn_option
@id_option
def replay(dsn: str | None, result_id: int) -> None:
    """Enqueue a copy of a run, under a new id."""
    with transaction(dsn) as cursor:
        copy = call_value(cursor, "replay", result_id=result_id)
    click.echo(f"Requeued task {result_id} as new result_id {copy}")
