"""When something is heard: openings at once, kept or dropped, waiting lines, clause release."""

import math
from typing import Any

import pytest

from blastoff_pipecat.relay import actions as act
from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.forecast import Forecast
from blastoff_pipecat.relay.limits import Limits
from blastoff_pipecat.relay.lines import Stock
from blastoff_pipecat.relay.opening import OpeningRules, WrittenLine, WrittenOpening
from blastoff_pipecat.relay.relay import Relay
from blastoff_pipecat.relay.table import State
from blastoff_pipecat.relay.timing import Manner
from tests.relay.witness import Witness

LINES = ("One moment.", "Let me see.", "Let me think about that.")
WAITING = ("Still thinking.", "Just a second.")
CLAUSE = "The museum opens at nine on weekdays,"
REST = " and at ten on Sundays. "
OOPS = RuntimeError("oops")


def slow(secs: float, *, sentence: float = 0.3) -> Forecast:
    """A forecast that has seen ten answers whose first clause took so long."""
    forecast = Forecast(secs)
    for _ in range(10):
        request = forecast.began()
        request.clause(secs)
        request.sentence(secs + sentence)
    return forecast


def reply_after(
    secs: float, *, opening: bool = True, whether: str = "auto", **manner: Any
) -> Witness:
    """Begin a reply of a large model that usually takes so long; both are asked at once."""
    given: dict[str, Any] = {
        "opening": whether,
        "beside": True,
        "max_silence": 1.0,
        "max_waiting_lines": 2,
        "clause_release": True,
        "gathers": True,
        "opening_suffices": False,
        "lines": Stock(LINES),
        "waiting_lines": Stock(WAITING),
        **manner,
    }
    line = WrittenLine(OpeningRules(min_words=2, max_words=6), stand_ins=LINES)
    relay = Relay(
        opening=line if opening else None,
        ways=2,
        limits=Limits(handover=0.4),
        manner=Manner(**given),
        expectation=slow(secs).began(),
    )
    reply = Witness(relay)
    reply.begin()
    return reply


def pass_until(reply: Witness, when: float) -> None:
    """Let time pass, with nothing but deadlines."""
    while reply.relay.deadline is not None and reply.relay.deadline <= when:
        reply.now = max(reply.now, reply.relay.deadline)
        reply.tell(ev.TimePassed())
    reply.now = when


def said(reply: Witness, kind: type[act.Action]) -> list[tuple[float, str]]:
    return [(at, action.text) for at, action in reply.heard if isinstance(action, kind)]


def test_both_models_are_asked_at_once_where_the_answer_is_late() -> None:
    """And the small model's line is said as soon as it is whole."""
    reply = reply_after(3.0)
    assert reply.open == {"small", "large"}
    reply.now = 0.15
    reply.tell(ev.SmallText("Let me look at that."))
    reply.tell(ev.SmallEnded())
    assert said(reply, act.SayOpening) == [(0.15, "Let me look at that.")]
    reply.now = 3.0
    reply.tell(ev.LargeText(CLAUSE + REST))
    reply.tell(ev.LargeEnded())
    assert reply.said == f"Let me look at that. {CLAUSE}{REST}"
    assert reply.end == act.EndReply("relayed")


def test_an_answer_in_time_has_no_opening_and_costs_no_small_request() -> None:
    """Where silence is not felt, nothing is asked of the small model."""
    reply = reply_after(0.3)
    assert reply.open == {"large"}
    pass_until(reply, 0.3)
    reply.tell(ev.LargeText(CLAUSE + REST + "Bring a coat."))
    reply.tell(ev.LargeEnded())
    assert [type(action) for _, action in reply.asked] == [act.AskLarge]
    assert reply.end == act.EndReply("large_only")


def test_a_kept_opening_is_said_when_silence_is_due() -> None:
    """An answer that was forecast in time and does not come is covered, by a short line."""
    reply = reply_after(0.3)
    pass_until(reply, 0.9)
    assert [type(action) for _, action in reply.asked] == [act.AskLarge, act.AskSmall]
    reply.tell(ev.SmallText("Let me have a look at all of that for you."))
    pass_until(reply, 1.4)
    ((at, line),) = said(reply, act.SayOpening)
    assert line in LINES[:2]
    assert 0.7 <= at <= 1.2


