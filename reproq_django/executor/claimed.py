"""A claimed run from its row to its outcome."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from .attempt import failure, run_attempt
from .loading import Refused, load
from .surroundings import call_in_surroundings


def execute_claimed(run: Mapping[str, Any]) -> dict[str, Any]:
    """Run a claimed run and return its outcome. Never raises."""
    try:
        return call_in_surroundings(partial(_attempt, run))
    except Refused as e:
        return e.outcome
    except BaseException as e:
        return failure(e, retry=True)


def _attempt(run: Mapping[str, Any]) -> dict[str, Any]:
    context = load(run)
    return run_attempt(
        context,
        sender=type(context.task_result.task.get_backend()),
        attempts_left=run["attempt"] < run["max_attempts"],
    )
