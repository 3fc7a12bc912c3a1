"""Settings of the example. DATABASE_URL says where its Postgres is; everything is in that one."""

import os
import secrets

from psycopg.conninfo import conninfo_to_dict

_database = conninfo_to_dict(os.environ.get("DATABASE_URL", "postgresql:///census"))

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database["dbname"],
        "USER": _database.get("user", ""),
        "PASSWORD": _database.get("password", ""),
        "HOST": _database.get("host", ""),
        "PORT": _database.get("port", ""),
    }
}

# What is new: the app, and the backend with its queues. An empty list would allow every name.
INSTALLED_APPS = [
    "reproq_django",
    "census",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
TASKS = {
    "default": {
        "BACKEND": "reproq_django.backend.ReproqBackend",
        "QUEUES": ["default", "reports"],
        "OPTIONS": {"TIMEOUT_SECONDS": 60, "MAX_ATTEMPTS": 3, "BACKOFF": "500ms"},
    }
}

# The rest is what `django-admin startproject` writes, cut down to what the admin needs.
SECRET_KEY = os.environ.get("SECRET_KEY") or secrets.token_hex()
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "website.urls"
STATIC_URL = "static/"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
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
