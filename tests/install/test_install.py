"""What an install does to a database, and what it leaves as it was."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from reproq_worker.errors import InvalidArgument
from reproq_worker.install import install, plan, sql_directory, uninstall
from tests.cursors import CURSORS


class CountingCursor:
    """Counts what is executed on a cursor."""

    def __init__(self, cursor):
        self._cursor = cursor
        self.count = 0

    def execute(self, *args):
        self.count += 1
        return self._cursor.execute(*args)

    def __getattr__(self, name):
        return getattr(self._cursor, name)


def objects(cursor) -> list[tuple]:
    """Everything in the database that is no part of Postgres."""
    return cursor.execute(
        """
        select o.kind, n.nspname, o.name
        from (
            select 'class', c.relname, c.relnamespace from pg_class c
            union all
            select 'proc', p.proname, p.pronamespace from pg_proc p
        ) o (kind, name, schema)
        join pg_namespace n on n.oid = o.schema
        where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        order by 1, 2, 3
        """
    ).fetchall()


def test_an_empty_database_gets_tables_and_functions(cursor, release, value):
    steps = install(cursor, directory=release.directory)

    assert steps == ["apply the migration 0001_runs", "create the function reproq_count"]
    assert value("select reproq_count()") == 0


def test_what_this_package_carries_installs_and_is_then_current(cursor, value):
    install(cursor)

    assert install(cursor) == []
    files = len(list((sql_directory() / "functions").glob("*.sql")))
    assert value("select count(*) from reproq_functions") == files > 0


def test_the_installer_leaves_none_of_its_tools(cursor, release):
    install(cursor, directory=release.directory)

    names = [name for _, _, name in objects(cursor)]
    assert sorted(names) == [
        "reproq_count",
        "reproq_functions",
        "reproq_functions_pkey",
        "reproq_migrations",
        "reproq_migrations_pkey",
        "task_runs",
        "task_runs_pkey",
    ]


def test_a_current_database_is_left_alone_after_two_looks(cursor, release):
    install(cursor, directory=release.directory)
    counting = CountingCursor(cursor)

    assert install(counting, directory=release.directory) == []
    assert counting.count == 2


def test_a_current_database_is_no_reason_to_wait_for_another_installer(connect, release):
    first = connect().cursor()
    install(first, directory=release.directory)
    first.connection.commit()
    first.execute("select pg_advisory_xact_lock(hashtextextended('reproq install', 0))")

    other = connect().cursor()
    other.execute("set statement_timeout = '2s'")
    assert install(other, directory=release.directory) == []


def test_of_eight_at_once_one_works_and_seven_find_nothing(connect, release):
    def run(connection):
        with connection:
            return install(connection.cursor(), directory=release.directory)

    # The lock holds all of them back until each has seen the empty database.
    gate = connect()
    gate.execute("select pg_advisory_lock(hashtextextended('reproq install', 0))")
    watch = connect(autocommit=True)
    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(run, connect()) for _ in range(8)]
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while watch.execute(waiting).fetchone()[0] < 8 and not any(r.done() for r in runs):
            time.sleep(0.01)
        gate.close()
        steps = [run.result(timeout=30) for run in runs]

    assert sorted(map(len, steps)) == [0] * 7 + [2]


def test_plan_says_what_install_would_do_and_does_not_do_it(cursor, release):
    before = objects(cursor)
    planned = plan(cursor, directory=release.directory)

    assert objects(cursor) == before
    assert planned == install(cursor, directory=release.directory)
    assert plan(cursor, directory=release.directory) == []


def test_a_rollback_leaves_nothing(cursor, release):
    before = objects(cursor)
    install(cursor, directory=release.directory)
    cursor.connection.rollback()

    assert objects(cursor) == before


def test_a_failing_file_is_the_callers_error_and_leaves_nothing(cursor, release):
    before = objects(cursor)
    release.migration("0002_broken", "create table half (id int); select 1 / 0;")

    with pytest.raises(psycopg.errors.DivisionByZero):
        install(cursor, directory=release.directory)
    cursor.connection.rollback()
    assert objects(cursor) == before


def test_the_callers_settings_are_back_afterwards(cursor, release, value):
    cursor.execute("create schema shop; set search_path = shop, public")
    cursor.execute("set local check_function_bodies = on")
    install(cursor, directory=release.directory)

    assert value("show search_path") == "shop, public"
    assert value("show check_function_bodies") == "on"


def test_outside_a_transaction_it_refuses_and_makes_nothing(connect, release):
    cursor = connect(autocommit=True).cursor()

    with pytest.raises(InvalidArgument, match="inside a transaction"):
        install(cursor, directory=release.directory)
    assert objects(cursor) == []


def test_the_schema_is_the_first_of_the_search_path_that_exists(cursor, release, value):
    cursor.execute("create schema shop; set search_path = nowhere, shop, public")
    install(cursor, directory=release.directory)

    assert value("select to_regclass('shop.task_runs') is not null")
    assert value("select to_regclass('public.task_runs') is null")


def test_an_installation_in_sight_is_not_doubled_by_a_schema_before_it(cursor, release, value):
    install(cursor, directory=release.directory)
    cursor.execute("create schema shop; set search_path = shop, public")

    assert install(cursor, directory=release.directory) == []
    assert value("select to_regclass('shop.task_runs') is null")


@pytest.mark.parametrize("schema", ["jobs", "Odd 'name\" %s {schema}"])
def test_a_schema_can_be_named(cursor, release, value, schema):
    cursor.execute(psycopg.sql.SQL("create schema {}").format(psycopg.sql.Identifier(schema)))
    install(cursor, schema, directory=release.directory)

    assert install(cursor, schema, directory=release.directory) == []
    assert {name for _, name, _ in objects(cursor)} == {schema}
    # The functions find their tables whatever the caller's path is.
    quoted = psycopg.sql.Identifier(schema, "reproq_count")
    assert value(psycopg.sql.SQL("select {}()").format(quoted)) == 0


def test_a_schema_that_does_not_exist_is_said(cursor, release):
    with pytest.raises(InvalidArgument, match="nowhere"):
        install(cursor, "nowhere", directory=release.directory)
    cursor.execute("set search_path = nowhere")
    with pytest.raises(InvalidArgument, match="search_path"):
        install(cursor, directory=release.directory)


def test_the_schema_of_temporary_tables_is_never_chosen(cursor, release, value):
    cursor.execute("create temporary table mine (id int); set search_path = pg_temp, public")
    install(cursor, directory=release.directory)

    assert value("select to_regclass('public.task_runs') is not null")


def test_two_schemas_hold_two_installations(cursor, release, value):
    cursor.execute("create schema a; create schema b")
    install(cursor, "a", directory=release.directory)

    assert len(install(cursor, "b", directory=release.directory)) == 2
    cursor.execute("insert into a.task_runs values (1)")
    assert (value("select a.reproq_count()"), value("select b.reproq_count()")) == (1, 0)


def test_a_temporary_table_of_the_same_name_changes_nothing(cursor, release, value):
    for table in ("task_runs", "reproq_migrations", "reproq_functions"):
        cursor.execute(f"create temporary table {table} (id bigint)")
    cursor.execute("insert into pg_temp.task_runs values (1)")
    install(cursor, directory=release.directory)

    assert install(cursor, directory=release.directory) == []
    assert value("select to_regclass('public.task_runs') is not null")
    assert value("select reproq_count()") == 0


def test_a_role_that_may_only_create_in_the_schema_can_install(cursor, release, value, server):
    role = f"app_{server.fresh_name()}"
    cursor.execute(f"create role {role}; grant create, usage on schema public to {role}")
    cursor.execute(f"revoke temporary on database {cursor.connection.info.dbname} from public")
    cursor.execute(f"set local role {role}")
    install(cursor, directory=release.directory)

    assert value("select reproq_count()") == 0
    assert (
        value("select pg_get_userbyid(relowner) from pg_class where relname = 'task_runs'") == role
    )
    cursor.connection.rollback()


def test_a_function_that_someone_dropped_is_made_again(cursor, release, value):
    install(cursor, directory=release.directory)
    cursor.execute("drop function reproq_count()")

    assert install(cursor, directory=release.directory) == ["create the function reproq_count"]
    assert value("select reproq_count()") == 0


def test_two_migrations_with_one_number_are_refused(cursor, release):
    release.migration("0001_other", "select 1;")

    with pytest.raises(ValueError, match="same number"):
        install(cursor, directory=release.directory)


def test_a_folder_without_migrations_is_refused(cursor, tmp_path):
    with pytest.raises(FileNotFoundError):
        install(cursor, directory=tmp_path)


@pytest.mark.django
@pytest.mark.parametrize("make", CURSORS)
def test_every_kind_of_cursor_will_do_again_and_again(make, shared_dsn, release, django_db_blocker):
    with django_db_blocker.unblock():
        cursor = make(shared_dsn)
        # psycopg prepares what it executes for the sixth time.
        for _ in range(7):
            assert len(plan(cursor, directory=release.directory)) == 2
            assert len(install(cursor, directory=release.directory)) == 2
            assert install(cursor, directory=release.directory) == []
            assert uninstall(cursor)
        cursor.connection.close()
