"""The command in this process, in an empty folder and without the environment's settings."""

import io

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


@pytest.fixture
def run(reproq, dsn):
    """`reproq` on the test's database; expects exit code 0 unless told otherwise."""

    def run(*args, code=0):
        result = reproq(*args, env={"DATABASE_URL": dsn})
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.output

    return run


@pytest.fixture
def manage(monkeypatch, tmp_path):
    """Runs a command in an empty folder; what it prints."""
    from django.core.management import call_command

    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, command: str = "reproq") -> str:
        out = io.StringIO()
        call_command(command, *map(str, arguments), stdout=out, stderr=out)
        return out.getvalue()

    return run
