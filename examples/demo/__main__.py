"""`./run demo`: a Postgres, a worker and real work, without anything installed beforehand.

With a terminal it goes on serving the admin until Ctrl-C; without one it ends with the work.
"""

import os
import secrets
import signal
import sys
from functools import partial
from pathlib import Path
from types import FrameType

import click
import django
from django.core.management import call_command

from reproq_worker.embedded import PostgresNotStarted

from . import stage

FOLDER = Path(__file__).resolve().parents[2] / ".reproq" / "demo"
USER = "demo"


@click.command(help="Runs a Postgres, a worker and real work; without a terminal it then ends.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    help="Where Postgres keeps its data, for the next run as well.  [default: .reproq/demo]",
)
def main(folder: Path) -> None:
    """Run the demo; exit code 1 where it could not be run to its end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        run(folder, terminal=sys.stdout.isatty() and sys.stdin.isatty())
    except (PostgresNotStarted, stage.CannotGoOn) as error:
        sys.exit(f"\nThe demo cannot go on: {error}")


def run(folder: Path, *, terminal: bool) -> None:
    """Set up, work, and show what came of it."""
    log_file = folder / "worker.log"
    click.echo(f"Starting a Postgres of our own in {shown(folder)} ...")
    with stage.postgres(folder / "postgres") as dsn:
        set_up_django(dsn)
        from . import progress, summary, work

        with stage.admin_site() as address, stage.worker(log_file) as worker:
            admin = f"Admin: {address}  user {USER}, password {make_user()}"
            overview = f"Queue overview: {address}reproq_django/taskrun/overview/"
            click.echo(f"{admin}\n{overview}")
            enqueued = work.enqueue()
            flows = work.enqueue_workflows()
            work.bring_schedule_forward()
            click.echo(f"Enqueued {enqueued.calls} calls at once; a worker is at them.\n")
            check = partial(stage.check_worker, worker, log_file)
            progress.watch([*enqueued.ids, *flows.ids], check, terminal=terminal)
            summary.show(enqueued)
            summary.show_workflows(flows)
            summary.show_schedule()
            click.echo(f"\nLog of the worker: {shown(log_file)}")
            if terminal:
                click.echo(f"{admin}\n{overview}  (Ctrl-C ends the demo)")
                signal.signal(signal.SIGINT, partial(leave, code=0))
                signal.pause()
                return
            click.echo("To go on looking at them, run this in a terminal: ./run demo")
            click.echo(overview)


def set_up_django(dsn: str) -> None:
    """Make the example's project this process's, and its worker's, and migrate its database."""
    os.environ |= {
        "DATABASE_URL": dsn,
        "DJANGO_SETTINGS_MODULE": "website.settings",
        "SECRET_KEY": secrets.token_hex(),
    }
    sys.path.insert(0, str(stage.PROJECT))
    django.setup()
    click.echo("Migrating ...")
    call_command("migrate", verbosity=0)


def make_user() -> str:
    """Let a superuser in, with a password of this demo; returns the password."""
    from django.contrib.auth import get_user_model

    password = secrets.token_urlsafe(6)
    user, _ = get_user_model().objects.get_or_create(username=USER)
    user.is_staff = user.is_superuser = True
    user.set_password(password)
    user.save()
    return password


def leave(number: int, frame: FrameType | None, code: int | None = None) -> None:
    """End by unwinding, so that worker and Postgres end first; further signals change nothing."""
    for further in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(further, signal.SIG_IGN)
    sys.exit(128 + number if code is None else code)


def shown(path: Path) -> Path:
    """A path as it is said to people: without the way to where they are."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    main()
