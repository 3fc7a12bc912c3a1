"""What the web pages are told by the environment or by Django's settings, in this order."""

import os

from django.conf import settings

_ON = {"1", "true", "yes", "on"}
_OFF = {"", "0", "false", "no", "off", "none", "disabled"}


def read(name: str, default: str = "") -> str:
    """The text that the environment, else the setting of this name holds."""
    value = os.environ.get(name) or getattr(settings, name, None)
    return default if value in (None, "") else str(value).strip()


def is_given(name: str) -> bool:
    """Whether it is there at all, also as an empty text."""
    return name in os.environ or hasattr(settings, name)


def is_on(name: str) -> bool:
    """Whether it says 1, true, yes or on."""
    return read(name).lower() in _ON


def is_off(text: str) -> bool:
    """Whether a text says that something is not to be: empty, 0, false, no, off, none, disabled."""
    return text.strip().lower() in _OFF


def token() -> str:
    """METRICS_AUTH_TOKEN: what programs show; empty when none is answered."""
    return read("METRICS_AUTH_TOKEN")


def tasks_token() -> str:
    """REPROQ_TASKS_TOKEN: what programs show that run and read tasks; else the other one."""
    return read("REPROQ_TASKS_TOKEN") or token()


def signing_key() -> str:
    """METRICS_JWT_SECRET: what JWTs are signed with; else METRICS_AUTH_TOKEN."""
    return read("METRICS_JWT_SECRET") or token()


def is_low_on_memory() -> bool:
    """LOW_MEMORY_MODE: workers serve no metrics, so there is nothing to pass on."""
    return is_on("LOW_MEMORY_MODE")