def test_an_opening_is_dropped_where_the_answer_is_first() -> None:
    """The answer's first clause is whole before the small model's line: it wins the race."""
    reply = reply_after(3.0)
    reply.now = 0.1
    reply.tell(ev.SmallText("Let me"))
    reply.tell(ev.LargeText(CLAUSE))
    reply.tell(ev.LargeText(REST + "Bring"))
    assert reply.open == {"large"}
    assert said(reply, act.SayOpening) == []
    assert reply.said == f"{CLAUSE}{REST}Bring"


def test_a_line_that_does_not_fit_is_replaced_by_the_longest_that_does() -> None:
    """A line of six words would still sound when the answer is there."""
    reply = reply_after(1.1)
    reply.now = 0.15
    reply.tell(ev.SmallText("Let me have a good look. "))
    ((_, line),) = said(reply, act.SayOpening)
    assert line in LINES


@pytest.mark.parametrize("sign", ["-", "None needed.", "–"])
def test_a_small_model_may_decline(sign: str) -> None:
    """Nothing is said then before twice the silence that is borne, and only a neutral line."""
    reply = reply_after(5.0)
    reply.now = 0.15
    reply.tell(ev.SmallText(sign))
    reply.tell(ev.SmallEnded())
    assert reply.relay.declined
    pass_until(reply, 1.5)
    assert reply.said == ""
    pass_until(reply, 2.2)
    ((at, line),) = said(reply, act.SayOpening)
    assert line in LINES
    assert at >= 1.7


def test_waiting_lines_are_said_against_silence_and_never_the_same_twice() -> None:
    """As many as are allowed; then the listener waits."""
    reply = reply_after(6.0)
    reply.now = 0.15
    reply.tell(ev.SmallText("Let me see."))
    reply.tell(ev.SmallEnded())
    pass_until(reply, 7.0)
    lines = [line.strip() for _, line in said(reply, act.SayWaiting)]
    assert sorted(lines) == sorted(WAITING)
    assert reply.relay.waiting_lines == 2
    assert reply.relay.cover.longest_silence <= 1.2


@pytest.mark.parametrize("opens", [True, False])
def test_without_waiting_lines_silence_has_its_opening_and_no_more(opens: bool) -> None:
    """One that was kept is said; where none was wanted, nothing is."""
    reply = reply_after(0.3, opening=opens, max_waiting_lines=0)
    pass_until(reply, 6.0)
    assert len(reply.heard) == opens
    assert reply.relay.waiting_lines == 0


def test_nothing_is_said_while_the_user_speaks() -> None:
    """Neither an opening nor a line, whether that interrupts or not."""
    reply = reply_after(6.0)
    reply.tell(ev.UserSpeaks(True))
    pass_until(reply, 3.0)
    assert reply.said == ""
    reply.tell(ev.UserSpeaks(False))
    pass_until(reply, 3.1)
    assert reply.said


@pytest.mark.parametrize("whether", ["auto", "always"])
def test_no_opening_begins_while_the_user_speaks(whether: str) -> None:
    """It is kept, for the silence behind what the user says; an answer does not wait for it."""
    reply = reply_after(6.0, whether=whether)
    reply.tell(ev.UserSpeaks(True))
    reply.tell(ev.SmallText("Right then."))
    reply.tell(ev.SmallEnded("stop"))
    pass_until(reply, 1.5)
    assert reply.said == ""
    reply.tell(ev.UserSpeaks(False))
    pass_until(reply, 1.6)
    assert reply.said == "Right then."


def test_nobody_waits_for_an_opening_that_may_never_be_said() -> None:
    """Where it was to be handed over, the large model is asked at once without it."""
    reply = reply_after(6.0, whether="always", beside=False)
    reply.tell(ev.UserSpeaks(True))
    reply.tell(ev.SmallText("Right then."))
    reply.tell(ev.SmallEnded())
    pass_until(reply, 0.01)
    assert [at for at, asked in reply.asked if isinstance(asked, act.AskLarge)] == [0.0]
    reply.tell(ev.LargeText("It opens at nine. "))
    reply.tell(ev.LargeEnded())
    assert reply.said == "It opens at nine. "


