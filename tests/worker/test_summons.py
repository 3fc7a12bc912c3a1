"""When a claim asks for a NOTIFY: seldom, and so that there is always one on its way."""

from reproq_worker.supervisor.summons import Summons

POLL = 2.0


def asked(at=100.0):
    """One that asked at that time and was answered."""
    summons = Summons(POLL)
    assert summons.ask(at) == 4 * POLL
    summons.answered()
    return summons


def test_it_is_asked_for_again_in_good_time_before_its_end():
    summons = asked(100.0)
    assert summons.ask(100.1) == summons.ask(104.9) == 0
    assert summons.ask(105.0) == 4 * POLL
    summons.answered()
    assert summons.ask(109.9) == 0


def test_and_after_a_claim_that_got_all_it_wanted():
    summons = asked(100.0)
    summons.over()
    assert summons.ask(100.1) == 4 * POLL


def test_what_ends_it_before_the_answer_has_the_last_word():
    """Two claims are under way; which of them the database saw first nobody knows."""
    summons = Summons(POLL)
    summons.ask(100.0)
    summons.over()
    summons.answered()
    assert summons.ask(100.1) == 4 * POLL


def test_a_claim_that_did_not_ask_prolongs_nothing():
    summons = asked(100.0)
    summons.ask(104.0)
    summons.answered()
    assert summons.ask(105.0) == 4 * POLL
