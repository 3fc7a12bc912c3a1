"""What the backends share: the task class, OPTIONS, validation and signals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.exceptions import InvalidTask
from django.tasks.signals import task_enqueued

from . import signals, specs
from .generic import AnyTask
from .results import ReproqResult
from .task_class import ReproqTask, check_signature
from .workflow_results import Node, Workflow

#: A project's tasks are few; those that using() makes may be many, and are soon gone.
_KNOWN_TASKS = 512

type Call = tuple[AnyTask, Sequence[Any], Mapping[str, Any]]


class SpecBackend(BaseTaskBackend):
    """A backend whose tasks are ReproqTasks and whose calls become specs."""

    task_class = ReproqTask
    supports_defer = True
    supports_async_task = True
    supports_get_result = True
    supports_priority = True
    defaults: Mapping[str, Any]

    def __init__(self, alias: str, params: Mapping[str, Any]) -> None:
        super().__init__(alias, dict(params))
        self._queues = params.get("QUEUES", [])
        self.defaults, self._problems = specs.read_options(self.options)
        self._known: dict[int, tuple[AnyTask, specs.Shape]] = {}

    def validate_task(self, task: AnyTask) -> None:
        """Raise InvalidTask for a task that cannot be run."""
        if self.queues and task.queue_name not in self.queues:
            raise InvalidTask(
                f"Queue '{task.queue_name}' is not valid for backend. Add it to "
                f'TASKS["{self.alias}"]["QUEUES"], or allow every name with "QUEUES": [].'
            )
        super().validate_task(task)
        if not isinstance(task, ReproqTask):
            check_signature(task.func)

    def bulk_enqueue(self, calls: Iterable[Call]) -> list[ReproqResult]:
        """Enqueue many (task, args, kwargs) and return their results in order."""
        raise NotImplementedError

    async def abulk_enqueue(self, calls: Iterable[Call]) -> list[ReproqResult]:
        """See bulk_enqueue()."""
        return await sync_to_async(self.bulk_enqueue, thread_sensitive=True)(calls)

    def enqueue_workflow(self, nodes: Sequence[Node], callback: str | None = None) -> Workflow:
        """Enqueue runs that wait for one another, all or none: what workflows.py ends in.

        Each node comes after those that it waits for; `callback` is the key of a chord's callback.
        """
        raise NotImplementedError

    def save_metadata(self, result_id: str, metadata: dict[str, Any]) -> None:
        """Replace the metadata of a run; TaskResultDoesNotExist where the id names none."""
        raise NotImplementedError

    async def asave_metadata(self, result_id: str, metadata: dict[str, Any]) -> None:
        """See save_metadata()."""
        await sync_to_async(self.save_metadata, thread_sensitive=True)(result_id, metadata)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Check the settings, without a query."""
        place = f'TASKS["{self.alias}"]'
        found: list[checks.CheckMessage] = [
            checks.Error(f'{place}["OPTIONS"]: {problem}', id="reproq.E001")
            for problem in self._problems
        ]
        if not isinstance(self._queues, list | tuple | set | frozenset):
            # Django makes a set of it, which for a text is its letters.
            message = f'{place}["QUEUES"] must be a list of names, not {self._queues!r}.'
            found.append(checks.Error(message, id="reproq.E004"))
        return found

    def _spec(self, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]) -> specs.Spec:
        call_options = specs.call_options(kwargs)
        if call_options:
            kwargs = {n: v for n, v in kwargs.items() if n not in call_options}
        # (Times pass, and the reading of a naive one depends on the current time zone.)
        if call_options or task.run_after is not None:
            shape = self._shape(task, call_options)
        else:
            shape = self._known_shape(task)
        return specs.build(task, args, kwargs, shape)

    def _known_shape(self, task: AnyTask) -> specs.Shape:
        # By identity, which stays its own while the task is kept here: not every task has a hash.
        known = self._known.get(id(task))
        if known is None:
            if len(self._known) >= _KNOWN_TASKS:
                self._known.clear()
            known = self._known[id(task)] = (task, self._shape(task, {}))
        return known[1]

    def _shape(self, task: AnyTask, call_options: Mapping[str, Any]) -> specs.Shape:
        """What the calls of a valid task have in common."""
        if self._problems:
            raise ImproperlyConfigured(
                f'TASKS["{self.alias}"]["OPTIONS"]: {"; ".join(self._problems)}'
            )
        self.validate_task(task)
        return specs.shape(task, call_options, self.alias, self.defaults)

    def _announce(self, result: ReproqResult, spec: specs.Spec) -> None:
        """Send the signals of an enqueue; a receiver that fails is logged and fails nothing."""
        task_enqueued.send_robust(type(self), task_result=result)
        if signals.task_enqueued.has_listeners(type(self)):
            signals.task_enqueued.send_robust(type(self), task_result=result, spec=spec.json)
