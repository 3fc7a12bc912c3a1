"""Real work under real faults, on a queue of its own, and a verdict at the end.

`work.py` says what is enqueued and what must become of it, `executor.py` is what workers run,
`run.py` starts workers and kills them, `verdict.py` looks at what the database holds afterwards.
"""
