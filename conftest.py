"""Loads the test harness for tests/ and for sql/tests/."""

pytest_plugins = ["tests.harness.fixtures", "tests.harness.django", "tests.harness.pgtap"]
