"""The command in this process, in an empty folder and without the environment's settings."""

import pytest
from click.testing import CliRunner

from reproq_worker.cli import COMMANDS, main


@pytest.fixture
def reproq(monkeypatch, tmp_path):
    """Runs `reproq` with these arguments; only expected faults may end it."""
    monkeypatch.chdir(tmp_path)
    commands = [main.get_command(None, name) for name in COMMANDS]
    for variable in {v for c in commands for p in c.params for v in _variables(p)}:
        monkeypatch.delenv(variable, raising=False)

    def run(*args, **options):
        result = CliRunner().invoke(main, [str(arg) for arg in args], **options)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


def _variables(param):
    names = getattr(param, "envvar", None) or []
    return [names] if isinstance(names, str) else names