def test_an_answer_does_not_wait_for_an_opening_that_may_not_begin() -> None:
    """One that was held for it is heard once the user speaks."""
    reply = reply_after(6.0, whether="always")
    reply.tell(ev.LargeText("It opens at nine. "))
    reply.tell(ev.LargeEnded("stop"))
    assert reply.said == ""
    reply.tell(ev.UserSpeaks(True))
    assert reply.said.strip() == "It opens at nine."
    assert reply.end == act.EndReply("large_only")


@pytest.mark.parametrize("answers_first", [False, True])
def test_an_answer_does_not_wait_for_an_opening_that_was_kept(answers_first: bool) -> None:
    """One that was written while the user was heard is said if it comes first, and else dropped."""
    reply = reply_after(6.0, whether="always")
    reply.tell(ev.UserSpeaks(True))
    reply.tell(ev.SmallText("Right then."))
    reply.tell(ev.SmallEnded())
    reply.tell(ev.UserSpeaks(False))
    assert reply.said == ""
    if not answers_first:
        pass_until(reply, 1.0)
    reply.tell(ev.LargeText("It opens at nine. "))
    reply.tell(ev.LargeEnded())
    assert reply.said == ("" if answers_first else "Right then. ") + "It opens at nine. "
    assert reply.end


def test_an_opening_that_fits_no_longer_leaves_the_answer_to_itself() -> None:
    """Where nothing can stand in for its first clause, the large model is asked with the last."""
    opening = WrittenOpening(OpeningRules(min_words=2, enough_words=7, max_words=9))
    manner = Manner(opening="auto", max_silence=1.0, gathers=True, opening_suffices=False)
    relay = Relay(opening=opening, manner=manner, expectation=slow(1.2).began())
    reply = Witness(relay)
    reply.begin()
    opening.last(9)
    reply.tell(ev.SmallText("Right then my dear old friend, let me have a look."))
    reply.tell(ev.SmallEnded("stop"))
    assert reply.open == {"large"}
    assert reply.said == ""


def test_no_line_is_said_where_the_answer_is_about_to_be_heard() -> None:
    """A line that is due is put off for a moment where the answer is imminent."""
    reply = reply_after(0.95, opening=False)
    pass_until(reply, 0.9)
    assert reply.said == ""
    reply.now = 0.95
    reply.tell(ev.LargeText(CLAUSE))
    pass_until(reply, 1.0)
    assert said(reply, act.SayWaiting) == []


def test_the_first_clause_is_let_go_while_the_listener_waits() -> None:
    """It lasts longer than its sentence takes to come; behind it there is plain text."""
    reply = reply_after(0.5)
    reply.now = 0.5
    reply.tell(ev.LargeText(CLAUSE))
    pass_until(reply, 0.6)
    assert said(reply, act.SayClause) == [(0.5, CLAUSE)]
    reply.tell(ev.LargeText(REST))
    assert said(reply, act.SayContinuation) == [(0.6, REST)]


def test_what_has_come_behind_a_clause_is_plain_text() -> None:
    """Only whole clauses are let go by themselves."""
    reply = reply_after(0.5)
    reply.now = 0.5
    reply.tell(ev.LargeText(CLAUSE + " and at"))
    pass_until(reply, 0.6)
    assert said(reply, act.SayClause) == [(0.5, CLAUSE)]
    assert said(reply, act.SayContinuation) == [(0.5, " and at")]


def test_a_clause_waits_for_what_is_being_said() -> None:
    """While the opening sounds, a whole sentence is better than a clause."""
    reply = reply_after(1.5)
    reply.now = 0.15
    reply.tell(ev.SmallText("Let me think about that."))
    reply.now = 0.3
    reply.tell(ev.LargeText(CLAUSE))
    pass_until(reply, 0.5)
    assert said(reply, act.SayClause) == []
    reply.tell(ev.LargeText(REST + "Bring"))
    assert said(reply, act.SayClause) == []
    assert said(reply, act.SayContinuation) == [(0.5, f" {CLAUSE}{REST}Bring")]


