"""The worker's log: one line an event, for people or as JSON."""

import json
import logging
import sys
from datetime import UTC, datetime

log = logging.getLogger("reproq.worker")


class JsonFormatter(logging.Formatter):
    """A JSON object a line."""

    def __init__(self, worker_id: str) -> None:
        super().__init__()
        self._worker_id = worker_id

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; a traceback becomes one more field."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "worker_id": self._worker_id,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


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


def configure(log_format: str, worker_id: str) -> None:
    """Send the log to standard output; tasks print to standard error."""
    handler = logging.StreamHandler(sys.stdout)
    if log_format == "json":
        handler.setFormatter(JsonFormatter(worker_id))
    else:
        pattern = f"%(asctime)s %(levelname)s [{worker_id.replace('%', '%%')}] %(message)s"
        handler.setFormatter(logging.Formatter(pattern))
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    logging.getLogger("psycopg").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    # psycopg tells what it met while it cleaned up after an error; of that error there is a line.
    return not str(record.msg).startswith("error ignored")
