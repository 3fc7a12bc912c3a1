"""The worker's log: one line an event, for people or as JSON, and nothing in it that is secret."""

import contextlib
import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger("reproq.worker")

REDACTED = "[REDACTED]"
_PAYLOADS = {
    "args",
    "authorization",
    "body",
    "errors_json",
    "headers",
    "kwargs",
    "payload",
    "payload_json",
    "return_json",
    "spec_json",
    "stderr",
    "stdout",
    "traceback",
}
_SECRETS = re.compile("secret|token|password|apikey|api_key|authorization")
_NAMED = 10
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """A JSON object a line."""

    def __init__(self, worker_id: str) -> None:
        super().__init__()
        self._worker_id = worker_id

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; what was given as `extra`, and a traceback, become fields."""
        entry = {
            "time": _time(record).isoformat(),
            "level": record.levelname.lower(),
            "worker_id": self._worker_id,
            "message": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


class TextFormatter(logging.Formatter):
    """A line for people; what was given as `extra` follows as key=value."""

    def __init__(self, worker_id: str) -> None:
        pattern = f"%(asctime)s %(levelname)s [{worker_id.replace('%', '%%')}] %(message)s"
        super().__init__(pattern)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Coordinated time: that of the process may change when Django is set up."""
        return _time(record).isoformat(" ", "milliseconds").replace("+00:00", "Z")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, of printable characters alone."""
        more = (f" {key}={_word(value)}" for key, value in fields(record).items())
        line = super().formatMessage(record) + "".join(more)
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


class Secrets(logging.Filter):
    """Takes known secrets out of messages, whoever has put them there."""

    def __init__(self, secrets: list[str]) -> None:
        super().__init__()
        self._secrets = [secret for secret in secrets if secret]

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without the secrets."""
        message = record.getMessage()
        clean = message
        for secret in self._secrets:
            clean = clean.replace(secret, REDACTED)
        if clean is not message:
            record.msg, record.args = clean, ()
        return True


class Output(logging.StreamHandler[Any]):
    """Standard output, whose reader may go, as after `| head`: then lines are lost."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing of it where it is only that."""
        if not isinstance(sys.exception(), BrokenPipeError):
            super().handleError(record)


class Faults:
    """A line for each fault when it begins, and when it becomes another one; not for each try."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def tell(self, what: str, why: str) -> None:
        """`what` fails because of `why`; logged unless that is known."""
        if self._known.get(what) != why:
            self._known[what] = why
            log.error("%s failed, trying again: %s", what, why)

    def over(self, what: str) -> None:
        """`what` works."""
        if self._known.pop(what, None):
            log.info("%s works again", what)


def configure(log_format: str, worker_id: str, secrets: list[str] | None = None) -> None:
    """Send the log to standard output; tasks print to standard error."""
    handler = Output(sys.stdout)
    json_lines = log_format == "json"
    handler.setFormatter(JsonFormatter(worker_id) if json_lines else TextFormatter(worker_id))
    handler.addFilter(Secrets(secrets or []))
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    logging.getLogger("psycopg").addFilter(_is_news)


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Keep the log as it is through what sets up logging of its own in this process.

    Django's LOGGING would silence it, as `dictConfig` does with every logger that it finds.
    """
    before = log.handlers[:], log.level, log.propagate
    try:
        yield
    finally:
        log.handlers[:], log.level, log.propagate = before
        log.disabled = False


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What was given to the log call as `extra`, redacted."""
    return redact({key: value for key, value in vars(record).items() if key not in _STANDARD})


def redact(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same without what may be secret or belongs to a task, at any depth."""
    return {
        key: REDACTED if is_secret(key) else _redact_below(value) for key, value in values.items()
    }


def runs(ids: Sequence[int]) -> str:
    """`run 7`, or `runs 7, 8, 9`, for a line about any number of them."""
    named = ", ".join(map(str, ids[:_NAMED]))
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"run{'s' if len(ids) > 1 else ''} {named}{more}"


def is_secret(key: str) -> bool:
    """Whether what has this name is not for a log."""
    name = key.lower()
    return name in _PAYLOADS or _SECRETS.search(name) is not None


def _redact_below(value: Any) -> Any:
    if isinstance(value, Mapping):
        return redact({str(key): item for key, item in value.items()})
    if isinstance(value, list | tuple):
        return [_redact_below(item) for item in value]
    return value


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _word(value: Any) -> str:
    text = str(value)
    return json.dumps(text) if not text or re.search(r'[\s"=]', text) else text


def _is_news(record: logging.LogRecord) -> bool:
    # psycopg tells what it met while it cleaned up after an error; of that error there is a line.
    return not str(record.msg).startswith("error ignored")
