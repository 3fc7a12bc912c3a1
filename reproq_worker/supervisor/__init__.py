"""The worker itself: claims runs, keeps their leases, hands them to an executor and delivers how
they ended. Start at `supervisor.py`, which wires the parts; `pump.py` is the loop
between Postgres and the ledger, `starter.py` takes what was claimed to the executor.
"""
