"""Rules that make runs: enqueue, bulk enqueue, a plain INSERT, waiting runs, workflows, replay."""

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model.machine import Machine, numbers
from tests.model.run import DONE, Run

Spec = dict[str, Any]
NOT_IN_SPEC = ("run_in", "expires_in", "dedup", "max_lease_losses")

specs = st.fixed_dictionaries(
    {
        "task_path": st.sampled_from(["a.b", "a.b", "c.d"]),
        "args": st.sampled_from([[0], [1], [2], [3]]),
        "queue": st.sampled_from(["a", "a", "b", "c"]),
        "priority": st.sampled_from([0, 0, 1]),
        "lock_key": st.sampled_from([None, None, "l1", "l2"]),
        "concurrency_key": st.sampled_from([None, "k1", "k2"]),
        "concurrency_limit": st.integers(0, 3),
        "max_attempts": st.integers(1, 3),
        "run_in": st.sampled_from([None, None, None, 10, 400]),
        "expires_in": st.sampled_from([None, None, None, 20, 500]),
        "dedup": st.sampled_from([True, True, False]),
        "max_lease_losses": st.integers(0, 2),
    }
).filter(lambda spec: spec["expires_in"] is None or (spec["run_in"] or 0) < spec["expires_in"])


class Producing(Machine):
    def run_of(self, result_id: int, spec: Spec, **others: object) -> Run:
        starts = None if spec["run_in"] is None else self.queue.now + spec["run_in"]
        named = sorted(spec.keys() - NOT_IN_SPEC)
        options = {
            "task": spec["task_path"],
            "spec": (*(json.dumps(spec[name]) for name in named), starts),
            "queue": spec["queue"],
            "priority": spec["priority"],
            "lock": spec["lock_key"],
            "key": spec["concurrency_key"] if spec["concurrency_limit"] else None,
            "limit": spec["concurrency_limit"],
            "max_attempts": spec["max_attempts"],
            "max_losses": spec["max_lease_losses"],
            "run_after": starts,
            "lifetime": spec["expires_in"],
            "dedup": spec["dedup"],
        }
        return Run(result_id, "LINE", **(options | others))

    def joined_or_added(self, result_id: int, spec: Spec) -> None:
        run = self.run_of(result_id, spec)
        twin = self.queue.twin(run.spec) if run.dedup else None
        if twin is not None:
            assert result_id == twin.id
        else:
            assert result_id not in self.queue.runs
            self.queue.add(run)

    @rule(spec=specs)
    def enqueue(self, spec: Spec) -> None:
        [(result_id,)] = self.sql(
            "select reproq_enqueue(%(task_path)s, args => %(args)s, queue => %(queue)s,"
            " priority => %(priority)s, lock_key => %(lock_key)s, dedup => %(dedup)s,"
            " concurrency_key => %(concurrency_key)s,"
            " concurrency_limit => %(concurrency_limit)s, max_attempts => %(max_attempts)s,"
            " run_in => %(run_in)s * interval '1 s', backoff_base => '10 s',"
            " expires_in => %(expires_in)s * interval '1 s',"
            " max_lease_losses => %(max_lease_losses)s)",
            **spec | {"args": json.dumps(spec["args"])},
        )
        self.joined_or_added(result_id, spec)

    @rule(batch=st.lists(specs, min_size=1, max_size=6), of_one_task=st.booleans())
    def enqueue_many(self, batch: list[Spec], of_one_task: bool) -> None:
        common: Spec = {"backoff_base": 10}
        own = batch
        if of_one_task:
            batch = [batch[0] | {"args": spec["args"]} for spec in batch]
            common |= {name: value for name, value in batch[0].items() if name != "args"}
            own = [{"args": spec["args"]} for spec in batch]
        rows = self.sql(
            "select result_id from reproq_enqueue_many(%s, %s)", json.dumps(own), json.dumps(common)
        )
        for spec, (result_id,) in zip(batch, rows, strict=True):
            self.joined_or_added(result_id, spec)

    @rule(spec=specs, status=st.sampled_from(["READY", "BLOCKED", "RUNNING", "SUCCESSFUL"]))
    def insert(self, spec: Spec, status: str) -> None:
        """What another program writes comes in like anything else."""
        running = status == "RUNNING"
        if running and any(run.lock == spec["lock_key"] for run in self.queue.running()):
            return
        [(result_id,)] = self.sql(
            "insert into task_runs (status, spec_json, queue_name, priority, lock_key,"
            " concurrency_key, concurrency_limit, max_attempts, max_lease_losses, backoff_base,"
            " run_after, dedup, enqueued_at, lease_no, leased_until) values (%(status)s,"
            " jsonb_build_object('task_path', %(task_path)s::text), %(queue)s, %(priority)s,"
            " %(lock_key)s, %(concurrency_key)s,"
            " %(concurrency_limit)s, %(max_attempts)s, %(max_lease_losses)s, '10 s',"
            " _reproq_now() + %(run_in)s * interval '1 s', false, _reproq_now(),"
            " %(lease_no)s, _reproq_now() + interval '30 s') returning result_id",
            **spec | {"status": status, "lease_no": 3 if running else 0},
        )
        run = self.queue.add(self.run_of(result_id, spec, dedup=False, lifetime=None))
        if running:
            run.status, run.lease_no, run.leased_until = "RUNNING", 3, self.queue.now + 30
        elif status in DONE:
            run.status = status

    @rule(spec=specs, choice=st.lists(numbers, min_size=1, max_size=3))
    def wait(self, spec: Spec, choice: list[int]) -> None:
        """A run that waits for others, as workflows have them."""
        before = {run.id for number in choice if (run := self.pick(number))}
        runs = [self.queue.runs[result_id] for result_id in before]
        if not any(run.live for run in runs) or any(run.broken for run in runs):
            return
        with self.conn.transaction():
            [(result_id,)] = self.sql(
                "insert into task_runs (status, spec_json, queue_name, lock_key, concurrency_key,"
                " concurrency_limit, max_attempts, max_lease_losses, backoff_base, run_after,"
                " expires_at, dedup, enqueued_at) values ('WAITING',"
                " jsonb_build_object('task_path', %(task_path)s::text), %(queue)s,"
                " %(lock_key)s, %(concurrency_key)s, %(concurrency_limit)s, %(max_attempts)s,"
                " %(max_lease_losses)s, '10 s', _reproq_now() + %(run_in)s * interval '1 s',"
                " _reproq_now() + %(expires_in)s * interval '1 s', false, _reproq_now())"
                " returning result_id",
                **spec,
            )
            self.sql("insert into reproq_edges select %s, unnest(%s)", result_id, sorted(before))
        run = self.run_of(result_id, spec, waits_for=before, dedup=False, priority=0)
        self.queue.add(run).status = "WAITING"

    @rule(
        drawn=st.lists(st.tuples(specs, st.integers(0, 63)), min_size=1, max_size=6), data=st.data()
    )
    def enqueue_workflow(self, drawn: list[tuple[Spec, int]], data: st.DataObject) -> None:
        """Any graph: each node may wait for some of those drawn before it, named in any order."""
        nodes = [
            spec
            | {
                "key": f"n{place}",
                "after": [f"n{before}" for before in range(place) if chosen >> before & 1],
                "backoff_base": 10,
            }
            for place, (spec, chosen) in enumerate(drawn)
        ]
        nodes = data.draw(st.permutations(nodes))
        rows = self.sql("select * from reproq_enqueue_workflow(%s)", json.dumps(nodes))
        assert [row[0] for row in rows] == [node["key"] for node in nodes]
        ids = {key: result_id for key, result_id, *_ in rows}
        for node, (_, result_id, workflow) in zip(nodes, rows, strict=True):
            before = {ids[key] for key in node["after"]}
            spec = {name: node[name] for name in node.keys() - {"key", "after", "backoff_base"}}
            run = self.run_of(
                result_id, spec, dedup=False, waits_for=before, workflow=str(workflow)
            )
            self.queue.add(run)
            if before:
                run.status = "WAITING"

    @rule(number=numbers)
    def replay(self, number: int) -> None:
        if run := self.pick(number):
            [(result_id,)] = self.sql("select reproq_replay(%s)", run.id)
            self.queue.add(run.again(result_id))
