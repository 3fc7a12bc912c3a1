"""What doctor and check have found, and how they show it."""

import sys
from collections.abc import Iterable
from typing import Any

import click
import psycopg

from reproq_worker.cli.faults import FAILED
from reproq_worker.cli.output import show_json

OK, WARNING, ERROR = "ok", "warning", "error"


class Findings:
    """A list of findings: how bad, what, and how it is mended."""

    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []

    def add(self, level: str, what: str, advice: str = "") -> None:
        """Note one."""
        self.rows.append({"level": level, "what": what, "advice": advice})

    def names(self, level: str, names: Iterable[str], what: str, advice: str) -> None:
        """Note one that is about these, if there are any."""
        listed = list(names)
        if listed:
            shown = ", ".join(listed[:5]) + (", ..." if len(listed) > 5 else "")
            self.add(level, f"{what}: {shown}", advice)

    def count(self, level: str) -> int:
        """How many are of this level."""
        return sum(row["level"] == level for row in self.rows)

    def show(self, as_json: bool) -> None:
        """Print all of them."""
        errors, warnings = self.count(ERROR), self.count(WARNING)
        if as_json:
            show_json({"errors": errors, "warnings": warnings, "findings": self.rows})
            return
        for row in self.rows:
            advice = f"  {row['advice']}" if row["advice"] else ""
            click.echo(f"{row['level']:<8} {row['what']}{advice}")

    def leave(self, strict: bool = False) -> None:
        """End with 1 if something is wrong; `strict`: or worth a warning."""
        if self.count(ERROR) or (strict and self.count(WARNING)):
            sys.exit(FAILED)


def first_column(cursor: Any, statement: str, *values: Any) -> list[Any]:
    """The first column; nothing where a role may only call functions."""
    try:
        with cursor.connection.transaction():
            return [row[0] for row in cursor.execute(statement, values or None).fetchall()]
    except psycopg.errors.InsufficientPrivilege:
        return []
