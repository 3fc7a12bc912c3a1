"""Living under systemd: units to start from, and what a service tells its manager."""
