"""The linters have nothing to say, and plpgsql_check finds no fault in any function."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.machine import OLDER, missing

ROOT = Path(__file__).resolve().parents[2]

CHECK = """
select p.oid::regprocedure::text, c.level, c.lineno, c.message, c.detail
from pg_proc as p
join pg_language as l on l.oid = p.prolang and l.lanname = 'plpgsql'
left join pg_trigger as t on t.tgfoid = p.oid and not t.tgisinternal
cross join lateral plpgsql_check_function_tb(
    p.oid,
    coalesce(t.tgrelid, 0),
    fatal_errors => false,
    extra_warnings => true,
    performance_warnings => false,
    security_warnings => true,
    oldtable => t.tgoldtable,
    newtable => t.tgnewtable
) as c
where p.proname ~ '^_?reproq_'
    -- A literal that a declaration converts, once: v_ids bigint[] := '{}'.
    and not (c.message like 'target type is different%' and c.detail like 'cast "text" value%')
order by 1, 3
"""


def lint(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def tool(name: str) -> str:
    """A program of the test environment; that for an older Django has none of its own."""
    folders = [Path(sys.prefix) / "bin", ROOT / ".venv" / "bin"]
    return next(str(folder / name) for folder in folders if (folder / name).exists())


def test_ruff_check():
    lint(tool("ruff"), "check", ".")


def test_ruff_format():
    lint(tool("ruff"), "format", "--check", ".")


def test_sqlfluff():
    lint(tool("sqlfluff"), "lint", "--disable-progress-bar", "sql/migrations", "sql/functions")


def test_squawk():
    files = sorted(str(file) for file in ROOT.glob("sql/[mf]*/*.sql"))
    lint(tool("squawk"), *files)


@pytest.mark.parametrize("server", [OLDER], indirect=True)
def test_plpgsql_check(conn):
    """0 complaints; it also sees what a broken function would do only when it is called."""
    if any("plpgsql_check" in gap for gap in missing()):
        pytest.skip("plpgsql_check is not on this machine")
    conn.execute("create extension plpgsql_check")
    assert conn.execute(CHECK).fetchall() == []


@pytest.mark.parametrize("server", [OLDER], indirect=True)
def test_plpgsql_check_would_complain(conn):
    if any("plpgsql_check" in gap for gap in missing()):
        pytest.skip("plpgsql_check is not on this machine")
    conn.execute("create extension plpgsql_check")
    conn.execute(
        "create function reproq_broken() returns bigint language plpgsql as "
        "$$ begin return (select no_such_column from task_runs); end $$"
    )
    found = [row[:2] for row in conn.execute(CHECK).fetchall()]
    assert ("reproq_broken()", "error") in found
