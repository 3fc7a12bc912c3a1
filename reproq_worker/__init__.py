"""The Reproq worker: installs the SQL, claims runs from Postgres and lets executors run them.

    cli/         the `reproq` command, a shell over the rest
    install/     brings the SQL into a database, upgrades it, takes it away
    supervisor/  the worker itself: claims runs, keeps leases, delivers outcomes
    executors/   what runs tasks: processes forked from a zygote, or threads
    embedded/    a Postgres of one's own for the demo, the tests and development

Arrows point down: cli -> supervisor -> executors. The files beside this one are what they share: a
worker's settings (config), a run that it holds (held), how a run ended (outcomes), SQL by name
(call) and what the database refuses (errors). No Django here: an executor loads it by name.
"""

__version__ = "0.1.0"
