"""Installs, upgrades and removes the SQL of the queue: compares the files of `sql/` with what a
database has recorded, and takes the steps from one to the other.
"""

from reproq_worker.install.installer import install, is_installed, plan, script, uninstall
from reproq_worker.install.sql_files import sql_directory

__all__ = ["install", "is_installed", "plan", "script", "sql_directory", "uninstall"]
