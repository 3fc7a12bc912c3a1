"""The backends: ReproqBackend on Postgres, and two for users' tests."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from itertools import batched
from typing import Any, cast

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper
from django.tasks.exceptions import TaskResultDoesNotExist
from django.utils.connection import ConnectionDoesNotExist

from reproq_worker import tracing
from reproq_worker.call import call, call_column, call_value
from reproq_worker.errors import RunNotFound

from . import context, databases, prepared, results, serialization
from .base_backend import Call, SpecBackend
from .generic import GenericTask, P, R
from .local_backends import EagerBackend, RecordingBackend
from .results import ReproqResult
from .run_store import RunStore
from .specs import Spec
from .workflow_results import Node, Workflow

__all__ = ["EagerBackend", "RecordingBackend", "ReproqBackend"]


class ReproqBackend(RunStore, SpecBackend):
    """Django Tasks on Postgres: an enqueue is one SQL call in the caller's transaction."""

    batch_size = 1000

    def enqueue(
        self, task: GenericTask[P, R], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> "ReproqResult[P, R]":
        """Enqueue one call, or join the live run with the same spec."""
        spec = self._spec(task, args, kwargs)
        db_alias = self.database_for(task.queue_name)
        path, queue = task.module_path, task.queue_name
        with tracing.enqueueing(path, queue) as traced, self._cursor(db_alias) as cursor:
            prepared.prepare(cursor)
            result_id = call_value(cursor, "enqueue", **spec.parameters, **traced)
        return cast("ReproqResult[P, R]", self._enqueued(spec, db_alias, result_id))

    def bulk_enqueue(self, calls: Iterable[Call]) -> list[ReproqResult]:
        """Enqueue many (task, args, kwargs), all or none, and return their results in order."""
        built = [self._spec(*call) for call in calls]
        places: dict[str, list[int]] = {}
        for place, spec in enumerate(built):
            places.setdefault(self.database_for(spec.task.queue_name), []).append(place)
        ids: dict[int, tuple[str, int]] = {}
        for db_alias, wanted in places.items():
            found = self._bulk_insert(db_alias, [built[place] for place in wanted])
            ids |= {p: (db_alias, i) for p, i in zip(wanted, found, strict=True)}
        return [self._enqueued(spec, *ids[place]) for place, spec in enumerate(built)]

    def enqueue_workflow(self, nodes: Sequence[Node], callback: str | None = None) -> Workflow:
        """Enqueue runs that wait for one another, all or none."""
        backends = [_backend_of(node) for node in nodes]
        pairs = list(zip(nodes, backends, strict=True))
        aliases = {backend.database_for(node.task.queue_name) for node, backend in pairs}
        if len(aliases) > 1:
            raise ValueError("All workflow tasks must target the same database")
        [db_alias] = aliases
        built = [backend._spec(node.task, node.args, node.kwargs) for node, backend in pairs]
        specs = [
            spec.json | {"key": node.key, "after": node.after}
            for node, spec in zip(nodes, built, strict=True)
        ]
        first = nodes[0].task
        with (
            tracing.enqueueing(first.module_path, first.queue_name) as traced,
            self._cursor(db_alias) as cursor,
        ):
            traced_specs = [spec | traced for spec in specs]
            rows = call(cursor, "enqueue_workflow", nodes=traced_specs, callback=callback)
        members = {
            row["key"]: backend._enqueued(spec, db_alias, row["result_id"])
            for backend, spec, row in zip(backends, built, rows, strict=True)
        }
        return Workflow(rows[0]["workflow_id"], members, db_alias)

    def get_result(self, result_id: str) -> ReproqResult:
        """Read a result; TaskResultDoesNotExist where the id names none.

        Where the task cannot be imported here, `result.task` knows its path and cannot be called.
        """
        row = results.load_row(result_id, self.database_for(None))
        return results.from_row(row, self.alias)

    def save_metadata(self, result_id: str, metadata: dict[str, Any]) -> None:
        """Replace the metadata of a run; TaskResultDoesNotExist where the id names none."""
        db_alias, number = databases.parse_result_id(result_id, self.database_for(None))
        if number is None:
            raise TaskResultDoesNotExist(result_id)
        encoded = serialization.encode_metadata(metadata)
        try:
            context.save_metadata(db_alias, number, None, encoded)
        except RunNotFound as e:
            raise TaskResultDoesNotExist(result_id) from e

    def database_for(self, queue_name: str | None) -> str:
        """Return the alias of the database that holds a queue, or the backend's own for None."""
        return self.defaults.get("DATABASE") or databases.resolve_queue_db(queue_name)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Check the settings, without a query."""
        return [*super().check(**kwargs), *self._check_databases()]

    def _check_databases(self) -> list[checks.CheckMessage]:
        try:
            aliases = databases.queue_aliases()
        except ValueError as error:
            return [checks.Error(str(error), id="reproq.E005")]
        if own := self.defaults.get("DATABASE"):
            aliases = [own]
        return [message for alias in aliases for message in self._check_database(alias)]

    def _check_database(self, db_alias: str) -> list[checks.CheckMessage]:
        try:
            vendor = connections[db_alias].vendor
        except ConnectionDoesNotExist:
            message = f"there is no database {db_alias!r} in DATABASES."
            return [checks.Error(f'TASKS["{self.alias}"]: {message}', id="reproq.E002")]
        if vendor == "postgresql":
            return []
        message = self._not_postgres(db_alias, vendor)
        hint = (
            'Name another with OPTIONS["DATABASE"], REPROQ_DEFAULT_DB_ALIAS or '
            "REPROQ_QUEUE_DATABASES."
        )
        return [checks.Error(message, hint=hint, id="reproq.E003")]

    def _cursor(self, db_alias: str) -> CursorWrapper:
        connection = connections[db_alias]
        if connection.vendor != "postgresql":
            raise ImproperlyConfigured(self._not_postgres(db_alias, connection.vendor))
        return connection.cursor()

    def _not_postgres(self, db_alias: str, vendor: str) -> str:
        place = f'TASKS["{self.alias}"]'
        return f"{place}: the database {db_alias!r} is {vendor}; queues need PostgreSQL."

    def _bulk_insert(self, db_alias: str, built: list[Spec]) -> list[int]:
        several = len(built) > self.batch_size
        whole = transaction.atomic(using=db_alias, savepoint=False) if several else nullcontext()
        ids: list[int] = []
        with whole, self._cursor(db_alias) as cursor:
            for batch in batched(built, self.batch_size):
                path, queue = batch[0].task.module_path, batch[0].task.queue_name
                with tracing.enqueueing(path, queue) as traced:
                    ids += call_column(cursor, "enqueue_many", **_said_once(batch, traced))
        return ids

    def _enqueued(self, spec: Spec, db_alias: str, result_id: int) -> ReproqResult:
        result = results.fresh(
            spec.task, result_id, spec.args, spec.kwargs, db_alias=db_alias, backend=self.alias
        )
        self._announce(result, spec)
        return result


def _said_once(batch: Sequence[Spec], traced: dict[str, Any]) -> dict[str, Any]:
    """The parameters of enqueue_many: what all have in common is sent and read once."""
    shape = batch[0].shape
    if all(spec.shape is shape for spec in batch):
        return {"specs": [spec.own for spec in batch], "common": shape.json | traced}
    return {"specs": [spec.json | traced for spec in batch]}


def _backend_of(node: Node) -> ReproqBackend:
    backend = node.task.get_backend()
    if not isinstance(backend, ReproqBackend):
        # One of them keeps its runs elsewhere, if anywhere.
        raise ValueError("All workflow tasks must target the same database")
    return backend
