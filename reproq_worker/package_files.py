"""Files that come along with the package: example configurations, a start script."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# What the examples set to something that is not the default.
_NO_DEFAULT = re.compile(r"^(?=dsn\b)", re.MULTILINE)
_METRICS = re.compile(r"^(metrics:|\[metrics\])\n(.*)\Z", re.MULTILINE | re.DOTALL)
_VALUE = re.compile(r"^([ \t]*)(?=[a-z])", re.MULTILINE)
_QUEUES = re.compile(r"^([ \t]*queues)([:=]| =).*$", re.MULTILINE)


def resource(name: str) -> Path:
    """Where a file lies: inside the installed package, else at the head of the checkout."""
    inside = _PACKAGE / "resources" / name
    return inside if inside.exists() else _PACKAGE.parent / name


def starting_config(suffix: str, queues: Sequence[str] = ("default",)) -> str:
    """A configuration to begin with: every setting with its default, and these queues."""
    kind = "toml" if suffix == ".toml" else "yaml"
    text = resource(f"reproq.example.{kind}").read_text(encoding="utf-8")
    text = _NO_DEFAULT.sub("# ", text)
    text = _METRICS.sub(lambda found: f"{found[1]}\n{_VALUE.sub(r'\1# ', found[2])}", text)
    return _QUEUES.sub(lambda found: f"{found[1]}{found[2]} {json.dumps(list(queues))}", text)
