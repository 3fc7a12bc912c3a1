"""Commands that act on one run: each is one call."""

import click

from reproq_worker.call import call, call_value
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.faults import REFUSED, Fault
from reproq_worker.cli.output import json_option, show_json

id_option = click.option("--id", "result_id", type=int, required=True, help="The run's id.")
_ENDED = ("SUCCESSFUL", "FAILED")


@click.command()
@dsn_option
@id_option
@json_option
def cancel(dsn: str | None, result_id: int, as_json: bool) -> None:
    """Cancel a run.

    One that waits ends as CANCELLED at once; of a running one it is asked, and its worker stops it
    within moments. One that has ended otherwise is left alone, exit code 4.

    \b
    Example:
      reproq cancel --id 42
    """
    with transaction(dsn) as cursor:
        [before] = call(cursor, "inspect", result_id=result_id)
        status = call_value(cursor, "cancel", result_id=result_id)
    if status in _ENDED:
        raise Fault(f"No RUNNING task found for result_id {result_id}: it is {status}", REFUSED)
    if as_json:
        show_json({"result_id": result_id, "status": status})
    elif status == "RUNNING":
        already = "already " if before["cancel_requested"] else ""
        click.echo(f"Cancellation {already}requested for task {result_id}")
    else:
        already = "already " if before["status"] == status else ""
        click.echo(f"Task {result_id} is {already}{status}")


@click.command()
@dsn_option
@id_option
@json_option
def retry(dsn: str | None, result_id: int, as_json: bool) -> None:
    """Run a failed or cancelled run again, under its own id and with all of its attempts.

    Runs that failed because it had wait for it again. For many at once: `reproq triage retry`.

    \b
    Example:
      reproq retry --id 42
    """
    with transaction(dsn) as cursor:
        status = call_value(cursor, "retry", result_id=result_id)
    if as_json:
        show_json({"result_id": result_id, "status": status})
    else:
        click.echo(f"Task {result_id} is {status}")


@click.command()
@dsn_option
@click.option("--id", "result_id", type=int, help="The run's id.")
@click.option("--spec-hash", help="The latest run with this hash.")
@json_option
def replay(dsn: str | None, result_id: int | None, spec_hash: str | None, as_json: bool) -> None:
    """Enqueue a copy of a run, under a new id; in whatever state the run is.

    \b
    Examples:
      reproq replay --id 42
      reproq replay --spec-hash 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    """
    if (result_id is None) == (spec_hash is None):
        raise click.UsageError("Provide exactly one of --id or --spec-hash.")
    with transaction(dsn) as cursor:
        if spec_hash is None:
            copy = call_value(cursor, "replay", result_id=result_id)
        else:
            copy = call_value(cursor, "replay_spec", spec_hash=spec_hash)
    if as_json:
        show_json({"result_id": copy, "copy_of": result_id, "spec_hash": spec_hash})
    else:
        click.echo(f"Requeued task {result_id or spec_hash} as new result_id {copy}")