@pytest.mark.parametrize("clause", ["See <b>this</b> here,", "It is *very* good,", "So,"])
def test_markup_and_single_words_are_not_let_go(clause: str) -> None:
    """What text filters look for stays in plain text, and a lone word is not shouted."""
    reply = reply_after(0.5)
    reply.now = 0.5
    reply.tell(ev.LargeText(clause))
    pass_until(reply, 0.9)
    assert said(reply, act.SayClause) == []


def test_without_clause_release_text_flows_at_once() -> None:
    """As it comes, where nobody speaks it a sentence at a time."""
    reply = reply_after(0.3, clause_release=False, gathers=False)
    reply.now = 0.3
    reply.tell(ev.LargeText("The museum"))
    assert reply.said == ""  # the race is for the first clause
    reply.tell(ev.LargeText(" opens at nine,"))
    assert reply.said == "The museum opens at nine,"


def test_always_does_not_ask_the_forecast_and_holds_the_answer() -> None:
    """An opening is said though the answer was first; the answer follows at once."""
    line = WrittenLine(OpeningRules(min_words=2, max_words=6))
    manner = Manner(opening="always", beside=True, opening_suffices=False)
    reply = Witness(Relay(opening=line, manner=manner, expectation=slow(0.1).began()))
    reply.begin()
    assert reply.open == {"small", "large"}
    reply.now = 0.05
    reply.tell(ev.LargeText("At nine. Bring a coat."))
    reply.tell(ev.LargeEnded())
    assert reply.said == ""
    reply.now = 0.1
    reply.tell(ev.SmallText("Let me see."))
    reply.tell(ev.SmallEnded())
    assert reply.said == "Let me see. At nine. Bring a coat."
    assert reply.end == act.EndReply("relayed")


@pytest.mark.parametrize("written", ["", "Let me see what there is, "])
def test_always_holds_a_tool_call_and_the_words_beside_it(written: str) -> None:
    """Until the opening is whole, though the user should be heard meanwhile."""
    opening = WrittenOpening(OpeningRules(enough_words=9))
    manner = Manner(opening="always", beside=True, gathers=True)
    reply = Witness(Relay(opening=opening, manner=manner))
    reply.begin()
    if written:
        reply.tell(ev.SmallText(written))
    calls = [ev.LargeText("I look it up."), ev.LargeCalled()]
    for event in calls if written else reversed(calls):
        reply.tell(event)
    assert reply.said == written.strip()
    if written:
        reply.tell(ev.UserSpeaks(True))
    reply.tell(ev.SmallText("just for you."))
    reply.tell(ev.SmallEnded())
    assert reply.said == f"{written}just for you. I look it up."
    assert reply.tell(ev.LargeEnded("tool_calls")) == [act.RunCalls(), act.EndReply("relayed")]


def test_an_opening_too_late_to_be_handed_over_is_said_beside() -> None:
    """The large model is asked 0.4 s after the turn at the latest."""
    reply = reply_after(3.0, beside=False)
    assert reply.open == {"small"}
    pass_until(reply, 0.5)
    assert [at for at, action in reply.asked if isinstance(action, act.AskLarge)] == [0.4]
    reply.tell(ev.SmallText("Let me see. "))
    assert said(reply, act.SayOpening)[0][1]
    assert [type(a) for _, a in reply.asked].count(act.AskLarge) == 1


def test_an_opening_alone_is_a_failure() -> None:
    """A large model that ends without a word is asked in the next way, then replaced."""
    reply = reply_after(3.0)
    reply.now = 0.15
    reply.tell(ev.SmallText("Let me see."))
    reply.tell(ev.SmallEnded())
    opening = reply.said
    assert reply.tell(ev.LargeEnded()) == [act.AskLarge(opening, 1)]
    assert reply.tell(ev.LargeEnded()) == [act.AskSmallToFinish(opening)]
    reply.tell(ev.SmallText("I cannot find that."))
    reply.tell(ev.SmallEnded())
    assert [recovered for _, recovered in reply.failures] == [True]


