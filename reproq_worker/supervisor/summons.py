"""Whether Postgres would tell this worker of new work, and when to ask for that again."""

#: A NOTIFY is asked for so many polls ahead,
_POLLS = 4
#: and again when so many are left: more than one, or it might end before the next, and less than
#: half, since the database renews only what is half over.
_LAST = 1.5


class Summons:
    """Until when the claims of a worker have asked for a NOTIFY.

    To ask costs a claim of one run a fifth more, so it is asked for only when none is on its way.
    """

    def __init__(self, poll_seconds: float) -> None:
        """`poll_seconds` is the longest pause between two claims of a worker that has nothing."""
        self._poll_seconds = poll_seconds
        self._ends_at = 0.0
        self._asked_at: float | None = None

    def ask(self, now: float) -> float:
        """For how many seconds the claim that is sent now should ask for a NOTIFY; mostly 0."""
        if now < self._ends_at - _LAST * self._poll_seconds:
            return 0.0
        self._asked_at = now
        return _POLLS * self._poll_seconds

    def answered(self) -> None:
        """The claim that may have asked has been answered."""
        if self._asked_at is not None:
            self._ends_at = self._asked_at + _POLLS * self._poll_seconds
            self._asked_at = None

    def over(self) -> None:
        """None is sent any more: some claim got all it wanted, or failed."""
        self._ends_at = 0.0
        self._asked_at = None
