"""What a worker shows over HTTP: /metrics, /healthz, /events. Off unless an address is given.

The supervisor tells an `Observer` what happens; `Monitor` (server.py) collects it and serves it
from a thread and an event loop of its own. Needs the extra `metrics`.
"""
