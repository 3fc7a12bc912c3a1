"""`reproq logs`: what an attempt wrote, from where its worker has left it."""

import os
import urllib.request
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from reproq_worker.call import call
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.faults import FAILED, Fault
from reproq_worker.cli.operate import id_option

_CHUNK = 65536
_TIMEOUT = 10


@click.command("logs")
@dsn_option
@id_option
@click.option(
    "--tail", type=click.IntRange(0), default=200, show_default=True, help="The last lines; 0: all."
)
@click.option(
    "--max-bytes",
    type=click.IntRange(1),
    default=1_000_000,
    show_default=True,
    help="Read no more than this, from the end.",
)
@click.option("--show-path", is_flag=True, help="Say where it is, too.")
def logs(dsn: str | None, result_id: int, tail: int, max_bytes: int, show_path: bool) -> None:
    """Show what a run's latest attempt wrote: for workers with --logs-dir.

    Reads a file of this machine, or what an address (http, https) in the run's logs_uri answers.

    \b
    Example:
      reproq logs --id 42 --tail 20
    """
    with transaction(dsn) as cursor:
        [run] = call(cursor, "inspect", result_id=result_id)
    uri = run["logs_uri"]
    if not uri:
        click.echo("No logs_uri recorded for this task run.")
        return
    if show_path:
        click.echo(uri)
    lines = _read(uri, max_bytes).decode(errors="replace").splitlines()
    for line in lines[-tail:] if tail else lines:
        # A task could otherwise speak to the terminal.
        click.echo("".join(c if c.isprintable() or c == "\t" else " " for c in line))


def _read(uri: str, most: int) -> bytes:
    """The end of what is there."""
    try:
        parts = urlsplit(uri)
        if parts.scheme in ("http", "https"):
            # A server that knows no ranges sends all of it.
            request = urllib.request.Request(uri, headers={"Range": f"bytes=-{most}"})
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
                return _end(iter(lambda: answer.read(_CHUNK), b""), most)
        if parts.scheme not in ("", "file"):
            raise Fault(f"cannot read {parts.scheme}: addresses: {uri}", FAILED)
        path = Path(unquote(parts.path) if parts.scheme == "file" else uri)
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - most))
            return file.read(most)
    except (OSError, ValueError, HTTPException) as error:
        raise Fault(
            f"cannot read {uri}: {error}", FAILED, "Is it on another worker's machine?"
        ) from None


def _end(chunks: Iterable[bytes], most: int) -> bytes:
    kept = b""
    for chunk in chunks:
        kept = (kept + chunk)[-most:]
    return kept
