"""Taking Reproq out of a database again."""

import pytest

from reproq_worker.errors import StillInUse
from reproq_worker.install import install, is_installed, uninstall
from tests.install.test_install import objects


def test_leaves_the_database_as_it_was(cursor):
    cursor.execute("create table shop (id int primary key)")
    cursor.execute("create function reproq_mine() returns int language sql as 'select 1'")
    before = objects(cursor)
    install(cursor)

    assert uninstall(cursor)
    assert objects(cursor) == before


def test_without_an_installation_there_is_nothing_to_do(cursor):
    assert not is_installed(cursor)
    assert not uninstall(cursor)


def test_tables_and_functions_that_need_each_other_go(cursor, release):
    release.function("reproq_default", "() returns bigint", "select 1::bigint")
    release.function("reproq_rows", "() returns setof task_runs", "select * from task_runs")
    install(cursor, directory=release.directory)
    cursor.execute("alter table task_runs alter id set default reproq_default()")

    assert uninstall(cursor)
    assert objects(cursor) == []


def test_a_foreign_key_of_others_is_named_and_nothing_is_dropped(lasting, release):
    cursor = lasting
    install(cursor, directory=release.directory)
    cursor.execute("create table shop (run bigint references task_runs (id))")
    cursor.connection.commit()
    before = objects(cursor)

    with pytest.raises(StillInUse, match="shop_run_fkey on table shop"):
        uninstall(cursor)
    cursor.connection.rollback()
    assert objects(cursor) == before


def test_the_callers_search_path_is_back_afterwards(cursor, release, value):
    install(cursor, directory=release.directory)
    cursor.execute("set search_path = pg_temp, public")
    uninstall(cursor)

    assert value("show search_path") == "pg_temp, public"


def test_after_it_an_install_starts_anew(cursor, release, value):
    install(cursor, directory=release.directory)
    uninstall(cursor)

    assert len(install(cursor, directory=release.directory)) == 2
    assert value("select reproq_count()") == 0
