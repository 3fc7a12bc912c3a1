"""How commands show what they found: tables for people, JSON for programs."""

import json
from collections.abc import Sequence
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program.")


def show(rows: Sequence[dict[str, Any]], as_json: bool, nothing: str = "Nothing to show.") -> None:
    """Rows as a table with their names as its head, or as a JSON array."""
    if as_json:
        show_json(rows)
    elif rows:
        _show_table(rows)
    else:
        click.echo(nothing)


def show_json(value: Any) -> None:
    """A value as JSON; times are in ISO 8601."""
    click.echo(json.dumps(value, default=_plain, indent=2))


def _show_table(rows: Sequence[dict[str, Any]]) -> None:
    lines = [list(rows[0]), *([cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def cell(value: Any) -> str:
    """A value in one line."""
    if value is None:
        return "-"
    text = json.dumps(value, default=_plain) if isinstance(value, dict | list) else _plain(value)
    # What a task wrote could otherwise forge lines, or speak to the terminal.
    return "".join(c if c.isprintable() else " " for c in text)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return (
        value.isoformat(sep=" ", timespec="seconds") if hasattr(value, "isoformat") else str(value)
    )
