"""Where the benchmark keeps things, and the one way in which it speaks to people."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".reproq" / "bench"
DOCS = ROOT / "docs"


def say(text: str) -> None:
    print(f"./run bench: {text}", file=sys.stderr, flush=True)
