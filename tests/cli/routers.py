"""A router that keeps tables out of every database."""


class Nothing:
    """Nothing is to be migrated anywhere."""

    def allow_migrate(self, *args, **hints):
        return False
