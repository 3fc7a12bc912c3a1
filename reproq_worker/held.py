"""A run that this worker holds: what the supervisor hands to an executor."""

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Stage(Enum):
    """How far a held run has come."""

    WAITING = "waiting"
    RUNNING = "running"
    #: Told to stop, still in its slot.
    STOPPING = "stopping"
    ENDED = "ended"


Key = tuple[int, int]


@dataclass(slots=True, eq=False)
class Held:
    """One lease: a run, its number, and until when it is certainly ours."""

    result_id: int
    lease_no: int
    timeout_seconds: float
    task_path: str
    queue_name: str
    attempt: int
    max_attempts: int
    #: Seconds from when it could have been claimed until it was.
    waited: float
    #: What else the claim tells, as JSON: see payloads.py.
    payload: str = field(repr=False)
    columns: tuple[Any, ...] = field(repr=False)
    #: On the monotonic clock, counted from before the claim was sent: never later than the truth.
    safe_until: float
    claimed_at: float = field(default_factory=time.monotonic)
    started_at: float = 0.0
    #: Set where that is known better than from when the supervisor hears of it.
    ended_at: float = 0.0
    stage: Stage = Stage.WAITING

    @property
    def key(self) -> Key:
        return self.result_id, self.lease_no
