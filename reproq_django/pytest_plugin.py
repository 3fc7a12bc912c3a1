"""Fixtures for pytest, found by themselves where reproq is installed; see testing.py."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .results import ReproqResult
    from .testing import DjangoClock


@pytest.fixture
def reproq_run_all(db: None) -> "Callable[..., list[ReproqResult]]":
    """`reproq_django.testing.run_all`: run every task that may run now."""
    from .testing import run_all

    return run_all


@pytest.fixture
def reproq_clock(db: None) -> "Iterator[DjangoClock]":
    """A stopped clock of the queue: `reproq_clock.advance("3 days")`."""
    from .testing import virtual_clock

    with virtual_clock() as clock:
        yield clock
