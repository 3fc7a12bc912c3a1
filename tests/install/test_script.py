"""The install as one file for psql."""

import shutil
import subprocess

import pytest

from reproq_worker.install import install, script


@pytest.fixture
def psql(server, empty_dsn, tmp_path):
    """Runs a text through `psql -f`, and returns what it printed."""
    program = shutil.which("psql", path=server.bin_dir) or shutil.which("psql")

    def run(text, check=True):
        file = tmp_path / "install.sql"
        file.write_text(text)
        return subprocess.run(
            [program, "-X", "-d", empty_dsn, "-f", file],
            capture_output=True,
            text=True,
            check=check,
        )

    return run


def records(cursor) -> list[tuple]:
    return cursor.execute(
        "select name, digest, wheel_version, tables::text from reproq_migrations union all"
        " select name, digest, wheel_version, signature from reproq_functions order by 1"
    ).fetchall()


def test_does_what_install_does(connect, psql, lasting):
    install(lasting)
    expected = records(lasting)
    lasting.connection.rollback()

    printed = psql(script())
    assert (printed.stdout, printed.stderr) == ("", "")
    assert records(lasting) == expected
    assert install(lasting) == []


def test_can_be_run_again(psql, lasting):
    psql(script())
    psql(script())

    assert install(lasting) == []


def test_upgrades_an_older_installation(psql, connect, release, lasting):
    with connect() as connection:
        install(connection.cursor(), directory=release.directory, version="1.0")
    release.function("reproq_count", "(a int default 8) returns bigint", "select a::bigint")
    psql(script(directory=release.directory, version="1.1"))

    assert lasting.execute("select reproq_count()").fetchone() == (8,)


def test_an_older_one_stops_with_an_error_and_changes_nothing(psql, connect, lasting, release):
    with connect() as connection:
        install(connection.cursor(), directory=release.directory, version="1.1")
    expected = records(lasting)
    release.function("reproq_count", "() returns bigint", "select 0::bigint")
    result = psql(script(directory=release.directory, version="1.0"), check=False)

    assert result.returncode == 3
    assert "newer than reproq 1.0" in result.stderr
    assert records(lasting) == expected


def test_takes_a_schema(psql, connect, release, lasting):
    with connect() as connection:
        connection.execute('create schema "My jobs"')
    psql(script("My jobs", directory=release.directory))

    assert lasting.execute('select "My jobs".reproq_count()').fetchone() == (0,)


def test_quotes_whatever_the_files_hold(psql, release, lasting):
    body = "select $x$a'b\\c $file$ %s ${name}$x$::text"
    release.function_file(
        "reproq_odd", f"create function reproq_odd() returns text language sql as $q${body}$q$"
    )
    psql(script(directory=release.directory))

    assert lasting.execute("select reproq_odd()").fetchone() == ("a'b\\c $file$ %s ${name}",)
