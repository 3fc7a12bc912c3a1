"""Objects that are never freed need no count of their references (PEP 683).

Python writes such a count wherever it reads an object, and after a fork each write copies a page
of memory. What a process has loaded when its children are forked lives as long as they do, and
they leave without taking anything down: so its functions, classes and modules may become what None
is, an object that is not counted. Nothing else does: whether a value is still in use, a program
may want to know by a weak reference or a finalizer.
"""

import ctypes
import gc
import sys
import types
from typing import Any

_KINDS = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)
#: In CPython an object begins with its count, of which these bits say whether it counts.
_Count = ctypes.c_uint32


def stop_counting() -> None:
    """Do so for the code that is loaded now; nothing where this Python is built in another way."""
    if not _begins_with_count():
        return
    uncounted = _count_of(None).value
    for found in gc.get_objects():
        # (isinstance would ask a lazy object for its class, and wake it.)
        if issubclass(type(found), _KINDS):
            for each in (found, _read_with(found)):
                _count_of(each).value = uncounted


def _read_with(found: Any) -> object:
    """What Python reads whenever it looks something up in this, or calls it."""
    match found:
        case types.FunctionType():
            return found.__code__
        case types.ModuleType():
            return vars(found)
        case type():
            return found.__mro__
    return None


def _begins_with_count() -> bool:
    if sys.implementation.name != "cpython" or sys.version_info < (3, 12):
        return False
    probe = object()
    before = _count_of(probe).value
    another = [probe]
    return _count_of(probe).value == before + len(another) and _count_of(
        None
    ).value == sys.getrefcount(None)


def _count_of(found: object) -> ctypes.c_uint32:
    return _Count.from_address(id(found))
