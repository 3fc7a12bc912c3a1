"""The SQL that this package carries, read from its files."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reproq_worker import __version__

_MIGRATION = re.compile(r"([0-9]{4})_[a-z0-9_]+", re.ASCII)


def sql_directory() -> Path:
    """Where the SQL lies: inside the installed package, else beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "sql"
    return installed if installed.is_dir() else package.parent / "sql"


def installer_sql(name: str) -> str:
    """One of the installer's own statements; they always come from this package."""
    return (sql_directory() / "installer" / f"{name}.sql").read_text("utf-8")


@dataclass(frozen=True)
class SqlFile:
    """A file of SQL; its name is what it is recorded under."""

    name: str
    source: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.source.encode()).hexdigest()

    @property
    def number(self) -> int:
        """A migration's place in their order."""
        return int(self.name.split("_")[0])


@dataclass(frozen=True)
class SqlFiles:
    """All that one release installs."""

    version: str
    migrations: list[SqlFile]
    functions: list[SqlFile]

    @classmethod
    def read(cls, directory: Path | None = None, version: str = __version__) -> Self:
        """Reads `migrations` and `functions` under the directory, by default this package's.

        Raises FileNotFoundError when there are no migrations, ValueError for one that is not named
        NNNN_name.sql or whose number is taken.
        """
        root = directory or sql_directory()
        files = cls(version, _read_folder(root / "migrations"), _read_folder(root / "functions"))
        if not files.migrations:
            raise FileNotFoundError(f"no migrations in {root / 'migrations'}")
        for file in files.migrations:
            if not _MIGRATION.fullmatch(file.name):
                raise ValueError(f"a migration is named NNNN_name.sql, not {file.name}.sql")
        numbers = [file.number for file in files.migrations]
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"two migrations have the same number in {root / 'migrations'}")
        return files


def _read_folder(folder: Path) -> list[SqlFile]:
    return [SqlFile(path.stem, path.read_text("utf-8")) for path in sorted(folder.glob("*.sql"))]
