"""`./run bench --against` fails where this project is slower, and not for one unlucky round."""

from pathlib import Path

import pytest

from benchmarks import cli, compare, environments, page
from benchmarks.turn import Sizes


def rounds(*rates: int) -> dict[str, object]:
    """A report in which the other version does 100 tasks a second in every round."""
    measured = [
        {"reproq-thread": {"drain_1": rate}, "reproq-thread@v1": {"drain_1": 100}} for rate in rates
    ]
    return {"rounds": measured, "left_out": {}, "systems": {}}


@pytest.mark.parametrize(
    ("first", "again", "code"),
    [
        (rounds(100, 70, 70), None, 0),
        (rounds(70, 70, 70), rounds(70, 101, 70), 0),
        (rounds(70, 70, 70), rounds(70, 70, 70), 1),
    ],
)
def test_what_looks_slower_is_measured_again(first, again, code, monkeypatch, tmp_path):
    reports = [first, again]
    monkeypatch.setattr(environments, "version_of_project", lambda what: Path("python"))
    monkeypatch.setattr(compare, "compare", lambda *_: reports.pop(0))
    monkeypatch.setattr(page, "RESULTS", tmp_path)
    assert cli.compare_versions("v1", 3, Sizes()) == code
    assert reports == ([] if again else [None])
    assert (tmp_path / "against.json").exists()
