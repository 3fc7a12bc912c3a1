"""`python -m reproq_django.executor`: one run in a process of its own. See `protocol.py`."""

from .protocol import main

if __name__ == "__main__":
    main()
