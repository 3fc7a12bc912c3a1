"""What the installer recorded in a database, and how that differs from the files."""

from dataclasses import dataclass
from typing import Any, Self

from reproq_worker.errors import InvalidArgument
from reproq_worker.install.sql_files import SqlFiles, installer_sql

_STATE_FOR_ROLES = "select i.kind, i.name, i.digest from {schema}.reproq_installed() i"


@dataclass(frozen=True)
class Installed:
    """The records of one schema: digests by name. Reading them takes no lock."""

    schema: str
    exists: bool
    readable: bool
    migrations: dict[str, str]
    functions: dict[str, str]
    adoptable: list[str]

    @classmethod
    def read(cls, cursor: Any, schema: str | None) -> Self:
        """Reads the schema's records; None finds the schema by the connection's search path.

        A role that may not read the tables is told by a function. Raises InvalidArgument when
        there is no such schema.
        """
        name, quoted, exists, readable = _find_schema(cursor, schema)
        if not exists:
            cursor.execute(installer_sql("adopt/look").replace("{schema}", "%s"), [name])
            adoptable = [table for row in cursor.fetchall() for table in values(row)]
            return cls(name, False, False, {}, {}, adoptable)
        state = installer_sql("state") if readable else _STATE_FOR_ROLES
        cursor.execute(state.replace("{schema}", quoted))
        rows = [values(row) for row in cursor.fetchall()]
        migrations = {name: digest for kind, name, digest in rows if kind == "migration"}
        functions = {name: digest for kind, name, digest in rows if kind == "function"}
        return cls(name, True, readable, migrations, functions, [])

    def steps_to(self, files: SqlFiles) -> list[str]:
        """What sets the files apart from the database, as steps; empty when they agree."""
        return [
            *(f"adopt the table {name} with its rows" for name in self.adoptable),
            *self._migration_steps(files),
            *self._function_steps(files),
        ]

    def _migration_steps(self, files: SqlFiles) -> list[str]:
        wanted = {file.name: file.digest for file in files.migrations}
        return [
            *(f"apply the migration {name}" for name in wanted if name not in self.migrations),
            *(
                f"refuse: the migration {name} differs"
                for name, digest in self.migrations.items()
                if wanted.get(name) != digest
            ),
        ]

    def _function_steps(self, files: SqlFiles) -> list[str]:
        wanted = {file.name: file.digest for file in files.functions}
        return [
            *(f"drop the function {name}" for name in self.functions if name not in wanted),
            *(f"create the function {name}" for name in wanted if name not in self.functions),
            *(
                f"replace the function {name}"
                for name, digest in self.functions.items()
                if wanted.get(name, digest) != digest
            ),
        ]


def _find_schema(cursor: Any, schema: str | None) -> list[Any]:
    wanted = f"(\n{installer_sql('schema')})" if schema is None else "%s"
    look = installer_sql("look").replace("{wanted}", wanted)
    cursor.execute(look, None if schema is None else [schema])
    row = cursor.fetchone()
    if row is not None:
        return values(row)
    if schema is None:
        raise InvalidArgument("no schema of the connection's search_path exists")
    raise InvalidArgument(f"the schema {schema} does not exist")


def values(row: Any) -> list[Any]:
    """A row's values, whether the cursor makes tuples or dicts."""
    return list(row.values()) if isinstance(row, dict) else list(row)
