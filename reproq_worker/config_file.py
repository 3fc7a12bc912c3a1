"""Finding and reading a configuration file; what its keys mean is the commands' affair."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reproq_worker.errors import ConfigError

NAMES = (
    "reproq.yaml",
    "reproq.yml",
    "reproq.toml",
    ".reproq.yaml",
    ".reproq.yml",
    ".reproq.toml",
)
"""What is looked for in the working directory, in this order, when no file is named."""


def discover(folder: Path | None = None) -> Path | None:
    """The first file of NAMES that is there."""
    folder = folder or Path()
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def read(path: Path) -> dict[str, Any]:
    """The file's values, each under its dotted name; ConfigError naming file and place."""
    try:
        return dict(_flat(path, _parse(path, path.read_text(encoding="utf-8"))))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None


def _parse(path: Path, text: str) -> Any:
    match path.suffix:
        case ".toml":
            try:
                return tomllib.loads(text)
            except tomllib.TOMLDecodeError as error:
                raise ConfigError(f"{path}: is not TOML: {error}") from None
        case ".yaml" | ".yml":
            return _parse_yaml(path, text)
    raise ConfigError(f"{path}: unsupported config extension; use .yaml, .yml or .toml")


def _parse_yaml(path: Path, text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise ConfigError(f"{path}: YAML needs PyYAML: pip install 'reproq[yaml]'") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        # Its message quotes the line, which may hold a password.
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ConfigError(f"{path}: is not YAML{place}") from None


def _flat(path: Path, tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if tree is None:  # an empty file, or a section whose keys are all commented out
        return
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: {prefix.rstrip('.') or 'the file'} must hold keys and values")
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) or (not prefix and value is None):
            yield from _flat(path, value, f"{name}.")
            if not value and prefix:
                raise ConfigError(f"{path}: {name} must be a single value")
        elif value is not None:
            yield name, value
