"""Where the boxes and the lines of a workflow are drawn. No library: layers from left to right."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

BOX_WIDTH, BOX_HEIGHT = 168, 46
GAP_X, GAP_Y, EDGE = 56, 14, 8
ALIKE = 8
"""From so many runs on that wait for the same and are waited for by the same, one box is drawn."""
MOST_BOXES = 200
LABEL_CHARS = 22


@dataclass
class Box:
    """One run, or many that are alike."""

    runs: list[Mapping[str, Any]]
    waits_for: set[int] = field(default_factory=set)
    layer: int = 0
    x: float = 0
    y: float = 0

    @property
    def status(self) -> str:
        """The worst of its runs, or how far they are."""
        found = {run["status"] for run in self.runs}
        for status in ("FAILED", "CANCELLED", "RUNNING"):
            if status in found:
                return status
        if len(found) == 1:
            return found.pop()
        return "RUNNING" if "SUCCESSFUL" in found else "READY"

    @property
    def name(self) -> str:
        path = self.runs[0]["task_path"] or ""
        return _short(path.rpartition(".")[2])

    @property
    def label(self) -> str:
        """The key of a run, or how many there are and how they stand."""
        if len(self.runs) == 1:
            key = self.runs[0]["workflow_key"] or ""
            return _short(key)
        counts = Counter(run["status"].lower() for run in self.runs)
        if len(counts) == 1:
            return f"× {len(self.runs):,}"
        return f"× {len(self.runs):,}, {counts['successful']:,} ✓"

    @property
    def result_id(self) -> int:
        return self.runs[0]["result_id"]


@dataclass
class Drawing:
    """Boxes and lines, and the size of the whole."""

    boxes: list[Box]
    lines: list[dict[str, Any]]
    width: float
    height: float


def draw(runs: Iterable[Mapping[str, Any]]) -> Drawing | None:
    """The drawing of a workflow, as reproq_workflow gives it; None where it is too large."""
    boxes = _boxes(list(runs))
    if not boxes or len(boxes) > MOST_BOXES:
        return None
    _set_layers(boxes)
    layers: dict[int, list[int]] = defaultdict(list)
    for number, box in enumerate(boxes):
        layers[box.layer].append(number)
    _order(boxes, layers)
    tallest = max(map(len, layers.values()))
    height = tallest * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * EDGE
    for layer, numbers in layers.items():
        free = height - (len(numbers) * (BOX_HEIGHT + GAP_Y) - GAP_Y)
        for place, number in enumerate(numbers):
            boxes[number].x = EDGE + layer * (BOX_WIDTH + GAP_X)
            boxes[number].y = free / 2 + place * (BOX_HEIGHT + GAP_Y)
    width = len(layers) * (BOX_WIDTH + GAP_X) - GAP_X + 2 * EDGE
    lines = [_line(boxes[a], box) for box in boxes for a in sorted(box.waits_for)]
    return Drawing(boxes, lines, width, height)


def _boxes(runs: list[Mapping[str, Any]]) -> list[Box]:
    """One for each run, and one for many that are alike."""
    known = {run["result_id"] for run in runs}
    before = {run["result_id"]: known.intersection(run["waits_for"]) for run in runs}
    after = defaultdict(set)
    for result_id, others in before.items():
        for other in others:
            after[other].add(result_id)
    alike = defaultdict(list)
    for run in runs:
        own = run["result_id"]
        alike[run["task_path"], frozenset(before[own]), frozenset(after[own])].append(run)
    boxes = []
    for group in alike.values():
        boxes += [Box(group)] if len(group) >= ALIKE else [Box([run]) for run in group]
    boxes.sort(key=lambda box: box.result_id)
    home = {run["result_id"]: n for n, box in enumerate(boxes) for run in box.runs}
    for box in boxes:
        box.waits_for = {home[other] for run in box.runs for other in before[run["result_id"]]}
    return boxes


def _set_layers(boxes: list[Box]) -> None:
    """Each one layer further to the right than the last of those that it waits for."""
    followers = defaultdict(list)
    missing = []
    for number, box in enumerate(boxes):
        missing.append(len(box.waits_for))
        for other in box.waits_for:
            followers[other].append(number)
    ready = [number for number, count in enumerate(missing) if not count]
    while ready:
        number = ready.pop()
        for follower in followers[number]:
            boxes[follower].layer = max(boxes[follower].layer, boxes[number].layer + 1)
            missing[follower] -= 1
            if not missing[follower]:
                ready.append(follower)


def _order(boxes: list[Box], layers: dict[int, list[int]]) -> None:
    """Each near the middle of those that it waits for, so that few lines cross."""
    place: dict[int, float] = {}
    for layer in sorted(layers):
        numbers = layers[layer]

        def middle(number: int) -> float:
            others = boxes[number].waits_for
            return sum(place[o] for o in others) / len(others) if others else number

        numbers.sort(key=lambda number: (middle(number), number))
        for row, number in enumerate(numbers):
            place[number] = row - len(numbers) / 2


def _line(a: Box, b: Box) -> dict[str, Any]:
    x1, y1 = a.x + BOX_WIDTH, a.y + BOX_HEIGHT / 2
    x2, y2 = b.x, b.y + BOX_HEIGHT / 2
    bend = min(GAP_X, x2 - x1) / 2
    path = f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    return {"path": path, "done": a.status == "SUCCESSFUL"}


def _short(text: str) -> str:
    return text if len(text) <= LABEL_CHARS else f"{text[: LABEL_CHARS - 1]}…"
