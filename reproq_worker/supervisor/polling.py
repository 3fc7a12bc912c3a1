"""When a worker that found less than it has room for looks again."""

import random
import time

#: The second look after a queue was found empty: an enqueue in a transaction that was open then
#: asked whether somebody waits before it could see that we do.
SECOND_LOOK = 0.02


class Polling:
    """The time of the next look: soon after one that found something, then ever later."""

    def __init__(self, shortest: float, longest: float) -> None:
        """Seconds between two looks: the first after the second look, and the longest."""
        self._shortest = shortest
        self._longest = longest
        self._delay = SECOND_LOOK
        self._next_at = 0.0

    def look_at_once(self) -> None:
        """Somebody says that there is work."""
        self._next_at = 0.0
        self._delay = SECOND_LOOK

    def seconds_left(self, now: float) -> float:
        """Until the next look; 0 or less when it is due."""
        return self._next_at - now

    def looks(self) -> None:
        """A look begins: what is said from now on is about a later one."""
        self._next_at = time.monotonic()

    def found(self) -> None:
        """The look has found something."""
        self._delay = SECOND_LOOK

    def found_too_little(self) -> None:
        """The look has found less than there is room for; wait, if nobody called meanwhile."""
        if self._next_at > 0:
            delay = min(self._delay, self._longest)
            self._delay = max(delay * 2, self._shortest)
            self._next_at = time.monotonic() + delay * random.uniform(0.8, 1.0)
