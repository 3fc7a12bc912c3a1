"""A second writer of jsonb text, beside Postgres, for contracts/spec_hash.json."""

import hashlib
import json
from decimal import Decimal
from pathlib import Path

CONTRACT = Path(__file__).parents[2] / "contracts" / "spec_hash.json"


def vectors():
    """The contract's vectors, with numbers as they are written there."""
    return json.loads(CONTRACT.read_text(), parse_float=Decimal)["vectors"]


def jsonb_text(value):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda k: (len(k.encode()), k.encode()))
        return "{" + ", ".join(f"{_string(k)}: {jsonb_text(value[k])}" for k in keys) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(jsonb_text, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return _string(value) if isinstance(value, str) else json.dumps(value)


def spec_hash(spec):
    return hashlib.sha256(jsonb_text(spec).encode()).hexdigest()


def _string(value):
    return json.dumps(value, ensure_ascii=False)
