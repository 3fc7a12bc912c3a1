"""Where a worker's monitor is: what a terminal is told, and from where this site passes it on."""

from collections.abc import Callable
from urllib.parse import urlsplit

from . import web_settings

_DEFAULT = "127.0.0.1:9090"
_PATHS = {"metrics": "/metrics", "healthz": "/healthz", "events": "/events"}
#: Setting, key of the answer, and what it ends in.
_PUBLIC = (
    ("REPROQ_TUI_WORKER_METRICS_URL", "worker_metrics_url", "metrics"),
    ("REPROQ_TUI_WORKER_HEALTH_URL", "worker_health_url", "healthz"),
    ("REPROQ_TUI_EVENTS_URL", "events_url", "events"),
)


def config(proxy_url: Callable[[str], str]) -> dict[str, object]:
    """What a terminal is told; `proxy_url` makes the address of metrics, healthz or events here.

    From REPROQ_TUI_WORKER_URL and its three companions, each derived from the others where it is
    missing; without any of them the addresses of this site.
    """
    base = _public_base()
    said: dict[str, object] = {"worker_url": base} if base else {}
    for setting, key, kind in _PUBLIC:
        said[key] = web_settings.read(setting) or (base + _PATHS[kind] if base else proxy_url(kind))
    is_low = web_settings.is_low_on_memory()
    if is_low or not has_events():
        del said["events_url"]
    return said | ({"low_memory_mode": True} if is_low else {})


def has_events() -> bool:
    """Whether events are passed on and told of: REPROQ_TUI_DISABLE_EVENTS says no."""
    return not web_settings.is_on("REPROQ_TUI_DISABLE_EVENTS")


def target(kind: str) -> str | None:
    """The worker's own address of metrics, healthz or events, None where there is none.

    From REPROQ_TUI_WORKER_INTERNAL_URL, METRICS_ADDR or METRICS_PORT, else 127.0.0.1:9090.
    """
    base = internal_url()
    return base and base + _PATHS[kind]


def internal_url() -> str | None:
    """The worker's monitor as this process reaches it."""
    port = web_settings.read("METRICS_PORT")
    text = (
        web_settings.read("REPROQ_TUI_WORKER_INTERNAL_URL")
        or web_settings.read("METRICS_ADDR")
        or (f":{port}" if port else _DEFAULT)
    )
    if web_settings.is_off(text):
        return None
    if "://" not in text:
        text = f"http://{_reachable(text)}"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return text.rstrip("/")


def _reachable(address: str) -> str:
    """host:port of an address to listen at: where that is every interface, this machine."""
    host, colon, port = address.rpartition(":")
    if not colon:
        return address
    return f"127.0.0.1:{port}" if host in ("", "0.0.0.0", "[::]", "::", "*") else address


def _public_base() -> str:
    base = web_settings.read("REPROQ_TUI_WORKER_URL")
    if base:
        return base.rstrip("/")
    for setting, _, kind in _PUBLIC:
        url = web_settings.read(setting)
        if url:
            return url.rstrip("/").removesuffix(_PATHS[kind]).rstrip("/")
    return ""
