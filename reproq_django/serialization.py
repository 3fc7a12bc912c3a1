"""Arguments, return values and metadata as JSON.

Arguments keep their types: what JSON cannot say travels as an object with the key
`__reproq_type__`. Whatever cannot be stored is refused with a TypeError or ValueError that names
the place, such as `args[0].customer`.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise

from . import options
from .typed_values import MARKER, decode_marked, encode_typed, plain_text

MAX_BYTES = 1_048_576
_MAX_DEPTH = 200
_MAX_INT_BITS = 4096  # Python refuses to write and read integers of more than 4300 digits.
# From here on jsonb writes floats as integers and they come back as int; and it knows no -0.0.
_EXACT_FLOAT = 1e16
_as_jsonb_writes = json.JSONEncoder(ensure_ascii=False).encode
_MARKED_FLOAT = {MARKER: "float"}
_NO_LISTS = (str, bytes, bytearray, memoryview)
#: Asked first, since most values are of these and asking for an abstract class takes long.
_PLAIN = frozenset((str, int, float, bool, type(None)))
_CONTAINERS = frozenset((list, tuple, dict))
#: JSON has at most so many bytes for each character of a repr: six for a control character.
_BYTES_A_CHARACTER = 6

type Leaf = Callable[[Any], Any]


class _Refused(Exception):
    """A value that cannot be stored, and the way to it, innermost step first."""

    def __init__(self, error: TypeError | ValueError) -> None:
        self.error = error
        self.steps: list[Any] = []

    def at(self, root: str) -> TypeError | ValueError:
        place = root + "".join(
            f".{s}" if isinstance(s, str) and s.isidentifier() else f"[{s!r}]"
            for s in reversed(self.steps)
        )
        return type(self.error)(f"{self.error}: {place}")


def encode(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return a call's arguments as JSON values, or raise TypeError or ValueError."""
    encoded_args = _encoded(list(args), "args", encode_typed) if args else []
    encoded_kwargs = _encoded(kwargs, "kwargs", encode_typed) if kwargs else {}
    _check_size(encoded_args, lambda: ((f"args[{i}]", v) for i, v in enumerate(encoded_args)))
    _check_size(encoded_kwargs, lambda: ((f"kwargs.{k}", v) for k, v in encoded_kwargs.items()))
    return encoded_args, encoded_kwargs


