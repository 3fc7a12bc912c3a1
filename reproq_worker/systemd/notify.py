"""What a service tells systemd: that it is ready, that it lives, that it is leaving.

One datagram each, to the socket that systemd names; without one nothing is told.
"""

import contextlib
import os
import socket
import time


class ServiceManager:
    """Whoever has started this process and wants to know how it is."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        # Set for another process, when this one was started by a service and not as one.
        meant = os.environ.get("WATCHDOG_PID") in (None, str(os.getpid()))
        microseconds = os.environ.get("WATCHDOG_USEC", "") if meant else ""
        #: Seconds after which a silent service is killed; 0 without a watchdog.
        self.patience = int(microseconds) / 1e6 if microseconds.isdecimal() else 0.0

    def ready(self) -> None:
        """The service does its work from now on."""
        self._tell("READY=1")

    def alive(self) -> None:
        """The loop that does the work turns."""
        if self.patience:
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The service is about to end."""
        self._tell("STOPPING=1")

    def reloading(self) -> None:
        """The service begins anew in this very process, and says again when it is ready."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
        ):
            channel.setblocking(False)
            channel.sendto(state.encode(), self._address)
