"""`./run chaos`: the full run, its verdict on standard output, and an exit code."""

import argparse
import random
import sys
from pathlib import Path

from tests.chaos.plan import plan_named
from tests.chaos.report import as_json, as_page
from tests.chaos.run import run


def main() -> int:
    """0 when all that must be shown was shown, else 1."""
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="the same tasks and faults as another run")
    parser.add_argument("--smoke", action="store_true", help="the small run of the tests")
    parser.add_argument("--seconds", type=float, help="other than 300 (10)")
    parser.add_argument("--tasks", type=int, help="other than 20000 (2000)")
    parser.add_argument("--report", type=Path, help="write a page in Markdown")
    parser.add_argument("--json", type=Path, help="write what was seen as JSON")
    parser.add_argument(
        "--keep", type=Path, help="keep logs, ledgers and the diary of faults there"
    )
    words = parser.parse_args()
    sizes = {key: value for key in ("seconds", "tasks") if (value := getattr(words, key))}
    plan = plan_named("smoke" if words.smoke else "full", **sizes)
    seed = random.randrange(2**32) if words.seed is None else words.seed
    print(f"{plan.tasks} tasks in {plan.seconds:g} s, seed {seed}", flush=True)

    scene, findings = run(plan, seed, lambda state: print(state, file=sys.stderr), words.keep)
    for finding in findings:
        print(f"{'ok  ' if finding.holds else 'FAIL'}  {finding.promise} ({finding.seen})")
        for item in finding.against[:10]:
            print(f"        {item}")
    if words.report:
        words.report.write_text(as_page(scene, findings))
    if words.json:
        words.json.write_text(as_json(scene, findings))
    holds = all(finding.holds for finding in findings)
    print(f"{'All of it was shown' if holds else 'BROKEN PROMISES'}. Repeat with --seed {seed}.")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
