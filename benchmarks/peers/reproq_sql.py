"""This project from psycopg, without Django: `select reproq_enqueue(...)`."""

import json
from collections.abc import Sequence

import psycopg

from benchmarks.peers.base import Adapter
from reproq_worker.install import install

PATH = "benchmarks.peers.django_app.tasks.noop"
BATCH = 1000


class System(Adapter):
    def setup(self) -> None:
        self._connection = psycopg.connect(self.service, autocommit=True)
        with self._connection.transaction(), self._connection.cursor() as cursor:
            install(cursor)

    def enqueue_one(self, numbers: Sequence[int]) -> None:
        statement = "select reproq_enqueue(%s, args => %s::jsonb)"
        with self._connection.cursor() as cursor:
            for number in numbers:
                cursor.execute(statement, [PATH, f"[{number}]"])

    def enqueue_bulk(self, numbers: Sequence[int]) -> None:
        statement = "select * from reproq_enqueue_many(%s::jsonb, common => %s::jsonb)"
        common = json.dumps({"task_path": PATH})
        with self._connection.cursor() as cursor, self._connection.transaction():
            for first in range(0, len(numbers), BATCH):
                batch = numbers[first : first + BATCH]
                specs = [{"args": [number]} for number in batch]
                cursor.execute(statement, [json.dumps(specs), common])

    def worker(self) -> list[str]:
        return []
