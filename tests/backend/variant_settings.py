"""The tests' settings with what VARIANT names, for processes of test_migrate.py."""

import os

from tests.settings import *  # noqa: F403

variant = os.environ["VARIANT"]

if variant == "nomigrations":

    class NoMigrations:
        """What pytest --nomigrations sets: no app has migrations."""

        def __contains__(self, app_label):
            return True

        def __getitem__(self, app_label):
            return None

    MIGRATION_MODULES = NoMigrations()

elif variant == "sqlite":
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}

elif variant == "router":
    DATABASE_ROUTERS = ["tests.backend.variant_settings.NotHere"]

elif variant == "translated":
    LANGUAGE_CODE = "fr"
    USE_TZ = False
    DEFAULT_AUTO_FIELD = "django.db.models.AutoField"


class NotHere:
    """Keeps the app off every database."""

    def allow_migrate(self, db, app_label, **hints):
        return app_label != "reproq_django"
