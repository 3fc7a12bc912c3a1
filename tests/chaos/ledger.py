"""What a producer writes down outside Postgres, and nobody else.

Each line is a sign, how many of its orders are enqueued then, and the ids of one transaction:
`?` before COMMIT is sent, `+` when it was answered, `-` when the transaction is rolled back on
purpose. A `?` alone may have happened or not; what is in the database without one was invented.
"""

import os
from collections.abc import Iterable
from pathlib import Path


class Ledger:
    """One producer's ledger: a file that survives it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def note(self, sign: str, done: int, ids: Iterable[int]) -> None:
        """Write a line, in one write."""
        line = " ".join([sign, str(done), *map(str, ids)]) + "\n"
        file = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    @property
    def done(self) -> int:
        """How many orders are known to be enqueued."""
        return max((done for sign, done, _ in self._lines() if sign == "+"), default=0)

    def ids(self, sign: str) -> set[int]:
        """The ids of all transactions of that sign."""
        return {id_ for this, _, ids in self._lines() if this == sign for id_ in ids}

    def transactions(self, sign: str) -> int:
        """How many transactions of that sign there were."""
        return sum(this == sign for this, *_ in self._lines())

    def _lines(self) -> list[tuple[str, int, list[int]]]:
        if not self._file.exists():
            return []
        # One that was killed while it wrote may have cut its last line.
        whole = [
            line for line in self._file.read_text().splitlines(keepends=True) if line[-1] == "\n"
        ]
        words = [line.split() for line in whole]
        return [(sign, int(done), [int(id_) for id_ in ids]) for sign, done, *ids in words]
