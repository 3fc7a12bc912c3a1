"""Reading what a form says."""

from collections.abc import Mapping

from .base import Refusal


def whole_number(
    form: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = 1_000_000
) -> int:
    """The number in a field, or its default where it is empty; 400 for what is none."""
    text = (form.get(name) or "").strip()
    if not text:
        return default
    # (Python would also read 1_000 and digits of other scripts.)
    if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
        return int(text)
    raise Refusal(400, f"{name} must be a whole number between {least} and {most}")


def flag(form: Mapping[str, str], name: str) -> bool:
    """Whether a field says true."""
    return (form.get(name) or "").strip().lower() in ("1", "true", "yes", "on")


def text(form: Mapping[str, str], name: str, default: str | None = None) -> str | None:
    """The text in a field, or its default where it is empty; 400 for what no name can be."""
    value = form.get(name) or default
    if value is not None and ("\x00" in value or len(value) > 255):
        raise Refusal(400, f"{name} must be at most 255 characters without NUL")
    return value
