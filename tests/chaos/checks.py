"""What must be shown of the runs, a function each."""

from collections import Counter
from typing import Any

from tests.chaos.evidence import Evidence
from tests.chaos.finding import Finding
from tests.chaos.mixture import BURST, CHAIN, CHORD, FAILING, RATE, kind_of
from tests.races.storm import over_the_limit

ENDS = ("SUCCESSFUL", "FAILED", "CANCELLED")
#: Between a look into the bucket and the start that it allows: a claim may have to wait for a core.
_TOKEN_SLACK = 1.0


def nothing_is_lost(e: Evidence) -> Finding:
    lost = sorted(e.committed - e.runs.keys())
    return Finding(
        "0 lost: every run whose COMMIT was seen is there", lost, f"{len(e.committed)} committed"
    )


def nothing_is_invented(e: Evidence) -> Finding:
    invented = sorted(e.runs.keys() - e.committed - e.unknown)
    seen = (
        f"{len(e.runs)} there, of them {len(e.runs.keys() - e.committed)} whose COMMIT nobody heard"
    )
    return Finding("0 invented: every run that is there was about to be committed", invented, seen)


def what_was_rolled_back_never_was(e: Evidence) -> Finding:
    # A sequence is as durable as what is committed: a crash, and nothing else, lets an id be drawn
    # once more.
    again = e.rolled_back & (e.committed | e.unknown)
    crashed = e.scene.struck["RestartPostgres immediate"] > 0
    never = e.rolled_back - again if crashed else e.rolled_back
    there = sorted(never & (e.runs.keys() | e.of_run.keys()))
    seen = f"{len(e.rolled_back)} rolled back, {len(again)} ids drawn again after a crash"
    return Finding("0 seen of what was rolled back", there, seen)


def workflows_are_whole(e: Evidence) -> Finding:
    sizes = Counter(run["workflow_id"] for run in e.runs.values() if run["workflow_id"])
    broken = [f"{id_}: {n}" for id_, n in sizes.items() if n not in (CHAIN, CHORD + 1)]
    return Finding("every workflow is there whole", broken, f"{len(sizes)} workflows")


def nothing_succeeds_twice(e: Evidence) -> Finding:
    ends = [c for c in e.journal if c["became"] == "SUCCESSFUL"]
    twice = [id_ for id_, n in Counter(c["result_id"] for c in ends).items() if n > 1]
    return Finding("0 with two successful outcomes", twice, f"{len(ends)} successes")


def ends_are_final(e: Evidence) -> Finding:
    left = [c["result_id"] for c in e.journal if c["was"] in ENDS]
    return Finding("0 that left an end", left, f"{len(e.journal)} changes of status")


def every_claim_has_its_own_number(e: Evidence) -> Finding:
    wrong, claims = [], 0
    for id_, run in e.runs.items():
        numbers = [c["lease_no"] for c in e.became(id_, "RUNNING")]
        claims += len(numbers)
        if numbers != list(range(1, run["lease_no"] + 1)):
            wrong.append(f"{id_}: {numbers[:5]} of {run['lease_no']}")
    return Finding("each claim raises the lease number by one", wrong, f"{claims} claims")


def no_old_number_is_accepted(e: Evidence) -> Finding:
    ended = {(id_, lease) for what, id_, lease in e.bodies if what == "ended"}
    wrong = [
        id_
        for id_, run in e.runs.items()
        if run["status"] == "SUCCESSFUL"
        and (
            (run["return_json"] or {}).get("lease_no") != run["lease_no"]
            or (id_, run["lease_no"]) not in ended
        )
    ]
    late = len(ended) - sum(run["status"] == "SUCCESSFUL" for run in e.runs.values())
    seen = (
        f"{late} bodies came to their end for nothing: killed before they could say so, or too late"
    )
    return Finding("0 accepted completions with an old number", wrong, seen)


def no_invariant_is_violated(e: Evidence) -> Finding:
    wanted = e.scene.plan.samples
    against: list[Any] = [f"{n} times {row}" for row, n in Counter(e.scene.violations).items()]
    if e.scene.samples < wanted:
        against.append(f"only {e.scene.samples} of {wanted} samples could be taken")
    seen = f"{e.scene.samples} samples, {e.scene.samples_amid} of them while faults struck"
    return Finding("0 rows of reproq_violations()", against, seen)


def nothing_is_stranded(e: Evidence) -> Finding:
    return Finding(
        "0 stranded: every run has ended", e.stranded, f"after {e.scene.ended_after:.0f} s"
    )


def nothing_is_held(e: Evidence) -> Finding:
    held = [f"{n} rows of {table}" for table, n in e.tickets.items() if n]
    return Finding("0 leases, locks, slots or tickets at the end", held, "four tables of tickets")


def every_run_ends_as_it_should(e: Evidence) -> Finding:
    wrong = [
        f"{id_} {run['task_path']} {run['status']}: {run['last_error']}"
        for id_, run in e.runs.items()
        if run["status"] != ("FAILED" if kind_of(run["task_path"]) in FAILING else "SUCCESSFUL")
    ]
    counts = Counter(run["status"] for run in e.runs.values())
    seen = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
    return Finding("every run ended as its kind must", wrong, seen)


