"""docs/reference.md says what the database says."""

import psycopg

from tests.reference import FILE, render


def test_the_reference_is_what_the_database_says(conn: psycopg.Connection) -> None:
    assert FILE.read_text() == render(conn), "write it anew: ./run python -m tests.reference"
