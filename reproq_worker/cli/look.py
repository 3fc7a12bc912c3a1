"""Commands that look and change nothing."""

import json
from typing import Any

import click

from reproq_worker.call import call
from reproq_worker.cli.database import dsn_option, transaction
from reproq_worker.cli.operate import id_option

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@dsn_option
@id_option
@json_option
def explain(dsn: str | None, result_id: int, as_json: bool) -> None:
    """Say why a run is not running, and when it can at the earliest."""
    _show(_rows(dsn, "explain", result_id=result_id), as_json)


@click.command()
@dsn_option
@json_option
def stats(dsn: str | None, as_json: bool) -> None:
    """Count the runs of each queue by status."""
    _show(_rows(dsn, "stats"), as_json)


def _rows(dsn: str | None, function: str, **params: Any) -> list[dict[str, Any]]:
    with transaction(dsn) as cursor:
        return call(cursor, function, **params)


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, default=_plain, indent=2))
    elif rows:
        _show_table(rows)
    else:
        click.echo("Nothing to show.")


def _show_table(rows: list[dict[str, Any]]) -> None:
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return json.dumps(value, default=_plain) if isinstance(value, dict | list) else _plain(value)


def _plain(value: Any) -> str:
    return (
        value.isoformat(sep=" ", timespec="seconds") if hasattr(value, "isoformat") else str(value)
    )