def test_the_owners_line_in_the_large_models_place() -> None:
    """It ends the reply; no model is asked for it."""
    reply = reply_after(3.0, excuse="Sorry, not just now.")
    reply.tell(ev.LargeFailed(OOPS))
    assert reply.said == "Sorry, not just now."
    assert reply.end
    assert [type(action) for _, action in reply.asked].count(act.AskSmallToFinish) == 0


def test_without_a_rescue_the_reply_fails() -> None:
    """It is told, and not as recovered."""
    reply = reply_after(3.0, rescue=False)
    reply.tell(ev.LargeFailed(OOPS))
    assert reply.end == act.EndReply("failed")
    assert [recovered for _, recovered in reply.failures] == [False]


def test_a_model_slower_than_speech_is_given_up() -> None:
    """A letter now and then keeps no listener waiting for ever."""
    reply = reply_after(0.3)
    reply.now = 0.3
    reply.tell(ev.LargeText(CLAUSE + REST + "B"))
    spoke = reply.now
    while reply.relay.state is State.CONTINUATION and reply.now < spoke + 120:
        reply.now += 4.0
        deadline = reply.relay.deadline
        if deadline is not None and deadline <= reply.now:
            reply.tell(ev.TimePassed())
        else:
            reply.tell(ev.LargeText("a"))
    assert reply.relay.state is State.RESCUE
    assert reply.now - spoke < 60


def test_a_reply_without_end_is_ended() -> None:
    """After its time, or its length, what was said stays said."""
    reply = reply_after(0.3)
    reply.now = 0.3
    reply.tell(ev.LargeText(CLAUSE + REST))
    pass_until(reply, 0.4)
    for _ in range(60):
        reply.now += 3.0
        if reply.end or (reply.relay.deadline or math.inf) <= reply.now:
            break
        reply.tell(ev.LargeText("And on and on it goes, without an end. "))
    reply.tell(ev.TimePassed())
    assert reply.end == act.EndReply("large_only")
    assert reply.now < 125


def test_what_a_speculation_prepares_is_said_at_the_confirmation() -> None:
    """The answer if it is there, with no opening; else the line that is ready."""
    reply = reply_after(3.0, speculative=True)
    reply.now = 0.15
    reply.tell(ev.SmallText("Let me see."))
    assert reply.said == ""
    pass_until(reply, 2.0)
    assert reply.said == ""
    reply.tell(ev.TurnConfirmed())
    assert said(reply, act.SayOpening) == [(2.0, "Let me see.")]

    reply = reply_after(3.0, speculative=True)
    reply.now = 0.5
    reply.tell(ev.LargeText(CLAUSE + REST + "Bring"))
    reply.tell(ev.TurnConfirmed())
    assert said(reply, act.SayOpening) == []
    assert reply.said.startswith(CLAUSE)


def test_calls_before_the_opening_run_without_it() -> None:
    """While a tool runs there are lines of its own."""
    reply = reply_after(3.0)
    reply.tell(ev.LargeCalled())
    assert reply.open == {"large"}
    reply.tell(ev.LargeEnded("tool_calls"))
    assert reply.ran_calls
    assert reply.said == ""


def test_what_is_measured_of_an_answer() -> None:
    """When a voice had its first clause, and when the whole sentence of it alone."""
    reply = reply_after(0.5)
    reply.now = 0.5
    reply.tell(ev.LargeText(CLAUSE))
    pass_until(reply, 0.8)
    reply.tell(ev.LargeText(" and at ten on Sundays."))
    reply.now = 0.9
    reply.tell(ev.LargeText(" Bring"))
    assert reply.relay.answer_at == 0.5
    assert reply.relay.alone_at == 0.9


@pytest.mark.parametrize(
    ("text", "manner", "heard_at"),
    [
        ("At nine", {}, 2.0),
        ("At nine", {"gathers": False}, 2.0),
        ("At nine", {"gathers": False, "takes_words": True}, 1.0),
        ("At nine. Bring", {}, 1.0),
    ],
)
def test_a_sentence_without_an_end_is_heard_with_the_end_of_the_text(
    text: str, manner: dict[str, bool], heard_at: float
) -> None:
    """Unless the voice says single words."""
    reply = reply_after(0.5, opening=False, clause_release=False, **manner)
    reply.now = 1.0
    reply.tell(ev.LargeText(text))
    reply.now = 2.0
    reply.tell(ev.LargeEnded())
    assert reply.said.endswith(text)
    assert reply.relay.answer_at == heard_at


