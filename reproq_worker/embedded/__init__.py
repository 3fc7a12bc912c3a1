"""A Postgres server of one's own, for the demo, the tests and development without a Postgres. Its
keeper is a program of its own, which ends the server together with the owner.
"""

from reproq_worker.embedded.server import EmbeddedPostgres, PostgresNotStarted, embedded_bin_dir

__all__ = ["EmbeddedPostgres", "PostgresNotStarted", "embedded_bin_dir"]
