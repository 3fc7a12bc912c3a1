"""Each file of sql/functions is one function, shaped as the house wants it, with a pgTAP file."""

import json
import re
from pathlib import Path

import pglast
import pytest
from pglast import ast
from pglast.enums import ObjectType, VariableSetKind

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = sorted((ROOT / "sql" / "functions").glob("*.sql"))
MIGRATIONS = sorted((ROOT / "sql" / "migrations").glob("*.sql"))
PGTAP = sorted((ROOT / "sql" / "tests").glob("*.sql"))

# Invariant I33: each schedule is fired on its own, so that a bad one does not stop the others.
MAY_CATCH_OTHERS = {"_reproq_fire_due"}

PARSED = {file.stem: [raw.stmt for raw in pglast.parse_sql(file.read_text())] for file in FUNCTIONS}
CREATED = {name: statements[0] for name, statements in PARSED.items()}
BODIES = {file.stem: file.read_text().split("$$")[1] for file in FUNCTIONS}


def words(body: str) -> str:
    """A body without its comments, string literals and quoted names."""
    without_comments = re.sub(r"--[^\n]*|/\*.*?\*/", "", body, flags=re.DOTALL)
    return re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"", "''", without_comments)


WORDS = {name: words(body) for name, body in BODIES.items()}


def options(create: ast.CreateFunctionStmt, name: str) -> list:
    return [element.arg for element in create.options if element.defname == name]


def volatility(create: ast.CreateFunctionStmt) -> list[str]:
    return [word.sval for word in options(create, "volatility")]


def test_there_are_functions_and_migrations():
    assert FUNCTIONS
    assert MIGRATIONS


def test_a_file_is_one_function_that_can_be_applied_again():
    assert {name for name, create in CREATED.items() if not create.replace} == set()
    assert {name: create.funcname[-1].sval for name, create in CREATED.items()} == {
        name: name for name in CREATED
    }
    assert {name for name in CREATED if not re.fullmatch(r"_?reproq_[a-z0-9_]+", name)} == set()


def test_the_function_is_followed_by_its_comment_and_only_by_its_own_triggers():
    wrong = []
    for name, (_, comment, *triggers) in PARSED.items():
        described = (
            isinstance(comment, ast.CommentStmt)
            and comment.objtype == ObjectType.OBJECT_FUNCTION
            and comment.object.objname[-1].sval == name
            and comment.comment.strip().endswith(".")
        )
        own = all(
            isinstance(trigger, ast.CreateTrigStmt)
            and trigger.replace
            and trigger.funcname[-1].sval == name
            for trigger in triggers
        )
        if not (described and own):
            wrong.append(name)
    assert wrong == []


def test_the_search_path_is_pinned():
    def pinned(create: ast.CreateFunctionStmt) -> bool:
        kinds = {setting.name: setting.kind for setting in options(create, "set")}
        return kinds.get("search_path") == VariableSetKind.VAR_SET_CURRENT

    assert [name for name, create in CREATED.items() if not pinned(create)] == []


def test_volatility_is_said_aloud():
    assert [name for name, create in CREATED.items() if not volatility(create)] == []


def test_no_function_runs_with_the_rights_of_its_owner():
    assert [name for name, create in CREATED.items() if options(create, "security")] == []


def test_nothing_that_writes_or_returns_rows_is_strict():
    assert [
        name
        for name, create in CREATED.items()
        if any(strict.boolval for strict in options(create, "strict"))
        and (volatility(create) == ["volatile"] or create.returnType.setof)
    ] == []


def test_no_dynamic_sql():
    assert [name for name, text in WORDS.items() if re.search(r"(?i)\bexecute\b", text)] == []


def test_no_handler_catches_everything():
    catchers = {name for name, text in WORDS.items() if re.search(r"(?i)\bwhen\s+others\b", text)}
    assert catchers - MAY_CATCH_OTHERS == set()


def test_lower_case():
    assert {
        name: found for name, text in WORDS.items() if (found := re.findall("[A-Z]+", text))
    } == {}


def test_bodies_keep_to_100_columns_and_have_no_tabs():
    assert [
        f"{name}: {line.strip()}"
        for name, body in BODIES.items()
        for line in body.splitlines()
        if len(line) > 100 or "\t" in line
    ] == []


def test_plpgsql_bodies_parse():
    failures = {}
    for file in FUNCTIONS:
        if [language.sval for language in options(CREATED[file.stem], "language")] != ["plpgsql"]:
            continue
        try:
            assert pglast.parse_plpgsql(file.read_text())
        except pglast.parser.ParseError as error:
            # The parser knows no tables, so it cannot take a row of one; plpgsql_check does.
            if "type _record" not in str(error):
                failures[file.stem] = str(error)
    assert failures == {}


def test_a_broken_body_would_not_parse():
    broken = "create function f() returns void language plpgsql as $$ begin iff; end; $$"
    with pytest.raises(pglast.parser.ParseError):
        pglast.parse_plpgsql(broken)


def test_every_function_has_a_pgtap_file():
    assert [file.stem for file in FUNCTIONS if file.name not in {tap.name for tap in PGTAP}] == []


def test_pgtap_files_are_named_after_a_function_or_numbered():
    assert [
        tap.name for tap in PGTAP if tap.stem not in CREATED and not re.match(r"\d{3}_", tap.name)
    ] == []


def test_pgtap_files_are_transactions_that_are_rolled_back():
    wrong = []
    for tap in PGTAP:
        text = re.sub(r"--[^\n]*", "", tap.read_text()).strip()
        begins = re.match(
            r"begin( isolation level [a-z ]+)?;\s+select (\* from )?(plan|no_plan)\(\s*\d*\s*\);",
            text,
        )
        ends = re.search(r"select \* from finish\(\);\s+rollback;$", text)
        if not (begins and ends):
            wrong.append(tap.name)
    assert wrong == []


def test_migrations_are_numbered_without_a_gap():
    numbers = [int(re.fullmatch(r"(\d{4})_[a-z0-9_]+\.sql", file.name)[1]) for file in MIGRATIONS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_table_has_a_primary_key_and_a_comment():
    tables, keyed, described = set(), set(), set()
    for file in MIGRATIONS:
        for raw in json.loads(pglast.parser.parse_sql_json(file.read_text()))["stmts"]:
            statement = raw["stmt"]
            # A partition has its parent's key and meaning.
            if (create := statement.get("CreateStmt")) and "partbound" not in create:
                tables.add(create["relation"]["relname"])
                if '"CONSTR_PRIMARY"' in json.dumps(create):
                    keyed.add(create["relation"]["relname"])
            comment = statement.get("CommentStmt")
            if comment and comment["objtype"] == "OBJECT_TABLE":
                described.add(comment["object"]["List"]["items"][-1]["String"]["sval"])
    assert tables
    assert tables == keyed
    assert tables == described
