"""A queue in the middle of its day: a bit of everything that the admin shows."""

from datetime import timedelta
from types import SimpleNamespace

from django.db import connection

from reproq_django.models import PeriodicTask
from reproq_django.workflows import chain, chord, group
from reproq_worker.call import call
from tests.shop import tasks

# What finished during the last day: more by day than by night, and a bad quarter of an hour.
PAST = """
insert into task_runs (
    spec_json, spec_hash, dedup, queue_name, status, attempts,
    enqueued_at, started_at, last_attempted_at, finished_at, failed_at, last_error
)
select
    jsonb_build_object('task_path', p.path, 'args', jsonb_build_array(p.n)),
    encode(sha256(p.n::text::bytea), 'hex'), false,
    (array['default', 'default', 'mail', 'reports'])[1 + p.n %% 4],
    p.status, 1, p.ended - p.took - p.waited, p.ended - p.took, p.ended - p.took, p.ended,
    case when p.status = 'FAILED' then p.ended end,
    case when p.status = 'FAILED' then 'the card was declined' end
from (
    select
        q.n, q.ended,
        (array[
            'shop.tasks.charge', 'shop.tasks.send_receipt', 'shop.tasks.resize_picture',
            'shop.tasks.monthly_report'
        ])[1 + q.n %% 4] as path,
        make_interval(secs => case q.n %% 4 when 3 then 6 when 2 then 0.4 else 0.05 end
            * (0.5 + (q.n * 7919 %% 100) / 60.0)) as took,
        make_interval(secs => (q.n * 104729 %% 100) / 50.0) as waited,
        case
            when q.n * 31 %% 97 = 0 then 'FAILED'
            when q.ended between now() - interval '34 minutes' and now() - interval '26 minutes'
                and q.n %% 5 = 0 then 'FAILED'
            when q.n * 17 %% 211 = 0 then 'CANCELLED'
            else 'SUCCESSFUL'
        end as status
    from (
        select
            n, now() - interval '1 second' * (86400 * power(n::float / %(many)s, 1.6)) as ended
        from generate_series(1, %(many)s) n
        where sin(n * 6.2832 / %(many)s) > -0.9 or n %% 3 = 0
    ) q
) p
"""


def build(many: int = 4000) -> SimpleNamespace:
    """Fill the database; the runs that tests look at by name."""
    with connection.cursor() as cursor:
        cursor.execute(PAST, {"many": many})
        call(cursor, "set_rate_limit", key="queue:mail", rate=2.0, burst=5)
        call(cursor, "set_rate_limit", key="task:tests.shop.tasks.echo", rate=0.001, burst=1)
        call(
            cursor,
            "register_worker",
            worker_id="web-1-7f3a",
            hostname="web-1",
            concurrency=4,
            queues=["default", "mail"],
            version="0.1",
        )
        call(cursor, "register_worker", worker_id="old-9-00aa", hostname="old-9", queues=["mail"])
        cursor.execute(
            "update reproq_workers set last_seen_at = now() - interval '1 hour'"
            " where worker_id = 'old-9-00aa'"
        )
    failing = tasks.fail.using(max_attempts=3, backoff=(0, 0)).enqueue("the card was declined")
    for _attempt in range(3):
        _work(failing.result_id, kind="fail")
    flow = chain(
        (tasks.add, [1, 1]),
        group(*((tasks.add, [n, 1]) for n in range(3))),
        (tasks.pay, [1]),
        group(*((tasks.echo, [n], {}) for n in range(12))),
        (tasks.pay, [2]),
    ).enqueue()
    _work(flow[0].result_id)
    _work(flow[1].result_id)
    running = [tasks.with_options.enqueue(n) for n in range(3)]
    with connection.cursor() as cursor:
        call(cursor, "claim", worker_id="web-1-7f3a", queues=["default"], max_tasks=3)
    for n in range(40):
        tasks.bill.using(queue_name="mail").enqueue(n % 3, note=f"number {n}")
    for n in range(9):
        tasks.add.using(queue_name="reports", dedup=False).enqueue(n)
    delayed = tasks.add.enqueue(5, run_after=timedelta(hours=3))
    chord((tasks.add, [7]), (tasks.add, [8]), callback=tasks.sum_of_predecessors).enqueue()
    with connection.cursor() as cursor:
        call(cursor, "pause_queue", queue="reports", reason="month's end")
    PeriodicTask.objects.create(
        name="nightly report",
        cron_expr="0 3 * * *",
        time_zone="Europe/Paris",
        task_path="tests.shop.tasks.add",
        payload_json={"args": [1]},
    )
    return SimpleNamespace(
        failing=failing,
        flow=flow,
        running=running,
        delayed=delayed,
        workflow_id=flow[0].data.workflow_id,
    )


def _work(result_id: int, kind: str = "complete") -> None:
    """Take one run out of the line, whatever stands before it, and end it."""
    with connection.cursor() as cursor:
        cursor.execute("select claim_order from task_runs where result_id = %s", [result_id])
        # (The first in the line is the one that was waiting longest.)
        rows = call(cursor, "claim", worker_id="web-1-7f3a", queues=["default"], max_tasks=50)
        for row in rows:
            outcome = {"result_id": row["result_id"], "lease_no": row["lease_no"]}
            if row["result_id"] != result_id:
                outcome |= {"outcome": "release"}
            elif kind == "fail":
                error = {
                    "kind": "app_error",
                    "exception_class": "shop.errors.CardDeclined",
                    "message": "the card was declined <script>alert(1)</script>",
                    "traceback": "Traceback (most recent call last):\n"
                    '  File "/srv/shop/tasks.py", line 41, in charge\n'
                    "    bank.charge(order.total)\n"
                    "shop.errors.CardDeclined: the card was declined",
                }
                outcome |= {"outcome": "fail", "error": error, "retry_in": 0}
            else:
                outcome |= {"outcome": "complete", "return_json": {"total": 3}}
            call(cursor, "finish", worker_id="web-1-7f3a", outcomes=[outcome])
        call(cursor, "tick")
