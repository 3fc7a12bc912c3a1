"""What a further release does to an installation of an earlier one."""

import psycopg
import pytest

from reproq_worker.errors import SchemaMismatch, StillInUse
from reproq_worker.install import install, plan


@pytest.fixture
def installed(cursor, release):
    """An installation at version 1.0; a call installs what the folder holds then."""
    install(cursor, directory=release.directory, version="1.0")

    def upgrade(version="1.1"):
        return install(cursor, directory=release.directory, version=version)

    return upgrade


def signatures(cursor) -> list[str]:
    cursor.execute(
        "select p.oid::regprocedure::text from pg_proc p"
        " where p.pronamespace = 'public'::regnamespace order by 1"
    )
    return [row[0] for row in cursor.fetchall()]


def triggers(cursor) -> list[tuple[str, str]]:
    return cursor.execute(
        "select t.tgname, p.proname from pg_trigger t join pg_proc p on p.oid = t.tgfoid order by 1"
    ).fetchall()


TRIGGER_FUNCTION = """
create or replace function {name}() returns trigger language plpgsql
as $$ begin return new; end $$;
create or replace trigger {trigger}
before insert on task_runs for each row execute function {name}();
"""


def test_a_new_migration_is_applied_and_the_old_ones_are_not(cursor, release, installed, value):
    cursor.execute("insert into task_runs values (7)")
    release.migration("0002_note", "alter table task_runs add note text default 'none';")

    assert installed() == ["apply the migration 0002_note"]
    assert value("select note from task_runs where id = 7") == "none"
    assert installed() == []


def test_a_changed_function_is_replaced_in_place(release, installed, value):
    before = value("select 'reproq_count'::regproc::oid")
    release.function("reproq_count", "() returns bigint", "select 42::bigint")

    assert installed() == ["replace the function reproq_count"]
    assert value("select reproq_count()") == 42
    assert value("select 'reproq_count'::regproc::oid") == before


def test_a_further_parameter_leaves_one_function(cursor, release, installed, value):
    release.function("reproq_count", "(more int default 5) returns bigint", "select more::bigint")
    installed()

    assert signatures(cursor) == ["reproq_count(integer)"]
    assert value("select reproq_count()") == 5


@pytest.mark.parametrize("comment", ["comment on function reproq_count is 'x';", ""])
def test_a_second_signature_goes_whether_or_not_the_file_trips_over_it(
    cursor, release, installed, comment
):
    release.function_file(
        "reproq_count",
        "create or replace function reproq_count(a int) returns bigint language sql"
        f" as $$ select 1::bigint $$; {comment}",
    )
    installed()

    assert signatures(cursor) == ["reproq_count(integer)"]


def test_a_further_result_column(cursor, release, value):
    release.function("reproq_pair", "(out a int, out b int)", "select 1, 2")
    install(cursor, directory=release.directory)
    release.function("reproq_pair", "(out a int, out b int, out c int)", "select 1, 2, 3")
    install(cursor, directory=release.directory)

    assert cursor.execute("select * from reproq_pair()").fetchall() == [(1, 2, 3)]


def test_a_renamed_parameter_and_a_default_taken_back(cursor, release, value):
    release.function("reproq_add", "(a int, b int default 1) returns int", "select a + b")
    install(cursor, directory=release.directory)
    release.function("reproq_add", "(a int, c int) returns int", "select a + c")
    install(cursor, directory=release.directory)

    assert value("select reproq_add(a => 1, c => 2)") == 3
    assert signatures(cursor) == ["reproq_add(integer,integer)", "reproq_count()"]


def test_functions_that_call_a_changed_one_go_on(cursor, release, value):
    release.function("reproq_ask", "() returns bigint", "select reproq_count()")
    install(cursor, directory=release.directory)
    release.function("reproq_count", "(more int default 5) returns bigint", "select more::bigint")
    install(cursor, directory=release.directory)

    assert value("select reproq_ask()") == 5


def test_a_function_without_a_file_is_dropped(cursor, release, installed):
    release.function("reproq_other", "() returns int", "select 1")
    installed()
    release.remove("reproq_count")

    assert installed() == ["drop the function reproq_count"]
    assert signatures(cursor) == ["reproq_other()"]


def test_functions_that_it_did_not_make_are_left_alone(cursor, release, installed):
    cursor.execute("create function reproq_count(of text) returns int language sql as 'select 1'")
    cursor.execute("create function reproq_mine() returns int language sql as 'select 2'")
    release.function("reproq_count", "(a int, b int) returns bigint", "select 3::bigint")
    release.function_file(
        "reproq_count",
        "create or replace function reproq_count(a int) returns bigint language sql"
        " as 'select 3::bigint'",
    )
    installed()

    assert signatures(cursor) == ["reproq_count(integer)", "reproq_count(text)", "reproq_mine()"]


def test_a_foreign_function_in_the_place_of_ours_stops_the_install(cursor, release):
    cursor.execute(
        "create function reproq_count() returns bigint language sql as 'select 9::bigint'"
    )

    with pytest.raises(psycopg.Error, match=r"reproq_count\(\) exists and was not made by reproq"):
        install(cursor, directory=release.directory)


