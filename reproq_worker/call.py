"""The one way in which Python says SQL: `call(cursor, "claim", worker_id=..., queues=[...])`."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from reproq_worker.errors import from_database

_CASTS = {
    "args": "jsonb",
    "kwargs": "jsonb",
    "specs": "jsonb",
    "common": "jsonb",
    "nodes": "jsonb",
    "outcomes": "jsonb",
    "error": "jsonb",
    "return_json": "jsonb",
    "metadata": "jsonb",
    "provenance": "jsonb",
    "queues": "text[]",
    "statuses": "text[]",
    "result_ids": "bigint[]",
    "lease_nos": "bigint[]",
}
"""Types that Python's values do not show, by parameter: a name means the same everywhere."""

_NAME = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
_JSONB_OID = 3802
_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def call(cursor: Any, name: str, /, **params: Any) -> list[dict[str, Any]]:
    """The rows, as dicts, of the function `reproq_<name>`, with its defaults for what is not given.

    Takes a cursor of psycopg 3 or of Django. A jsonb parameter takes the Python value that it is to
    hold; None is SQL's NULL. Raises the exceptions of `reproq_worker.errors`.
    """
    _execute(cursor, name, params)
    rows: list[Any] = cursor.fetchall()
    if rows and isinstance(rows[0], dict):
        return rows
    columns = cursor.description
    encoded = _encoded_columns(cursor, columns)
    if encoded:
        rows = [_decoded(row, encoded) for row in rows]
    names = [column[0] for column in columns]
    return [dict(zip(names, row, strict=True)) for row in rows]


def call_column(cursor: Any, name: str, /, **params: Any) -> list[Any]:
    """The first column of the rows of the function `reproq_<name>`; see `call`."""
    _execute(cursor, name, params)
    return _first_column(cursor)


def call_value(cursor: Any, name: str, /, **params: Any) -> Any:
    """The value of the function `reproq_<name>`, which returns one and no rows; see `call`."""
    # (Not `from` the function: Postgres would make a table of its value.)
    _execute(cursor, name, params, "select")
    return _first_column(cursor)[0]


def _first_column(cursor: Any) -> list[Any]:
    rows: list[Any] = cursor.fetchall()
    values = [next(iter(row.values())) if isinstance(row, dict) else row[0] for row in rows]
    # (Asked only where it can be: the description of a result takes long.)
    if values and isinstance(values[0], str) and 0 in _encoded_columns(cursor, cursor.description):
        values = [json.loads(value) for value in values]
    return values


def _execute(cursor: Any, name: str, params: dict[str, Any], select: str = "select * from") -> None:
    values = [
        _encode(value) if value is not None and _CASTS.get(key) == "jsonb" else value
        for key, value in params.items()
    ]
    try:
        cursor.execute(_statement(select, name, tuple(params)), values)
    except Exception as error:
        known = from_database(error)
        if known is None:
            raise
        raise known from error


@lru_cache(maxsize=256)
def _statement(select: str, name: str, params: tuple[str, ...]) -> str:
    for identifier in (name, *params):
        if not _NAME.fullmatch(identifier):
            raise ValueError(f"not a name in SQL: {identifier!r}")
    arguments = ", ".join(
        f"{param} => %s::{_CASTS[param]}" if param in _CASTS else f"{param} => %s"
        for param in params
    )
    return f"{select} reproq_{name}({arguments})"


def _encoded_columns(cursor: Any, columns: Sequence[Any]) -> list[int]:
    """The jsonb columns that come as text: Django leaves their decoding to its models."""
    if not hasattr(cursor, "db"):
        return []
    return [i for i, column in enumerate(columns) if column[1] == _JSONB_OID]


def _decoded(row: tuple[Any, ...], columns: list[int]) -> tuple[Any, ...]:
    return tuple(
        json.loads(value) if i in columns and value is not None else value
        for i, value in enumerate(row)
    )
