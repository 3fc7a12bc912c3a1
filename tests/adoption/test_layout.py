"""An adopted database is laid out exactly as a new one."""

import psycopg
import pytest

from reproq_worker.install import install, plan
from tests.adoption.layouts import LAYOUTS

COLUMNS = """
select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
    a.attcollation::regcollation::text, pg_get_expr(d.adbin, d.adrelid),
    col_description(c.oid, a.attnum)
from pg_attribute a
join pg_class c on c.oid = a.attrelid
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v')
    and c.relname <> 'django_migrations' and a.attnum > 0 and not a.attisdropped
"""
RELATIONS = """
select c.relname, c.relkind, c.reloptions::text, obj_description(c.oid, 'pg_class'),
    case c.relkind when 'v' then pg_get_viewdef(c.oid) when 'i' then pg_get_indexdef(c.oid) end
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relname !~ '^django_migrations'
"""
CONSTRAINTS = """
select o.conrelid::regclass::text, o.conname, pg_get_constraintdef(o.oid), o.convalidated
from pg_constraint o
where o.connamespace = 'public'::regnamespace
    and o.conrelid::regclass::text <> 'django_migrations'
"""
FUNCTIONS = """
select p.oid::regprocedure::text, p.prosrc, obj_description(p.oid, 'pg_proc')
from pg_proc p where p.pronamespace = 'public'::regnamespace
"""
TRIGGERS = """
select t.tgrelid::regclass::text, t.tgname, pg_get_triggerdef(t.oid)
from pg_trigger t where not t.tgisinternal
"""
RECORDS = """
select name, digest, tables::text from reproq_migrations union all
select name, digest, signature from reproq_functions
"""


def layout(cursor) -> dict[str, list[tuple]]:
    """All that the catalogue says of the schema, apart from the order of columns."""
    return {
        query: sorted(cursor.execute(query).fetchall(), key=repr)
        for query in (COLUMNS, RELATIONS, CONSTRAINTS, FUNCTIONS, TRIGGERS, RECORDS)
    }


@pytest.fixture
def cursor(empty_dsn):
    with psycopg.connect(empty_dsn) as connection:
        yield connection.cursor()


@pytest.fixture
def fresh(server):
    with psycopg.connect(server.dsn(server.installed)) as connection:
        return layout(connection.cursor())


@pytest.mark.parametrize("name", LAYOUTS)
def test_is_that_of_a_new_database(cursor, fresh, name):
    cursor.execute(LAYOUTS[name])
    steps = plan(cursor)
    assert "adopt the table task_runs with its rows" in steps
    assert install(cursor) == steps
    adopted = layout(cursor)
    for query, rows in fresh.items():
        assert adopted[query] == rows
    assert install(cursor) == []
    assert plan(cursor) == []
