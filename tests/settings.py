"""Django settings of the tests.

The database is DATABASE_URL, or the session's own server: see tests/harness/django.py.
"""

import os
from urllib.parse import unquote, urlsplit

url = urlsplit(os.environ.get("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/reproq"))

SECRET_KEY = "only for tests"
DEBUG = False
USE_TZ = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.urls"
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_SERVER = {
    "ENGINE": "django.db.backends.postgresql",
    "USER": url.username,
    "PASSWORD": url.password or "",
    "HOST": url.hostname,
    "PORT": url.port or 5432,
}
DATABASES = {
    "default": _SERVER | {"NAME": unquote(url.path.lstrip("/"))},
    # For those who keep queues in several databases.
    "queues": _SERVER | {"NAME": "reproq_queues"},
}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "reproq_django",
    "tests.shop",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# An empty list of queues takes any name.
TASKS = {"default": {"BACKEND": "reproq_django.backend.ReproqBackend", "QUEUES": []}}
