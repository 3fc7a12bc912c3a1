"""A claimed run from its row to its outcome."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from reproq_worker.outcomes import completed

from .attempt import conclude, failure, is_watched, run_attempt, stored
from .loading import Call, Refused, load, load_call, sender_of
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
    call = load_call(run)
    if is_watched(call.task):
        return run_attempt(load(run, call), **_ending(run, call))
    try:
        return completed(stored(call.task.call(*call.args, **call.kwargs)))
    except BaseException as e:
        return conclude(load(run, call), None, e, **_ending(run, call))


def _ending(run: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """What the end of an attempt tells beside the outcome."""
    return {
        "sender": sender_of(call.task),
        "attempts_left": run["attempt"] < run["max_attempts"],
    }
