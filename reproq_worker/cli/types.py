"""Kinds of values that options take, from a command line, an environment or a file."""

from datetime import timedelta
from typing import Any

import click

from reproq_worker import durations, sizes


class Duration(click.ParamType):
    """Seconds, from `30`, `500ms`, `1m30s`."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse; what is no duration fails naming the option."""
        try:
            return durations.parse(value) / timedelta(seconds=1)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Pause(Duration):
    """A duration, or one of the words for never."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse; `off`, `no` and `false` are 0."""
        if isinstance(value, str) and value.strip().lower() in ("off", "no", "false"):
            return 0.0
        return super().convert(value, param, ctx)


class Size(click.ParamType):
    """Bytes, from `1048576`, `512M`, `2G`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse; what is no size fails naming the option."""
        try:
            return sizes.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Words(click.ParamType):
    """A tuple of words, from `a, b` or a list; blanks and repetitions are dropped."""

    name = "list"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Split at commas."""
        words = value.split(",") if isinstance(value, str) else value
        return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


DURATION = Duration()
PAUSE = Pause()
SIZE = Size()
WORDS = Words()

#: What each kind is written as in a file, where 10 and "10" are not the same.
WRITTEN_AS: dict[str, tuple[str, tuple[type, ...]]] = {
    "integer": ("a whole number", (int,)),
    "integer range": ("a whole number", (int,)),
    "float": ("a number", (int, float)),
    "duration": ("a duration, such as 30s or a number of seconds", (str, int, float)),
    "size": ("a size, such as 512M or a number of bytes", (str, int)),
    "list": ("a list of texts, or a text with commas", (str, list)),
    "boolean": ("true or false", (bool,)),
}
