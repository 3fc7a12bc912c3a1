"""`manage.py reproq stress-test`: how fast this project enqueues."""

import time

import click

from reproq_django.tasks import debug_noop_task


@click.command("stress-test")
@click.option("--count", type=click.IntRange(1), default=100, show_default=True, help="How many.")
@click.option(
    "--sleep",
    type=click.FloatRange(0),
    default=0,
    show_default=True,
    help="Seconds that each task sleeps.",
)
@click.option("--bulk", is_flag=True, help="All in one statement, in place of one by one.")
@click.option("--queue", default="default", show_default=True, help="Where to.")
def stress_test(count: int, sleep: float, bulk: bool, queue: str) -> None:
    """Enqueue tasks that do nothing, each of them a run of its own, and print the rate.

    What a worker makes of them, `reproq stats` shows meanwhile.

    \b
    Example:
      manage.py reproq stress-test --count 10000 --bulk
    """
    # Equal calls would join one live run.
    task = debug_noop_task.using(queue_name=queue, dedup=False)
    started = time.perf_counter()
    if bulk:
        task.get_backend().bulk_enqueue([(task, [sleep], {})] * count)
    else:
        for _ in range(count):
            task.enqueue(sleep)
    seconds = time.perf_counter() - started
    rate = count / seconds
    click.echo(f"Enqueued {count} task(s) in {seconds:.2f} s ({rate:,.0f} tasks/s).")
