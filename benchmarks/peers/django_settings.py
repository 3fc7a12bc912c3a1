"""Settings of the Django systems: the backend and its app come from the environment."""

import os
from urllib.parse import urlsplit

SECRET_KEY = "benchmark"
USE_TZ = True
DEBUG = False
INSTALLED_APPS = [app for app in os.environ["BENCH_DJANGO_APP"].split(",") if app]
INSTALLED_APPS += ["benchmarks.peers.django_app"]
ALLOWED_TASK_MODULES = "*"

_service = os.environ["BENCH_SERVICE"]
TASKS = {"default": {"BACKEND": os.environ["BENCH_DJANGO_BACKEND"]}}
DATABASES = {}
if _service.startswith("postgresql:"):
    _url = urlsplit(_service)
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _url.hostname,
        "PORT": _url.port,
        "USER": _url.username,
        "NAME": _url.path[1:],
        # As in production: a connection is kept.
        "CONN_MAX_AGE": None,
    }
else:
    TASKS["default"]["OPTIONS"] = {"REDIS_URL": _service}
