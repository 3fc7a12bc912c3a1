"""No function runs SQL made from its arguments: any text is only a text (I45)."""

import json

import psycopg
import pytest

NASTY = [
    "q'; drop table victim;--",
    'q"; drop table victim;--',
    "$$; drop table victim; --",
    "%I %s %% %L",
    "a.b\\'; drop table victim;--",
    "é" * 5120,
    "a." + "x" * 10240,
]
PARAMETERS = """
select p.proname, a.name, format_type(a.kind, null), a.place > p.pronargs - p.pronargdefaults
from pg_proc p
cross join unnest(p.proargnames[:p.pronargs], p.proargtypes::oid[]) with ordinality a (
    name, kind, place
)
where p.pronamespace = 'public'::regnamespace and p.proname like 'reproq\\_%' and p.pronargs > 0
order by p.proname, a.place
"""
OBJECTS = """
select array_agg(format('%s %s', c.relname, c.oid) order by 1)
from pg_class c where c.relnamespace = 'public'::regnamespace
union all
select array_agg(p.oid::regprocedure::text order by 1)
from pg_proc p where p.pronamespace = 'public'::regnamespace
"""
#: What a function may say to an argument that it does not like, or nothing.
PROTOCOL = {None, "22023", "22004", "RQ001", "RQ002", "RQ003", "RQ004"}
#: For parameters that are not tried just now and have no default.
OTHERS = {"text": "w", "jsonb": "[]", "bigint": 1, "integer": 1, "bigint[]": [1], "text[]": ["w"]}
OTHERS |= {"double precision": 1.0, "timestamp with time zone": "2026-01-01", "interval": "1 day"}
OTHERS |= {"uuid": "00000000-0000-0000-0000-000000000000"}


def values(kind: str, text: str) -> list:
    """The text in every place that a parameter of this type has for one."""
    if kind == "text":
        return [text]
    if kind == "text[]":
        return [[text]]
    if kind == "jsonb":
        node = dict.fromkeys(("task_path", "queue", "lock_key", "concurrency_key", "key"), text)
        outcome = {"result_id": 1, "lease_no": 1, "outcome": text, "error": {"message": text}}
        shapes = [text, [text], {text: text}, [{text: text}], [node], [node | {"after": [text]}]]
        shapes += [[node | {"task_path": "a.b"}], [outcome], [outcome | {"outcome": "fail"}]]
        return [json.dumps(shape) for shape in shapes]
    return []


@pytest.mark.parametrize("server", ["pg18"], indirect=True)
def test_any_text_is_only_a_text_to_every_public_function(conn):
    conn.execute("create table victim (x integer)")
    before = conn.execute(OBJECTS).fetchall()
    functions: dict[str, list[tuple]] = {}
    for name, *parameter in conn.execute(PARAMETERS).fetchall():
        functions.setdefault(name, []).append(tuple(parameter))
    tried, accepted = set(), set()
    for name, parameters in functions.items():
        needed = {
            p: (kind, "a.b" if p == "task_path" else OTHERS[kind])
            for p, kind, optional in parameters
            if not optional
        }
        for parameter, kind, _ in parameters:
            for text in NASTY:
                for value in values(kind, text):
                    tried.add((name, parameter))
                    code, words = said(conn, name, needed | {parameter: (kind, value)})
                    assert code in PROTOCOL, f"{name}: {words}"
                    if code is None:
                        accepted.add(name)
    assert len(tried) > 30
    assert {"reproq_enqueue", "reproq_claim", "reproq_pause_queue", "reproq_finish"} <= accepted
    assert conn.execute(OBJECTS).fetchall() == before


def said(conn: psycopg.Connection, name: str, given: dict[str, tuple]) -> tuple:
    """The SQLSTATE with which a call was refused, and its words."""
    arguments = ", ".join(f"{p} => %s::{kind}" for p, (kind, _) in given.items())
    try:
        conn.execute(f"select * from {name}({arguments})", [value for _, value in given.values()])
    except psycopg.Error as error:
        return error.sqlstate, str(error)
    return None, None