def test_a_file_that_makes_no_function_of_its_name_stops_the_install(cursor, release):
    release.function_file(
        "reproq_other", "create function reproq_another() returns int language sql as 'select 1'"
    )

    with pytest.raises(psycopg.Error, match=r"reproq_other\.sql makes 0 functions"):
        install(cursor, directory=release.directory)


class TestGrants:
    @pytest.fixture
    def roles(self, cursor, server):
        names = [f"{name}_{server.fresh_name()}" for name in ("worker", "Odd-one")]
        for name in names:
            cursor.execute(f'create role "{name}"')
        yield names
        cursor.connection.rollback()

    def who_may(self, cursor, signature) -> list[tuple[str, bool]]:
        cursor.execute(
            "select coalesce(r.rolname, 'public'), a.is_grantable"
            " from pg_proc p"
            " cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a"
            " left join pg_roles r on r.oid = a.grantee"
            " where p.oid = %s::regprocedure and a.grantee <> p.proowner order by 1",
            [signature],
        )
        return cursor.fetchall()

    def test_return_after_a_new_signature(self, cursor, release, installed, roles):
        worker, odd = roles
        cursor.execute("revoke execute on function reproq_count() from public")
        cursor.execute(f"grant execute on function reproq_count() to {worker} with grant option")
        cursor.execute(f'grant execute on function reproq_count() to "{odd}"')
        release.function("reproq_count", "(a int default 1) returns bigint", "select a::bigint")
        installed()

        assert self.who_may(cursor, "reproq_count(int)") == sorted([(worker, True), (odd, False)])

    def test_are_not_widened_by_default_privileges(self, cursor, release, installed, roles):
        cursor.execute(f"alter default privileges grant execute on functions to {roles[0]}")
        release.function("reproq_count", "(a int default 1) returns bigint", "select a::bigint")
        installed()

        assert self.who_may(cursor, "reproq_count(int)") == [("public", False)]

    def test_stay_where_the_function_is_replaced(self, cursor, release, installed, roles):
        cursor.execute("revoke execute on function reproq_count() from public")
        release.function("reproq_count", "() returns bigint", "select 1::bigint")
        installed()

        assert self.who_may(cursor, "reproq_count()") == []


class TestTriggers:
    @pytest.fixture
    def trigger_file(self, release):
        def write(name, trigger):
            release.function_file(name, TRIGGER_FUNCTION.format(name=name, trigger=trigger))

        write("_reproq_fill", "fill")
        return write

    def test_of_a_removed_function_go_first(self, cursor, release, installed, trigger_file):
        installed()
        release.remove("_reproq_fill")
        installed()

        assert triggers(cursor) == []

    def test_move_to_a_renamed_function(self, cursor, release, installed, trigger_file):
        installed()
        release.remove("_reproq_fill")
        trigger_file("_reproq_filler", "fill")
        installed()

        assert triggers(cursor) == [("fill", "_reproq_filler")]

    def test_that_the_file_no_longer_names_go(self, cursor, installed, trigger_file):
        installed()
        trigger_file("_reproq_fill", "filling")
        installed()

        assert triggers(cursor) == [("filling", "_reproq_fill")]


class TestOlderWheel:
    def test_does_not_undo_newer_functions(self, release, installed, value):
        release.function("reproq_count", "() returns bigint", "select 42::bigint")
        installed("1.10")
        release.function("reproq_count", "() returns bigint", "select 0::bigint")

        with pytest.raises(SchemaMismatch, match=r"newer than reproq 1\.9") as refusal:
            installed("1.9")
        assert refusal.value.sqlstate == "RQ005"
        assert "1.10" in refusal.value.hint

    def test_does_not_take_a_migration_that_it_does_not_know(self, cursor, release, installed):
        release.migration("0002_note", "alter table task_runs add note text;")
        installed("1.1")
        (release.directory / "migrations" / "0002_note.sql").unlink()

        with pytest.raises(SchemaMismatch, match="0002_note"):
            installed("1.0")

    def test_is_told_so_by_the_plan_too(self, cursor, release, installed):
        release.function("reproq_count", "() returns bigint", "select 42::bigint")

        with pytest.raises(SchemaMismatch):
            plan(cursor, directory=release.directory, version="0.9")

    def test_that_carries_the_same_files_is_current(self, installed):
        assert installed("0.9") == []


def test_an_edited_migration_is_refused(release, installed):
    release.migration("0001_runs", "create table task_runs (id int primary key);")

    with pytest.raises(SchemaMismatch, match="0001_runs is not the one that was applied"):
        installed()


def test_what_others_built_on_a_function_is_named_and_not_dropped(cursor, release, installed):
    cursor.execute("create view shop_count as select reproq_count()")
    release.function("reproq_count", "(a int default 1) returns bigint", "select a::bigint")

    with pytest.raises(StillInUse, match="view shop_count depends on function reproq_count"):
        installed()
