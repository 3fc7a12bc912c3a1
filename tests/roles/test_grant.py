"""`reproq grant` and `reproq revoke`, and what later releases do to what they made."""

import shutil
import subprocess

import psycopg
import pytest
from click.testing import CliRunner

from reproq_worker import __version__
from reproq_worker.cli import main
from reproq_worker.install import grant, install, sql_directory
from tests.races.sessions import value
from tests.roles.conftest import ROLES

RIGHTS = """
select p.proname, p.prosecdef, coalesce(r.rolname, 'public')
from pg_proc p
cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
left join pg_roles r on r.oid = a.grantee
where p.pronamespace = 'public'::regnamespace and p.proname ~ '^_?reproq_'
"""


def reproq(dsn, *arguments):
    return CliRunner().invoke(main, [*arguments, "--dsn", dsn])


def rights(conn: psycopg.Connection) -> set[tuple]:
    return set(conn.execute(RIGHTS).fetchall())


def test_granting_again_changes_nothing_and_revoking_all_is_as_after_an_install(
    conn, dsn, told_apart
):
    granted = rights(conn)
    for kind, role in ROLES.items():
        result = reproq(dsn, "grant", f"--{kind}", role)
        assert result.output == f"{role} is a role of the kind {kind}.\n"
    assert rights(conn) == granted
    assert not any(grantee == "public" for _, _, grantee in granted)

    assert reproq(dsn, "revoke", ROLES["operator"], ROLES["worker"]).exit_code == 0
    assert rights(conn) == {
        right for right in granted if right[2] not in map(ROLES.get, ("operator", "worker"))
    }
    assert reproq(dsn, "revoke", "--all").output == "Roles are no longer told apart.\n"
    after = rights(conn)
    assert {(secdef, grantee) for _, secdef, grantee in after} == {
        (False, "public"),
        (False, "postgres"),
    }


def test_a_later_release_keeps_the_roles_and_gives_them_what_is_new(conn, told_apart, tmp_path):
    before = rights(conn)
    release = tmp_path / "sql"
    shutil.copytree(sql_directory(), release)

    def edit(name, *changes):
        file = release / "functions" / f"{name}.sql"
        text = file.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text)

    # Another body, a further parameter, a result column more; the sign of a kind is among them.
    edit("reproq_stats", ("-- Live runs", "-- All live runs"))
    edit("_reproq_fill_run", ("-- Nobody", "-- No one"))
    edit(
        "reproq_claim",
        ("interval default '5 minutes'", "interval default '5 minutes', more int default 1"),
        ("reproq_claim(text, text[], integer, interval, interval, bigint[])", "reproq_claim"),
    )
    edit(
        "reproq_installed",
        ("digest text)", "digest text, more int)"),
        ("m.digest from", "m.digest, 1 from"),
        ("f.digest from", "f.digest, 1 from"),
    )
    edit("reproq_rights", ("('observer', '{", "('observer', '{reproq_new, "))
    for name in ("reproq_new", "_reproq_new"):
        (release / "functions" / f"{name}.sql").write_text(
            f"create or replace function {name}() returns int language sql volatile"
            f" set search_path from current as 'select 1'; comment on function {name}() is 'New.';"
        )
    with conn.transaction(), conn.cursor() as cursor:
        assert install(cursor, directory=release, version=f"{__version__}.1")
    assert rights(conn) == before | {
        ("reproq_new", True, "postgres"),
        ("reproq_new", True, ROLES["observer"]),
        # May do whatever an observer may.
        ("reproq_new", True, ROLES["operator"]),
        ("_reproq_new", False, "postgres"),
    }
    with conn.transaction(), conn.cursor() as cursor:
        assert install(cursor, directory=release, version=f"{__version__}.1") == []


def test_what_cannot_be_granted_is_said_and_nothing_is_done(conn, dsn):
    before = rights(conn)
    for arguments, code, words in [
        (["grant"], 2, "name a role"),
        (["grant", "--worker", "no such role"], 2, 'there is no role "no such role"'),
        (["grant", "--worker", "public"], 2, 'there is no role "public"'),
        (["grant", "--worker", "x'; drop table task_runs; --"], 2, "there is no role"),
        (["grant", "--worker", "postgres"], 4, "may create functions"),
        (["revoke"], 2, "name roles"),
        (["revoke", "--all", "postgres"], 2, "name roles"),
        (["revoke", "no such role"], 1, "does not exist"),
    ]:
        result = reproq(dsn, *arguments)
        assert (result.exit_code, words in result.output) == (code, True), result.output
        assert rights(conn) == before


def test_a_schema_in_which_everybody_may_create_functions_is_refused(conn, dsn):
    conn.execute("grant create on schema public to public")
    result = reproq(dsn, "grant", "--worker", ROLES["worker"])
    assert result.exit_code == 4
    assert "revoke create on schema public from public" in result.output


def test_without_an_installation_it_says_so(empty_dsn):
    result = reproq(empty_dsn, "grant", "--worker", "postgres")
    assert result.exit_code == 2
    assert "reproq migrate" in result.output


def test_roles_in_a_schema_of_its_own(make_conn, told_apart, empty_dsn):
    schema = 'Odd "schema'
    with psycopg.connect(empty_dsn) as owner, owner.cursor() as cursor:
        cursor.execute('create schema "Odd ""schema"')
        install(cursor, schema)
        grant(cursor, {"producer": [ROLES["producer"]]}, schema)
    with psycopg.connect(empty_dsn, user=ROLES["producer"]) as app:
        assert value(app, 'select "Odd ""schema".reproq_enqueue(\'a.b\')') == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute('select "Odd ""schema".reproq_stats()')


def test_the_plain_sql_of_the_docs_does_the_same(conn, dsn, told_apart, server):
    psql = shutil.which("psql", path=server.bin_dir) or shutil.which("psql")
    granted = {right for right in rights(conn) if right[2] in ("postgres", ROLES["producer"])}
    assert reproq(dsn, "revoke", "--all").exit_code == 0
    page = (sql_directory().parent / "docs" / "roles.md").read_text()
    script = page.split("```sql\n")[-1].split("```")[0].replace("app", ROLES["producer"])
    done = subprocess.run(
        [psql, "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", dsn],
        input=script,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert rights(conn) == granted
