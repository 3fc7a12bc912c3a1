"""JWTs of the monitor and of Django's pages about it: how they are signed, and which are right."""

import secrets
import time
from typing import Any

import jwt

AUDIENCES = ["reproq-tui", "reproq-worker"]
ISSUER = "reproq-django"
#: Whatever is longer is no token of ours.
_LONGEST = 8192


def issue(key: str, user_id: str, username: str, seconds: int) -> tuple[str, int]:
    """A superuser's token for so many seconds, and when it ends, in seconds since 1970."""
    now = int(time.time())
    said = {
        "sub": user_id,
        "username": username,
        "superuser": True,
        "iat": now,
        "exp": now + seconds,
        "iss": ISSUER,
        "aud": AUDIENCES[0],
        "jti": secrets.token_hex(8),
    }
    return jwt.encode(said, key, "HS256"), now + seconds


def claims(token: bytes, key: str) -> dict[str, Any] | None:
    """What a token says, where it is signed with this key, in time, for us and a superuser's."""
    if token.count(b".") != 2 or len(token) > _LONGEST:
        return None
    try:
        found: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            audience=AUDIENCES,
            options={"require": ["exp", "aud"]},
        )
    except (jwt.PyJWTError, ValueError):
        return None
    is_ours = found.get("superuser") is True and found.get("iss", ISSUER) == ISSUER
    return found if is_ours else None