def every_bad_attempt_has_its_entry(e: Evidence) -> Finding:
    wrong, entries = [], 0
    for id_, run in e.runs.items():
        kinds = [entry["kind"] for entry in run["errors_json"]]
        lost = kinds.count("lease_lost")
        entries += len(kinds)
        # The lease whose loss ends the run is told, but gives nobody another try.
        final = run["status"] == "FAILED" and lost > run["lease_losses"]
        if lost != run["lease_losses"] + final or len(kinds) - lost != (
            run["attempts"] - (run["status"] == "SUCCESSFUL")
        ):
            wrong.append(f"{id_}: {run['attempts']} attempts, {run['lease_losses']} lost, {kinds}")
    return Finding("every attempt that ended badly has its entry", wrong, f"{entries} entries")


def failing_runs_use_up_their_attempts(e: Evidence) -> Finding:
    runs = e.of_kind("always_fails")
    wrong = [run["result_id"] for run in runs if run["attempts"] != run["max_attempts"]]
    return Finding("failing runs are FAILED after exactly max_attempts", wrong, f"{len(runs)} runs")


def poison_for_children_ends(e: Evidence) -> Finding:
    runs = e.of_kind("kills_its_child")
    wrong = [
        f"{run['result_id']}: {run['status']} after {run['attempts']}"
        for run in runs
        if (run["status"], run["attempts"]) != ("FAILED", run["max_attempts"])
        or {entry["kind"] for entry in run["errors_json"]} - {"infra_error", "lease_lost"}
        or not _started_as_often(e, run)
    ]
    return Finding(
        "what kills its child is FAILED after max_attempts starts", wrong, f"{len(runs)} runs"
    )


def poison_for_workers_ends(e: Evidence) -> Finding:
    runs = e.of_kind("kills_its_worker")
    wrong = []
    for run in runs:
        kinds = [entry["kind"] for entry in run["errors_json"]]
        losses = kinds.count("lease_lost")
        if (run["status"], losses, kinds[-1:]) != (
            "FAILED", run["max_lease_losses"] + 1, ["lease_lost"]
        ) or not _started_as_often(e, run):  # fmt: skip
            wrong.append(f"{run['result_id']}: {run['status']} after {kinds}")
    return Finding(
        "what kills its worker is FAILED after max_lease_losses + 1 starts",
        wrong,
        f"{len(runs)} runs",
    )


def _started_as_often(e: Evidence, run: dict[str, Any]) -> bool:
    """A body began at most once for each lease, and each lease has its entry or was given back."""
    began = Counter(
        lease for what, id_, lease in e.bodies if (what, id_) == ("began", run["result_id"])
    )
    released = sum(c["became"] == "READY" for c in e.of_run[run["result_id"]])
    most = len(run["errors_json"]) + released
    return set(began.values()) <= {1} and len(began) <= run["lease_no"] <= most


def members_come_first(e: Evidence) -> Finding:
    early = [
        f"{id_} before {before}"
        for id_, before in e.edges
        if (end := e.runs[before]["finished_at"]) is None
        or any(c["at"] < end for c in e.became(id_, "RUNNING"))
    ]
    return Finding(
        "no run began before those it waits for had ended", early, f"{len(e.edges)} edges"
    )


def every_callback_comes_once(e: Evidence) -> Finding:
    runs = e.of_kind("callback")
    waits = Counter(id_ for id_, _ in e.edges)
    wrong = [
        run["result_id"]
        for run in runs
        if len(e.became(run["result_id"], "SUCCESSFUL")) != 1
        or sum(c["was"] == "WAITING" for c in e.of_run[run["result_id"]]) != 1
        or waits[run["result_id"]] != CHORD
    ]
    return Finding(
        "every chord's callback was released and succeeded once", wrong, f"{len(runs)} chords"
    )


def the_rate_is_kept(e: Evidence) -> Finding:
    rated = {run["result_id"] for run in e.of_kind("rated")}
    starts = [
        c["at"].timestamp()
        for c in e.journal
        if c["became"] == "RUNNING" and c["result_id"] in rated
    ]
    over = over_the_limit(sorted(starts), RATE, BURST + RATE * _TOKEN_SLACK)
    return Finding(
        "starts keep to their rate in every window", over, f"{len(starts)} starts, {RATE}/s"
    )


CHECKS = [
    nothing_is_lost,
    nothing_is_invented,
    what_was_rolled_back_never_was,
    workflows_are_whole,
    nothing_succeeds_twice,
    ends_are_final,
    every_claim_has_its_own_number,
    no_old_number_is_accepted,
    no_invariant_is_violated,
    nothing_is_stranded,
    nothing_is_held,
    every_run_ends_as_it_should,
    every_bad_attempt_has_its_entry,
    failing_runs_use_up_their_attempts,
    poison_for_children_ends,
    poison_for_workers_ends,
    members_come_first,
    every_callback_comes_once,
    the_rate_is_kept,
]
