"""The source files of the Python that runs this, and what is in them."""

import ast
import sysconfig
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(sysconfig.get_path("stdlib"))


def source_files(package: str = ".") -> Iterator[str]:
    """The path of every source file, or of those of a package; relative to ROOT."""
    for path in sorted((ROOT / package).rglob("*.py")):
        relative = path.relative_to(ROOT)
        # Not part of the standard library, though it often lies there.
        if relative.parts[0] not in ("site-packages", "dist-packages"):
            yield relative.as_posix()


def survey_source(source: bytes) -> dict[str, int]:
    """Count the lines, functions and classes of a source file; SyntaxError if it is not Python."""
    with warnings.catch_warnings(action="ignore"):
        tree = ast.parse(source)
    found = Counter(type(statement) for statement in statements(tree))
    return {
        "lines": len(source.splitlines()),
        "functions": found[ast.FunctionDef] + found[ast.AsyncFunctionDef],
        "classes": found[ast.ClassDef],
    }


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """A node and every statement in it: what ast.walk() yields, without the expressions."""
    unseen = [tree]
    while unseen:
        node = unseen.pop()
        yield node
        for block in ("body", "orelse", "handlers", "finalbody", "cases"):
            below = getattr(node, block, None)
            unseen += below if isinstance(below, list) else []
