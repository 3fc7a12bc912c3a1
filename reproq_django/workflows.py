"""Runs that wait for one another: chain, group, chord, and workflow() for any other graph.

    chain(fetch, (resize, [640], {}), group(store, notify)).enqueue()

Each item is a task, a tuple (task, args, kwargs), a `signature()`, or another chain, group or
chord. All of it is enqueued with one call: the whole or nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.tasks.base import Task

from .base_backend import SpecBackend
from .generic import AnyTask
from .results import ReproqResult
from .workflow_results import MemberResults, Node, Workflow, get_workflow

__all__ = ["Signature", "chain", "chord", "get_workflow", "group", "signature", "workflow"]

type Item = AnyTask | tuple[Any, ...] | Part
type Keys = tuple[str, ...]


class Part:
    """A piece of a workflow, which is a workflow by itself as well."""

    def add_to(self, graph: "Graph", after: Keys) -> Keys:
        """Add its runs to a graph, after these; the keys of those that end it."""
        raise NotImplementedError

    def enqueue(self) -> Any:
        """Enqueue the whole of it; the results of its runs, in order."""
        graph = Graph()
        self.add_to(graph, ())
        return graph.enqueue().members

    async def aenqueue(self) -> Any:
        """See enqueue()."""
        return await sync_to_async(self.enqueue, thread_sensitive=True)()


@dataclass(frozen=True, slots=True)
class Signature(Part):
    """A call that has not been made: `kwargs` may hold the options of enqueue(), too."""

    task: AnyTask
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def add_to(self, graph: "Graph", after: Keys) -> Keys:
        return (graph.add(self, after),)


def signature(task: AnyTask, *args: Any, **kwargs: Any) -> Signature:
    """A call for later, written as for enqueue(): `signature(resize, 640, priority=5)`."""
    return _signature((task, args, kwargs))


class chain(Part):
    """One after another; each waits for the one before it."""

    def __init__(self, *items: Item) -> None:
        self.parts = [_part(item) for item in items]

    def add_to(self, graph: "Graph", after: Keys) -> Keys:
        for part in self.parts:
            # An empty group holds nobody up.
            after = part.add_to(graph, after) or after
        return after if self.parts else ()


class group(Part):
    """All at once; what comes after it waits for all of them."""

    def __init__(self, *items: Item) -> None:
        self.parts = [_part(item) for item in items]

    def add_to(self, graph: "Graph", after: Keys) -> Keys:
        return tuple(key for part in self.parts for key in part.add_to(graph, after))


class chord(Part):
    """All at once, and a callback after all of them, which may read what they returned."""

    def __init__(self, *items: Item, callback: Item) -> None:
        self.header = group(*items)
        self.callback = _signature(callback)

    def add_to(self, graph: "Graph", after: Keys) -> Keys:
        return self.callback.add_to(graph, self.header.add_to(graph, after) or after)

    def enqueue(self) -> tuple[MemberResults, ReproqResult]:
        """Enqueue the whole of it; the results of the members, in order, and of the callback."""
        graph = Graph()
        [callback] = self.add_to(graph, ())
        members = graph.enqueue(callback).members
        result = members.pop()
        return members, result


@dataclass(frozen=True, slots=True)
class Step:
    """Where a part of a workflow() ends: what comes `after` it waits for these runs."""

    keys: Keys


class workflow:
    """Any graph without a circle: each part is added after those that it waits for.

    flow = workflow()
    plan = flow.add(fetch_plan, key="plan")
    sides = [flow.add((bake, [n], {}), after=plan) for n in range(2)]
    flow.add(serve, after=sides)
    flow.enqueue().wait(timeout=60)
    """

    def __init__(self) -> None:
        self._graph = Graph()

    def add(self, item: Item, *, after: Any = (), key: str | None = None) -> Step:
        """Add a part, after a step, a key or several of them.

        `key` names a single run within the workflow, in `results` and in workflow_key; without one
        it gets a number. ValueError for a key that is taken or unknown.
        """
        part = _part(item)
        before = tuple(dict.fromkeys(self._keys(after)))
        if key is None:
            return Step(part.add_to(self._graph, before) or before)
        if not isinstance(part, Signature):
            raise ValueError(
                f"key {key!r}: only a single run has one, not a {type(part).__name__}."
            )
        return Step((self._graph.add(part, before, key),))

    def enqueue(self) -> Workflow:
        """Enqueue the whole of it."""
        return self._graph.enqueue()

    async def aenqueue(self) -> Workflow:
        """See enqueue()."""
        return await sync_to_async(self.enqueue, thread_sensitive=True)()

    def _keys(self, after: Any) -> Iterable[str]:
        if isinstance(after, Step):
            yield from after.keys
        elif isinstance(after, str):
            if after not in self._graph.keys:
                raise ValueError(f"after: nothing named {after!r} was added before.")
            yield after
        else:
            for one in after:
                yield from self._keys(one)


class Graph:
    """The nodes of one workflow in an order in which each comes after those it waits for."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.keys: set[str] = set()

    def add(self, call: Signature, after: Keys, key: str | None = None) -> str:
        """Add one run; its key."""
        if key is None:
            key = str(len(self.nodes) + 1)
        if key in self.keys:
            raise ValueError(f"key {key!r} is taken.")
        self.keys.add(key)
        self.nodes.append(Node(key, after, call.task, call.args, call.kwargs))
        return key

    def enqueue(self, callback: str | None = None) -> Workflow:
        """Enqueue all of it through the backend of its tasks."""
        if not self.nodes:
            return Workflow(None, {})
        backend = self.nodes[0].task.get_backend()
        if not isinstance(backend, SpecBackend):
            raise TypeError(f"The backend {backend.alias!r} knows no workflows.")
        return backend.enqueue_workflow(self.nodes, callback)


def _part(item: Item) -> Part:
    return item if isinstance(item, Part) else _signature(item)


def _signature(item: Any) -> Signature:
    if isinstance(item, Signature):
        return item
    call = item if isinstance(item, tuple) else (item,)
    if not 1 <= len(call) <= 3 or not isinstance(call[0], Task):
        raise TypeError(f"Expected a task, (task, args, kwargs) or a signature, not {item!r}.")
    return Signature(*call)
