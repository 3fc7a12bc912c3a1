"""The one way in which Python says SQL: `call(cursor, "claim", worker_id=..., queues=[...])`."""

import json
import re
from functools import lru_cache
from typing import Any

from reproq_worker.errors import from_database

_CASTS = {
    "args": "jsonb",
    "kwargs": "jsonb",
    "specs": "jsonb",
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
    columns = [column[0] for column in cursor.description]
    encoded = _encoded_columns(cursor)
    if encoded:
        rows = [_decoded(row, encoded) for row in rows]
    return [dict(zip(columns, row, strict=True)) for row in rows]


def call_value(cursor: Any, name: str, /, **params: Any) -> Any:
    """The value of the function `reproq_<name>`, which returns one; see `call`."""
    rows = call(cursor, name, **params)
    return next(iter(rows[0].values())) if rows else None


def _execute(cursor: Any, name: str, params: dict[str, Any]) -> None:
    values = [
        _encode(value) if value is not None and _CASTS.get(key) == "jsonb" else value
        for key, value in params.items()
    ]
    try:
        cursor.execute(_statement(name, tuple(params)), values)
    except Exception as error:
        known = from_database(error)
        if known is None:
            raise
        raise known from error


@lru_cache(maxsize=256)
def _statement(name: str, params: tuple[str, ...]) -> str:
    for identifier in (name, *params):
        if not _NAME.fullmatch(identifier):
            raise ValueError(f"not a name in SQL: {identifier!r}")
    arguments = ", ".join(
        f"{param} => %s::{_CASTS[param]}" if param in _CASTS else f"{param} => %s"
        for param in params
    )
    return f"select * from reproq_{name}({arguments})"


def _encoded_columns(cursor: Any) -> list[int]:
    """The jsonb columns that come as text: Django leaves their decoding to its models."""
    if not hasattr(cursor, "db"):
        return []
    return [i for i, column in enumerate(cursor.description) if column[1] == _JSONB_OID]


def _decoded(row: tuple[Any, ...], columns: list[int]) -> tuple[Any, ...]:
    return tuple(
        json.loads(value) if i in columns and value is not None else value
        for i, value in enumerate(row)
    )
