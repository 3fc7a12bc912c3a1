"""What a task may raise to steer its own run, and what reading arguments may raise."""

from datetime import timedelta

from . import options


class Retry(Exception):
    """Raised by a task: end this attempt and try again.

    `after` is a timedelta, a number of seconds or a text such as "5m"; without it the task's
    backoff decides. The attempt counts, so `max_attempts` still ends the run.
    """

    def __init__(self, after: timedelta | float | str | None = None) -> None:
        self.after = None if after is None else options.delay("after", after)
        super().__init__(after)

    def __str__(self) -> str:
        return "Retry asked for" if self.after is None else f"Retry asked for after {self.after}"


class Cancel(Exception):
    """Raised by a task: end the run as CANCELLED, without a further attempt."""

    def __init__(self, reason: str = "") -> None:
        self.reason = str(reason)
        super().__init__(reason)

    def __str__(self) -> str:
        return self.reason or "The task cancelled itself."


class DeserializationError(Exception):
    """Stored arguments cannot be turned back into what they were."""


class PayloadError(ValueError):
    """What an executor was given is not the spec of a run."""


class Terminated(BaseException):
    """The executor was told to end, by SIGTERM."""