def decode(args: Any, kwargs: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return stored arguments as what they were, or raise DeserializationError."""
    return _decoded(args), _decoded(kwargs)


def encode_return_value(value: Any) -> Any:
    """Return what a task returned as JSON values, or raise TypeError or ValueError."""
    try:
        return _walk(value, _no_leaf, (), int_keys=True)
    except _Refused as e:
        if isinstance(e.error, TypeError) and not e.steps:
            raise TypeError(
                f"Return value of type {type(value).__name__} is not JSON serializable"
            ) from e
        at = e.at("return value")
        raise type(at)(
            f"Return value of type {type(value).__name__} is not JSON serializable: {at}"
        ) from e


def encode_metadata(metadata: Any) -> dict[str, Any]:
    """Return metadata as JSON values, with dates, decimals and UUIDs as text."""
    if not isinstance(metadata, Mapping):
        raise TypeError(f"metadata must be a dict, not {type(metadata).__name__}.")
    return _encoded(metadata, "metadata", plain_text, int_keys=True)


def listed(value: Any) -> Any:
    """Copy arguments as the task will see them: sequences become lists, mappings dicts."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is list or kind is tuple:
        return [listed(v) for v in value]
    if kind is dict or isinstance(value, Mapping):
        return {k: listed(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, _NO_LISTS):
        return [listed(v) for v in value]
    return value


def _encoded(value: Any, root: str, leaf: Leaf, *, int_keys: bool = False) -> Any:
    try:
        return _walk(value, leaf, (), int_keys=int_keys)
    except _Refused as e:
        raise e.at(root) from e.error


def _walk(value: Any, leaf: Leaf, above: tuple[int, ...], *, int_keys: bool = False) -> Any:
    """Encode one value; `above` are the ids of the containers around it."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return _integer(value)
    if kind in _CONTAINERS:
        return _container(value, leaf, above, int_keys)
    if kind is str or isinstance(value, str | Promise):
        return _text(value)
    if isinstance(value, int):
        return _integer(int(value))
    if isinstance(value, float):
        return _float(float(value), leaf)
    if isinstance(value, Mapping | Sequence) and not isinstance(value, _NO_LISTS):
        return _container(value, leaf, above, int_keys)
    try:
        return leaf(value)
    except (TypeError, ValueError) as e:
        raise _Refused(e) from e


def _container(value: Any, leaf: Leaf, above: tuple[int, ...], int_keys: bool) -> Any:
    if id(value) in above:
        raise _Refused(ValueError("Circular reference"))
    if len(above) >= _MAX_DEPTH:
        raise _Refused(ValueError(f"Nested deeper than {_MAX_DEPTH} levels"))
    if leaf is encode_typed:
        _check_length(value)
    above = (*above, id(value))
    if not isinstance(value, Mapping):
        return [_step(i, v, leaf, above, int_keys) for i, v in enumerate(value)]
    encoded = {_key(k, int_keys): _step(k, v, leaf, above, int_keys) for k, v in value.items()}
    if MARKER in encoded and leaf is encode_typed:
        return {MARKER: "dict", "items": encoded}
    return encoded


def _check_length(value: Any) -> None:
    """Refuse what has more values than an argument may have bytes: a range may outgrow memory."""
    try:
        fits = len(value) <= MAX_BYTES
    except OverflowError:
        fits = False
    if not fits:
        raise _Refused(ValueError(f"More than {MAX_BYTES} values in a {type(value).__name__}"))


def _step(step: Any, value: Any, leaf: Leaf, above: tuple[int, ...], int_keys: bool) -> Any:
    try:
        return _walk(value, leaf, above, int_keys=int_keys)
    except _Refused as e:
        e.steps.append(step)
        raise


def _key(key: Any, int_keys: bool) -> str:
    if isinstance(key, str):
        return _text(key)
    if int_keys and isinstance(key, int) and not isinstance(key, bool):
        return str(int(key))
    raise _Refused(TypeError(f"Dictionary keys must be str, not {type(key).__name__}"))


def _text(value: str | Promise) -> str:
    # The text itself, which str() of an enum's member is not.
    text = str.__str__(value) if isinstance(value, str) else str(value)
    if not options.is_storable(text):
        raise _Refused(ValueError("Postgres cannot store a NUL or a lone surrogate in a text"))
    return text


def _integer(value: int) -> int:
    if value.bit_length() > _MAX_INT_BITS:
        raise _Refused(ValueError(f"Integer of more than {_MAX_INT_BITS} bits"))
    return value


def _float(value: float, leaf: Leaf) -> Any:
    if not math.isfinite(value):
        raise _Refused(ValueError(f"JSON cannot hold {value!r}"))
    inexact = abs(value) >= _EXACT_FLOAT or (not value and math.copysign(1, value) < 0)
    if inexact and leaf is encode_typed:
        return _MARKED_FLOAT | {"value": repr(value)}
    return value


def _no_leaf(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} is not JSON serializable")


def _check_size(whole: Any, parts: Callable[[], Iterable[tuple[str, Any]]]) -> None:
    """Refuse what the database would; it measures the same text."""
    if not whole or len(repr(whole)) * _BYTES_A_CHARACTER <= MAX_BYTES:
        return
    if _size(whole) > MAX_BYTES:
        size, place = max((_size(value), place) for place, value in parts())
        raise ValueError(
            f"Arguments of more than {MAX_BYTES} bytes cannot be enqueued; the largest has "
            f"{size} bytes: {place}"
        )


def _size(value: Any) -> int:
    return len(_as_jsonb_writes(value).encode())


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(v) for v in value]
    if isinstance(value, dict):
        if MARKER not in value:
            return {k: _decoded(v) for k, v in value.items()}
        if value[MARKER] == "dict" and isinstance(value.get("items"), dict):
            return {k: _decoded(v) for k, v in value["items"].items()}
        return decode_marked(value)
    return value
