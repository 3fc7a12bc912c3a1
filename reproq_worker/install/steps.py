"""The statements of an install, as text: the installer executes them, `--sql` prints them."""

import json
from collections.abc import Mapping, Sequence

from reproq_worker.install.sql_files import SqlFile, SqlFiles, installer_sql

_TOOLS = (
    "_reproq_install_migration",
    "_reproq_drop_function",
    "_reproq_drop_functions_except",
    "_reproq_copy_grants",
    "_reproq_grant_rights",
    "_reproq_install_function",
    "adopt/_reproq_note_differences",
    "adopt/_reproq_adopt_columns",
    "adopt/_reproq_adopt_names",
    "adopt/_reproq_adopt_identity",
)


def settings(schema: str | None) -> str:
    """Makes the schema the one to work in; None leaves the choice to the database."""
    chosen = _literal(schema) if schema is not None else f"(\n{installer_sql('schema')})"
    return installer_sql("settings").replace("{schema}", chosen)


def lock() -> str:
    """Waits until no other installer is at work."""
    return installer_sql("lock")


def guard(files: SqlFiles) -> str:
    """Raises RQ005 where these files must not be installed; wants the tables of the records."""
    digests = {file.name: file.digest for file in files.migrations}
    return (
        installer_sql("guard")
        .replace("{wheel_version}", _literal(files.version))
        .replace("{migrations}", _literal(json.dumps(digests)))
    )


def recognise() -> str:
    """Raises RQ005 where tables of reproq's names are neither reproq's nor to be adopted."""
    return _adoption("1_recognise")


def statements(files: SqlFiles) -> list[str]:
    """Everything between the settings and the end, one statement each."""
    return [
        recognise(),
        installer_sql("records"),
        guard(files),
        *(installer_sql(name) for name in _TOOLS),
        _adoption("2_set_aside"),
        *(
            f"call _reproq_install_migration({file.number}, {_record(files, file)});"
            for file in files.migrations
        ),
        *map(_adoption, ("3_take_back", "4_settings", "5_records", "6_seal")),
        f"call _reproq_drop_functions_except({_array([file.name for file in files.functions])});",
        *(f"call _reproq_install_function({_record(files, file)});" for file in files.functions),
        *map(_adoption, ("7_workflows", "8_tickets")),
        installer_sql("keep_roles"),
        installer_sql("finish"),
    ]


def uninstall() -> str:
    """Drops what was recorded."""
    return installer_sql("uninstall")


def grant(roles: Mapping[str, Sequence[str]]) -> list[str]:
    """Tells roles apart: what each kind may call goes to its roles."""
    named = json.dumps({kind: list(names) for kind, names in roles.items()})
    return [
        installer_sql("_reproq_grant_rights"),
        installer_sql("grant").replace("{roles}", _literal(named)),
    ]


def revoke(roles: Sequence[str]) -> str:
    """Takes it from these roles."""
    return installer_sql("revoke").replace("{roles}", _array(list(roles)))


def revoke_all() -> str:
    """Takes it from every role, and tells none apart any more."""
    return installer_sql("revoke_all")


def _adoption(step: str) -> str:
    """A step that does something only where tables of the reference implementation were found."""
    return installer_sql(f"adopt/{step}")


def _record(files: SqlFiles, file: SqlFile) -> str:
    return ", ".join(map(_literal, (file.name, file.digest, files.version, file.source)))


def _literal(text: str) -> str:
    """A string in SQL that means the same under any setting of the server."""
    if not {"'", "\\", "\n"} & set(text):
        return f"'{text}'"
    tag = "file"
    while f"${tag}$" in text:
        tag += "_"
    return f"${tag}${text}${tag}$"


def _array(names: list[str]) -> str:
    return f"array[{', '.join(map(_literal, names))}]::text[]"
