"""What the tests stand on: servers, databases, a clock that can be moved, pgTAP files as items."""
