"""Whom the monitor answers."""

import time

import jwt
import pytest

from reproq_worker.monitor.config import MonitorConfig
from reproq_worker.monitor.guard import Guard

TOKEN = "a-token-of-more-than-sixty-four-bytes-as-the-longest-hash-wants-it"
CLAIMS = {"aud": "reproq-tui", "superuser": True, "iss": "reproq-django", "sub": "1"}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def guard(clock=None, **settings) -> Guard:
    settings = {"addr": "127.0.0.1:0", "auth_token": TOKEN} | settings
    return Guard(MonitorConfig(**settings), clock or Clock())


def status(guard: Guard, authorization: str = "", address: str | None = "10.0.0.1") -> int:
    refusal = guard.refusal(address, authorization.encode("latin-1"))
    return refusal[0] if refusal else 200


def signed(key=TOKEN, algorithm="HS256", **claims) -> str:
    given = CLAIMS | {"exp": time.time() + 3600} | claims
    given = {name: value for name, value in given.items() if value is not None}
    return f"Bearer {jwt.encode(given, key, algorithm)}"


@pytest.mark.parametrize(
    ("authorization", "answer"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN} ", 200),
        ("", 401),
        ("Bearer", 401),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer \xff\xfe", 401),
        ("Bearer " + "x" * 60_000, 401),
    ],
)
def test_the_token_alone_is_right(authorization, answer):
    assert status(guard(), authorization) == answer


@pytest.mark.parametrize(
    ("token", "answer"),
    [
        (signed(), 200),
        (signed(aud="reproq-worker"), 200),
        (signed(aud=["else", "reproq-tui"]), 200),
        (signed(iss=None), 200),
        (signed(iss="somebody"), 401),
        (signed(aud="else"), 401),
        (signed(aud=None), 401),
        (signed(superuser=False), 401),
        (signed(superuser="true"), 401),
        (signed(exp=time.time() - 1), 401),
        (signed(exp=None), 401),
        (signed(exp="soon"), 401),
        (signed(key=TOKEN + "x"), 401),
        (signed(algorithm="HS512"), 401),
        (signed(key="", algorithm="none"), 401),
        (signed()[:-3], 401),
        ("Bearer a.b.c", 401),
        ("Bearer ..", 401),
    ],
)
def test_a_jwt_must_be_signed_in_time_and_for_us(token, answer):
    assert status(guard(), token) == answer


def test_jwts_can_have_a_secret_of_their_own():
    own = guard(jwt_secret="another-secret-of-more-than-32-bytes!")
    assert status(own, signed(key="another-secret-of-more-than-32-bytes!")) == 200
    assert status(own, signed()) == 401
    assert status(own, f"Bearer {TOKEN}") == 200


def test_after_too_many_failures_even_the_right_token_is_refused_for_the_window():
    clock = Clock()
    strict = guard(clock, auth_limit=2, auth_window=60)
    right = f"Bearer {TOKEN}"
    assert [status(strict, "Bearer x") for _ in range(3)] == [401, 401, 429]
    assert status(strict, right) == 429
    assert status(strict, right, address="10.0.0.2") == 200
    clock.now += 60
    assert status(strict, right) == 200
    assert status(strict, "Bearer x") == 401


def test_only_so_many_addresses_are_remembered():
    strict = guard(auth_limit=1, auth_max_entries=2)
    addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    for address in addresses:
        assert status(strict, "", address) == 401
    assert [status(strict, "", a) for a in reversed(addresses)] == [429, 429, 401]


@pytest.mark.parametrize(
    ("listed", "address", "answer"),
    [
        (["10.0.0.0/8"], "10.1.2.3", 200),
        (["10.0.0.0/8"], "11.1.2.3", 403),
        (["10.0.0.7"], "10.0.0.7", 200),
        (["localhost"], "127.0.0.1", 200),
        (["localhost"], "::1", 200),
        (["localhost"], "::ffff:127.0.0.1", 200),
        (["fd00::/8"], "fd00::1", 200),
        (["localhost"], None, 403),
        (["localhost"], "nonsense", 403),
    ],
)
def test_with_a_list_only_its_addresses_are_answered(listed, address, answer):
    assert status(guard(allow_cidrs=tuple(listed), auth_token=None), "", address) == answer
