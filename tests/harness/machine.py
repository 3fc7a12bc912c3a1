"""What of the tests' needs this machine has."""

import os
import shutil
from pathlib import Path

NEWEST = "pg18"
OLDER = "pg15"

#: Where the older server's binaries are; another version can be tried in its place.
SYSTEM_BIN = Path(os.environ.get("OLDER_POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))
SYSTEM_SHARE = Path("/usr/share/postgresql/15")


def available() -> list[str]:
    """The servers that can be started on this machine."""
    return [NEWEST] + ([OLDER] if (SYSTEM_BIN / "postgres").exists() else [])


def has_pgtap() -> bool:
    return (SYSTEM_SHARE / "extension" / "pgtap.control").exists()


def has_pg_cron() -> bool:
    return (SYSTEM_BIN.parent / "lib" / "pg_cron.so").exists()


def chromium() -> str | None:
    """The browser that looks at the admin; none is downloaded."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def missing() -> list[str]:
    """What this machine lacks for a whole run, in words."""
    gaps = []
    if OLDER not in available():
        gaps.append("PostgreSQL 15 (Debian: postgresql-15)")
    if not has_pgtap():
        gaps.append("pgTAP (Debian: pgtap, postgresql-15-pgtap)")
    if shutil.which("pg_prove") is None:
        gaps.append("pg_prove (Debian: libtap-parser-sourcehandler-pgtap-perl)")
    if not (SYSTEM_SHARE / "extension" / "plpgsql_check.control").exists():
        gaps.append("plpgsql_check (Debian: postgresql-15-plpgsql-check)")
    if not has_pg_cron():
        gaps.append("pg_cron (Debian: postgresql-15-cron)")
    if shutil.which("pgbouncer") is None and not Path("/usr/sbin/pgbouncer").exists():
        gaps.append("PgBouncer (Debian: pgbouncer)")
    if chromium() is None:
        gaps.append("Chromium (Debian: chromium)")
    if shutil.which("node") is None:
        gaps.append("Node.js (Debian: nodejs)")
    if shutil.which("msgfmt") is None or shutil.which("xgettext") is None:
        gaps.append("gettext (Debian: gettext)")
    if shutil.which("systemd-analyze") is None:
        gaps.append("systemd-analyze (Debian: systemd)")
    return gaps


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true")
