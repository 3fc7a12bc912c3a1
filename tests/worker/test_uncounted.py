"""What is no longer counted before children are forked, and what still is."""

import subprocess
import sys

COUNTS = """
import gc, sys, weakref
from reproq_worker.executors import uncounted

class Thing: pass

def code(): pass

thing = Thing()
values = {"thing": thing, "text": "".join(["not", "known"]), "list": []}
uncounted.stop_counting()
none = sys.getrefcount(None)
for each in (Thing, code, code.__code__, gc, vars(gc), Thing.__mro__, list.append):
    assert sys.getrefcount(each) == none, each
for each in values.values():
    assert sys.getrefcount(each) < 10, each

# What is dropped is still missed, and what is not counted can still be used and changed.
gone = []
weakref.finalize(thing, gone.append, "thing")
del thing, values
assert gone == ["thing"]
for _ in range(1000):
    code(), Thing(), [code, Thing, code.__code__] * 1000
del code, Thing
gc.collect()
"""


def test_code_is_not_counted_any_more_and_values_are():
    subprocess.run([sys.executable, "-c", COUNTS], check=True)
