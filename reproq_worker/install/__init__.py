"""Installs, upgrades and removes the SQL of the queue: compares the files of `sql/` with what a
database has recorded, and takes the steps from one to the other. Also tells roles apart.
"""

from reproq_worker.install.installer import install, is_installed, plan, script, uninstall
from reproq_worker.install.roles import grant, revoke, revoke_all
from reproq_worker.install.sql_files import sql_directory

__all__ = [
    "grant",
    "install",
    "is_installed",
    "plan",
    "revoke",
    "revoke_all",
    "script",
    "sql_directory",
    "uninstall",
]
