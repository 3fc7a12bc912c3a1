"""The types that arguments keep beyond JSON, each as an object with the key `__reproq_type__`."""

import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.db.utils import ConnectionDoesNotExist

from .exceptions import DeserializationError

MARKER = "__reproq_type__"


def encode_typed(value: Any) -> dict[str, Any]:
    """Return the marker object of a value, or raise TypeError or ValueError."""
    if isinstance(value, Model):
        return {MARKER: "model", **_model_reference(value)}
    if isinstance(value, timedelta):
        return {
            MARKER: "timedelta",
            "days": value.days,
            "seconds": value.seconds,
            "microseconds": value.microseconds,
        }
    if isinstance(value, datetime):
        return {MARKER: "datetime", "value": value.isoformat(), **_zone(value)}
    if isinstance(value, date):
        return {MARKER: "date", "value": value.isoformat()}
    if isinstance(value, time):
        return {MARKER: "time", "value": value.isoformat(), **_zone(value)}
    if isinstance(value, Decimal):
        return {MARKER: "decimal", "value": str(value)}
    if isinstance(value, uuid.UUID):
        return {MARKER: "uuid", "value": str(value)}
    raise TypeError(f"Object of type {type(value).__name__} cannot be enqueued")


def plain_text(value: Any) -> str:
    """Return a date, a duration, a decimal or a UUID as text, or raise TypeError."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta | Decimal | uuid.UUID):
        return str(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def decode_marked(marked: dict[str, Any]) -> Any:
    """Return the value of a marker object, or raise DeserializationError."""
    name = marked[MARKER]
    decoder = _DECODERS.get(name) if isinstance(name, str) else None
    if decoder is None:
        raise DeserializationError(f"Unknown payload type: {name}")
    try:
        return decoder(marked)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as e:
        raise DeserializationError(f"Invalid payload of type {name}: {e!r}") from e


def _zone(value: datetime | time) -> dict[str, Any]:
    """What the ISO format leaves out: the zone behind the offset, and which of two equal times."""
    # An offset alone would not compare equal to a time in a repeated hour.
    if not isinstance(value.tzinfo, ZoneInfo) or value.tzinfo.key is None:
        return {"fold": 1} if value.fold else {}
    return {"zone": value.tzinfo.key, "fold": value.fold}


def _in_zone[T: (datetime, time)](value: T, marked: dict[str, Any]) -> T:
    zone = ZoneInfo(marked["zone"]) if "zone" in marked else value.tzinfo
    return value.replace(tzinfo=zone, fold=marked.get("fold", 0))


def _model_reference(instance: Model) -> dict[str, Any]:
    pk = instance.pk
    parts = pk if isinstance(pk, tuple) else (pk,)
    if any(part is None for part in parts):
        raise ValueError(
            f"Cannot serialize model instance without primary key ({instance._meta.label_lower})"
        )
    meta = instance._meta
    reference: dict[str, Any] = {
        "app_label": meta.app_label,
        "model": meta.model_name,
        "pk": [str(part) for part in pk] if isinstance(pk, tuple) else str(pk),
    }
    if instance._state.db is not None:
        reference["database"] = instance._state.db
    return reference


def _model(marked: dict[str, Any]) -> Model:
    app_label, model_name, pk = marked["app_label"], marked["model"], marked["pk"]
    named = f"{app_label}.{model_name}({', '.join(pk) if isinstance(pk, list) else pk})"
    try:
        model = apps.get_model(app_label, model_name)
    except LookupError as e:
        raise DeserializationError(f"Model of {named} not found") from e
    manager = model._base_manager
    if database := marked.get("database"):
        manager = manager.using(database)
    try:
        return manager.get(pk=tuple(pk) if isinstance(pk, list) else pk)
    except (model.DoesNotExist, ValidationError) as e:
        raise DeserializationError(f"Model instance {named} not found") from e
    except ConnectionDoesNotExist as e:
        raise DeserializationError(f"Model instance {named}: no database {database!r}") from e


_DECODERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "timedelta": lambda m: timedelta(m["days"], m["seconds"], m["microseconds"]),
    "datetime": lambda m: _in_zone(datetime.fromisoformat(m["value"]), m),
    "date": lambda m: date.fromisoformat(m["value"]),
    "time": lambda m: _in_zone(time.fromisoformat(m["value"]), m),
    "decimal": lambda m: Decimal(m["value"]),
    "uuid": lambda m: uuid.UUID(m["value"]),
    "float": lambda m: float(m["value"]),
    "model": _model,
}
