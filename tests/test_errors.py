"""The exceptions of the protocol."""

import pickle
from importlib import import_module

import pytest

from reproq_worker.errors import ERROR_KINDS, TaskTimeout, WrongState


@pytest.mark.parametrize("kind", ERROR_KINDS)
def test_each_kind_has_a_class_that_can_be_imported_by_its_name(kind):
    failure = ERROR_KINDS[kind]

    assert getattr(import_module("reproq_worker.errors"), failure.__name__) is failure
    assert failure.kind == kind


def test_the_kinds_are_those_of_errors_json():
    assert set(ERROR_KINDS) == {
        "timeout",
        "infra_error",
        "lease_lost",
        "cancelled",
        "expired",
        "workflow_failed",
        "security_violation",
        "invalid_spec",
        "result_too_large",
    }


def test_an_error_knows_its_sqlstate_without_being_told():
    assert WrongState("no").sqlstate == "RQ003"


@pytest.mark.parametrize("error", [WrongState("no", hint="yes"), TaskTimeout("late")])
def test_an_error_can_be_pickled(error):
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