def test_a_word_that_may_be_a_repeat_is_not_lost_to_a_waiting_line() -> None:
    """What the seam held back when a line was said is heard behind it."""
    reply = reply_after(3.0)
    reply.now = 0.15
    reply.tell(ev.SmallText("Let me look at that."))
    reply.tell(ev.SmallEnded())
    pass_until(reply, 1.5)
    reply.tell(ev.LargeText("Let me"))
    pass_until(reply, 4.0)
    assert said(reply, act.SayWaiting)
    reply.tell(ev.LargeText(" explain: it opens at nine. "))
    reply.tell(ev.LargeEnded())
    assert reply.said.endswith(" Let me explain: it opens at nine. ")


@pytest.mark.parametrize("answer", ["Let me look at that.", "let me look at that", "Look at that."])
@pytest.mark.parametrize("is_first", [False, True])
def test_an_answer_that_was_said_already_is_heard(answer: str, is_first: bool) -> None:
    """Asked beside, the large model may answer with the very opening: nothing need be repeated."""
    reply = reply_after(3.0, whether="always")
    said = [ev.SmallText("Let me look at that."), ev.SmallEnded()]
    answered = [ev.LargeText(answer), ev.LargeEnded()]
    for number, event in enumerate(answered + said if is_first else said + answered, start=1):
        reply.now = 0.1 * number
        reply.tell(event)
    assert reply.said == "Let me look at that."
    assert reply.end == act.EndReply("small_only")
    assert reply.failures == []
    assert reply.relay.answer_at is None
    assert reply.relay.alone_at is not None


def test_an_opening_that_comes_back_is_no_answer() -> None:
    """Where the large model was to go on from it: its server may send back what it was sent."""
    reply = reply_after(3.0, beside=False)
    reply.tell(ev.SmallText("Let me look at that."))
    opening = reply.said
    assert opening
    reply.tell(ev.LargeText(opening))
    assert reply.tell(ev.LargeEnded()) == [act.AskLarge(opening, 1)]


def test_no_line_is_asked_for_while_the_small_model_reports_its_usage() -> None:
    """One request at a time; when it has ended, there is one to come."""
    manner = {"max_silence": 1.0, "max_waiting_lines": 2, "asks_for_lines": True}
    relay = Relay(
        opening=WrittenLine(OpeningRules(min_words=2)),
        limits=Limits(small_usage=60.0),
        manner=Manner(opening="always", beside=True, **manner),  # type: ignore[arg-type]
        expectation=slow(30.0).began(),
    )
    reply = Witness(relay)
    reply.begin()
    reply.tell(ev.SmallText("Let me see. "))
    assert reply.open == {"small", "large"}
    pass_until(reply, 2.0)
    assert [type(action) for _, action in reply.asked].count(act.AskSmallForLine) == 0
    reply.tell(ev.SmallEnded())
    pass_until(reply, 2.1)
    assert [type(action) for _, action in reply.asked].count(act.AskSmallForLine) == 1


def test_a_waiting_line_in_the_small_models_own_words() -> None:
    """It is asked for before silence is due, and said when it is."""
    reply = reply_after(30.0, asks_for_lines=True, line_secs=0.3)
    reply.tell(ev.SmallText("Let me see."))
    reply.tell(ev.SmallEnded())
    while "small" not in reply.open:
        pass_until(reply, reply.relay.deadline or 0.0)
    asked_at = reply.now
    assert reply.asked[-1] == (asked_at, act.AskSmallForLine(reply.said))
    reply.tell(ev.SmallText("Looking on"))
    reply.tell(ev.SmallText("ward. And"))
    assert "small" not in reply.open
    pass_until(reply, asked_at + 0.5)
    (line,) = said(reply, act.SayWaiting)
    assert line == (pytest.approx(asked_at + 0.3), " Looking onward.")


# A request that was made before the reply.


def test_a_request_made_before_waits_from_when_it_was_made() -> None:
    """What it was asked for ahead does not have its whole time again."""
    reply = Witness(Relay(opening=None, limits=Limits(large_first_token=8.0)), now=10.0)
    reply.begin()
    reply.tell(ev.LargeWasAsked(7.0))
    assert reply.relay.deadline == 15.0


def test_an_answer_that_was_asked_for_before_is_about_to_come_sooner() -> None:
    """Asked for at the reply's beginning it would be late; so it is waited for without a line."""
    for asked_at, spoke in ((0.0, True), (-1.05, False)):
        reply = reply_after(2.0, opening=False)
        reply.tell(ev.LargeWasAsked(asked_at))
        pass_until(reply, 0.9)
        assert bool(reply.said) is spoke


@pytest.mark.parametrize("sentence_at", [None, 8.0])
def test_the_large_model_alone_would_have_been_asked_later(sentence_at: float | None) -> None:
    """By as much as it was asked sooner, its answer would have been there later."""
    reply = Witness(Relay(opening=None), now=10.0)
    reply.begin()
    reply.tell(ev.LargeWasAsked(7.0, sentence_at))
    reply.now = 11.0
    reply.tell(ev.LargeText("It opens at nine. Bring a coat."))
    reply.tell(ev.LargeEnded())
    assert reply.relay.alone_at == (14.0 if sentence_at is None else 11.0)


# Lines that the replies before had.

LONG_LINE = "Let me think about that for you."


def used_before(used: str, *fresh: str) -> Stock:
    """Lines, of which one was said in the reply before the last."""
    return Stock((*fresh, used), ["At nine.", f"{used} At ten."])


def test_a_short_line_is_said_again_before_a_long_one_holds_the_answer_up() -> None:
    """Silence is due: what the replies before had is better than what lasts too long."""
    lines = used_before("One moment.", LONG_LINE)
    reply = reply_after(0.3, lines=lines)
    pass_until(reply, 1.4)
    assert [line for _, line in said(reply, act.SayOpening)] == ["One moment."]
    late = reply_after(6.0, opening=False, lines=lines)
    pass_until(late, 1.4)
    assert late.said == "One moment."


def test_what_was_used_opens_a_reply_only_where_nothing_else_fits() -> None:
    """A fresh line goes before it, if it is over in time."""
    for lines, said_at_once in ((LINES, LINES[1]), ((LONG_LINE,), "Just now.")):
        reply = reply_after(1.0, lines=used_before("Just now.", *lines))
        reply.now = 0.15
        reply.tell(ev.SmallText("Let me have a look there."))
        assert said(reply, act.SayOpening) == [(0.15, said_at_once)]


def test_a_waiting_line_is_said_again_likewise() -> None:
    """One that was said in this reply is not."""
    waits = used_before("Still thinking.", LONG_LINE)
    assert waiting_lines_of(waits) == ["Still thinking.", LONG_LINE]


def test_a_waiting_line_of_the_last_reply_is_not_said_again_while_there_is_another() -> None:
    """However short it is, and however long the other."""
    long = "Thank you for your patience so far."
    waits = Stock(("Still thinking.", long), ["Let me see. Still thinking. At nine."])
    assert waiting_lines_of(waits) == [long]


def waiting_lines_of(waits: Stock) -> list[str]:
    """Wait for an answer that takes half a minute; return the waiting lines until then."""
    reply = reply_after(30.0, waiting_lines=waits)
    reply.now = 0.15
    reply.tell(ev.SmallText("Let me see."))
    reply.tell(ev.SmallEnded())
    pass_until(reply, 9.0)
    return [line.strip() for _, line in said(reply, act.SayWaiting)]


def test_a_waiting_line_is_said_whole() -> None:
    """Though it begins like what was said before it."""
    waits = Stock(("Let me see that for you.",))
    reply = reply_after(9.0, lines=Stock(("Let me see.",)), waiting_lines=waits)
    reply.tell(ev.SmallText("Let me see."))
    reply.tell(ev.SmallEnded())
    pass_until(reply, 5.0)
    assert reply.said == "Let me see. Let me see that for you."
