"""Replies as a listener hears them: who speaks when, and what happens when a model does not."""

import pytest

from blastoff_pipecat.relay import actions as act
from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.forecast import Forecast
from blastoff_pipecat.relay.limits import Limits
from blastoff_pipecat.relay.lines import Stock
from blastoff_pipecat.relay.opening import Opening, OpeningRules, WrittenOpening
from blastoff_pipecat.relay.relay import Relay
from blastoff_pipecat.relay.scrub import SpeechSafe
from blastoff_pipecat.relay.table import State
from blastoff_pipecat.relay.timing import Manner
from tests.relay.witness import Witness

LIMITS = Limits()
OOPS = RuntimeError("oops")
SURE = "Sure, let me look at that."


def reply_with(opening: Opening | None = None, **kwargs: object) -> Witness:
    relay = Relay(opening=opening or WrittenOpening(), **kwargs)  # type: ignore[arg-type]
    reply = Witness(relay)
    reply.begin()
    return reply


def after_an_opening(**kwargs: object) -> Witness:
    reply = reply_with(**kwargs)
    reply.now = 0.1
    assert reply.tell(ev.SmallText(f"{SURE} The")) == [
        act.SayOpening(SURE),
        act.AskLarge(SURE, 0),
        act.CloseSmall(),
    ]
    assert reply.relay.state is State.SEAM
    return reply


def test_a_reply_by_two_models() -> None:
    """The small model's sentence, then the large model's answer, without the repeat."""
    reply = after_an_opening()
    reply.tell(ev.LargeText("Sure! "))
    assert reply.relay.state is State.SEAM
    assert reply.tell(ev.LargeText("At nine.")) == [act.SayContinuation(" At nine.")]
    assert reply.tell(ev.LargeEnded()) == [act.EndReply("relayed")]
    assert reply.said == f"{SURE} At nine."


def test_a_large_model_that_adds_nothing_completes_the_reply() -> None:
    """The opening was the whole answer."""
    reply = after_an_opening()
    reply.tell(ev.LargeText(f"<think>done</think> {SURE}"))
    assert reply.tell(ev.LargeEnded()) == [act.EndReply("small_only")]
    assert reply.said == SURE


def test_a_reply_without_an_opening() -> None:
    """The large model is asked at once, and the small one not at all."""
    relay = Relay(opening=None)
    assert relay.begin(0.0) == [act.AskLarge("", 0)]
    assert relay.handle(ev.LargeText("\nAt nine."), 1.0) == [act.SayContinuation("At nine.")]
    assert relay.handle(ev.LargeEnded(), 1.0) == [act.EndReply("large_only")]


def test_a_late_small_model_is_not_waited_for() -> None:
    """At its deadline the large model is asked, and speaks directly."""
    reply = reply_with()
    assert reply.relay.deadline == LIMITS.small_first_token
    reply.now = LIMITS.small_first_token
    assert reply.tell(ev.TimePassed()) == [act.AskLarge("", 0), act.CloseSmall()]
    assert reply.tell(ev.LargeText("At nine.")) == [act.SayContinuation("At nine.")]
    assert reply.tell(ev.LargeEnded()) == [act.EndReply("large_only")]


def test_a_slow_small_model_has_twice_its_time_for_the_whole_opening() -> None:
    """What is whole by then is said."""
    reply = reply_with(opening=WrittenOpening(OpeningRules(enough_words=9)))
    reply.now = 0.7
    reply.tell(ev.SmallText("Let me look at that, and"))
    assert reply.relay.state is State.OPENING
    assert reply.relay.deadline == 2 * LIMITS.small_first_token
    reply.now = 1.6
    assert reply.tell(ev.TimePassed()) == [
        act.AskLarge("Let me look at that,", 0),
        act.CloseSmall(),
    ]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (ev.TimePassed(), "Let me look at"),
        (ev.SmallEnded("length"), "Let me look at"),
        (ev.SmallEnded("stop"), "Let me look at th"),
    ],
)
def test_no_half_word_is_said_of_an_opening_that_is_cut_off(event: ev.Event, said: str) -> None:
    """At its deadline or at its length; where the small model ended it, its last word is whole."""
    reply = reply_with()
    reply.tell(ev.SmallText("Let me look at th"))
    reply.now = reply.relay.deadline or 0
    reply.tell(event)
    assert reply.said == said


def test_a_failed_small_model_is_reported_at_the_end() -> None:
    """As recovered, for the listener missed only the opening."""
    reply = reply_with()
    assert reply.tell(ev.SmallFailed(OOPS)) == [act.AskLarge("", 0)]
    assert reply.tell(ev.LargeText("At nine.")) == [act.SayContinuation("At nine.")]
    assert reply.tell(ev.LargeEnded()) == [
        act.ReportFailures((act.Failure("small", "oops", OOPS),), recovered=True),
        act.EndReply("large_only"),
    ]


def test_a_small_model_that_dies_in_its_opening_keeps_what_was_said() -> None:
    """The large model goes on from there."""
    reply = reply_with(opening=WrittenOpening(OpeningRules(enough_words=9)))
    reply.tell(ev.SmallText("Let me look at that, and"))
    assert reply.tell(ev.SmallFailed(OOPS)) == [act.AskLarge("Let me look at that,", 0)]


def test_a_refused_way_to_continue_is_followed_by_the_next() -> None:
    """Each way is tried once; a refusal is no failure while there is another."""
    reply = after_an_opening(ways=2)
    refused = ev.LargeFailed(OOPS, refused_prefill=True)
    assert reply.tell(refused) == [act.AskLarge(SURE, 1)]
    assert reply.relay.state is State.SEAM
    reply.tell(ev.LargeText("At nine."))
    assert reply.tell(ev.LargeEnded()) == [act.EndReply("relayed")]
    assert reply.failures == []

    reply = after_an_opening(ways=2)
    reply.tell(refused)
    assert reply.tell(refused) == [act.AskSmallToFinish(SURE)]


@pytest.mark.parametrize("echoes", [False, True])
def test_a_server_that_sends_back_the_opening_has_it_left_out(echoes: bool) -> None:
    """Of another one, a single word that was said is a word of its answer."""
    reply = reply_with(opening=WrittenOpening(OpeningRules(min_words=1)), echoes=(echoes,))
    reply.tell(ev.SmallText("Surely "))
    reply.tell(ev.SmallEnded())
    reply.tell(ev.LargeText("Surely it opens at nine."))
    reply.tell(ev.LargeEnded())
    assert reply.said == ("Surely" + " Surely" * (not echoes) + " it opens at nine.")


def test_all_ways_to_continue_are_tried() -> None:
    """However many there are, the best first."""
    reply = after_an_opening(ways=3)
    refused = ev.LargeFailed(OOPS, refused_prefill=True)
    assert reply.tell(refused) == [act.AskLarge(SURE, 1)]
    assert reply.tell(refused) == [act.AskLarge(SURE, 2)]
    assert reply.tell(refused) == [act.AskSmallToFinish(SURE)]


def test_a_large_model_that_ends_without_a_word_is_told_of() -> None:
    """With its server's word for the end."""
    reply = after_an_opening(manner=Manner(opening_suffices=False))
    reply.tell(ev.LargeEnded("content_filter"))
    reply.tell(ev.SmallText("I cannot say."))
    reply.tell(ev.SmallEnded())
    wordless = act.Failure("large", "ended (content_filter) without a word")
    assert reply.failures == [(wordless, True)]


def test_a_silent_large_model_is_replaced_by_the_small_one() -> None:
    """The small model finishes the reply, and the failure is reported as recovered."""
    reply = after_an_opening()
    reply.now = reply.relay.deadline or 0
    assert reply.tell(ev.TimePassed()) == [act.CloseLarge(), act.AskSmallToFinish(SURE)]
    assert reply.tell(ev.SmallText("I cannot say.")) == [act.SayContinuation(" I cannot say.")]
    assert reply.tell(ev.SmallEnded()) == [
        act.ReportFailures((act.Failure("large", "said nothing within 8 s"),), recovered=True),
        act.EndReply("small_only"),
    ]


def test_a_large_model_that_falls_silent_is_replaced_in_mid_answer() -> None:
    """The small model goes on from what was heard; a tool call that came by halves is forgotten."""
    reply = after_an_opening()
    reply.tell(ev.LargeText("It opens"))
    reply.tell(ev.LargeCalled())
    reply.now = reply.relay.deadline or 0
    assert reply.tell(ev.TimePassed()) == [
        act.CloseLarge(),
        act.AskSmallToFinish(f"{SURE} It opens"),
    ]
    reply.tell(ev.SmallText("at nine."))
    assert reply.tell(ev.SmallEnded())[-1] == act.EndReply("relayed")
    assert reply.said == f"{SURE} It opens at nine."
    assert not reply.ran_calls


def test_a_broken_off_answer_to_which_nothing_is_left_to_add_is_complete() -> None:
    """The large model's connection broke after its last word: the reply did not fail."""
    reply = after_an_opening()
    reply.tell(ev.LargeText("At nine."))
    reply.tell(ev.LargeFailed(OOPS))
    reply.tell(ev.SmallText("At nine."))
    assert reply.tell(ev.SmallEnded()) == [
        act.ReportFailures((act.Failure("large", "oops", OOPS),), recovered=True),
        act.EndReply("relayed"),
    ]
    assert reply.said == f"{SURE} At nine."


def test_who_is_not_waited_for_teaches_how_late_it_is_at_least() -> None:
    """An interruption, or the end of patience, cuts the wait short."""
    forecast = Forecast(1.0)
    for _ in range(6):
        relay = Relay(opening=None, expectation=forecast.began())
        relay.begin(10.0)
        relay.handle(ev.Interrupted(), 14.0)
    assert forecast.began().expected() > 2.0


def test_what_the_wire_tells_is_learnt_by_its_kind() -> None:
    """The headers come at once, the role just before the text: only that says when."""
    forecast = Forecast(1.0)
    for secs in (1, 3, 2, 4, 1.5, 3.5, 2.5, 1):
        expectation = forecast.began()
        relay = Relay(opening=None, expectation=expectation)
        relay.begin(100.0)
        relay.handle(ev.LargeAlive("headers"), 100.1)
        relay.handle(ev.LargeAlive("role"), 100.0 + secs)
        learnt = expectation.expected(waited=secs)
        relay.handle(ev.LargeText("It opens at nine, "), 100.25 + secs)
    assert learnt == pytest.approx(1.25, abs=0.05)


def test_nothing_but_the_answer_matters_once_it_flows() -> None:
    """Nor while it is awaited with no line to say and nothing to gather."""
    reply = reply_with()
    assert not reply.relay.is_flowing
    reply.tell(ev.SmallText(f"{SURE} "))
    assert reply.relay.state is State.SEAM
    assert reply.relay.is_flowing
    reply.tell(ev.LargeText("At nine. "))
    assert reply.relay.is_flowing
    for manner in (Manner(gathers=True), Manner(max_waiting_lines=1)):
        waiting = reply_with(manner=manner)
        waiting.tell(ev.SmallText(f"{SURE} "))
        assert waiting.relay.state is State.SEAM
        assert not waiting.relay.is_flowing


def test_no_clause_of_an_opening_begins_while_the_user_speaks() -> None:
    """One that was begun goes on."""
    reply = reply_with(opening=WrittenOpening(OpeningRules(enough_words=9)))
    reply.tell(ev.UserSpeaks(True))
    assert reply.tell(ev.SmallText("Let me look at that, and")) == []
    reply = reply_with(opening=WrittenOpening(OpeningRules(enough_words=12)))
    reply.tell(ev.SmallText("Let me look at that, "))
    reply.tell(ev.UserSpeaks(True))
    assert reply.tell(ev.SmallText("and at the rest, ")) == [act.SayOpening(" and at the rest,")]


@pytest.mark.parametrize(
    ("safe", "said"),
    [
        ("off", "Let me <b>look</b>\x07 at that. It <i>opens</i>\x07 at nine <u>or</u>\x07 ten."),
        ("controls", "Let me <b>look</b> at that. It <i>opens</i> at nine <u>or</u> ten."),
        ("tags", "Let me look at that. It opens at nine or ten."),
    ],
)
def test_what_is_not_for_the_voice_is_kept_from_it(safe: SpeechSafe, said: str) -> None:
    """Of the opening, of the answer, and of whoever finishes it."""
    reply = reply_with(manner=Manner(speech_safe=safe))
    reply.tell(ev.SmallText("Let me <b>look</b>\x07 at that. "))
    reply.tell(ev.SmallEnded())
    reply.tell(ev.LargeText("It <i>opens</i>\x07 at"))
    reply.tell(ev.LargeFailed(OOPS))
    reply.tell(ev.SmallText("nine <u>or</u>\x07 ten."))
    reply.tell(ev.SmallEnded())
    assert reply.said == said


def test_a_rescue_that_is_cut_off_at_its_length_has_spoken() -> None:
    """What the small model has said in the large one's place counts, however it ends."""
    reply = after_an_opening()
    reply.tell(ev.LargeFailed(OOPS))
    reply.tell(ev.SmallText("I cannot say, since"))
    assert reply.tell(ev.SmallEnded("length")) == [
        act.ReportFailures((act.Failure("large", "oops", OOPS),), recovered=True),
        act.EndReply("small_only"),
    ]


def test_a_small_model_that_failed_is_not_asked_to_finish_the_reply() -> None:
    """Whoever cannot open it can hardly end it: the listener hears of it sooner."""
    reply = reply_with()
    reply.tell(ev.SmallFailed(OOPS))
    assert reply.tell(ev.LargeFailed(OOPS)) == [
        act.ReportFailures(
            (act.Failure("small", "oops", OOPS), act.Failure("large", "oops", OOPS)),
            recovered=False,
        ),
        act.EndReply("failed"),
    ]


def test_a_rescue_that_says_nothing_is_given_up() -> None:
    """After the time of a stall; the report tells of both models."""
    reply = after_an_opening()
    reply.tell(ev.LargeFailed(OOPS))
    reply.now = reply.relay.deadline or 0
    reply.tell(ev.TimePassed())
    assert reply.end == act.EndReply("failed")
    assert [failure.reason for failure, _ in reply.failures] == ["oops", "said nothing for 5 s"]


def test_a_rescue_has_its_bounds() -> None:
    """Whether it never begins or never ends, it is the small model that failed."""
    failures = {
        "": "said nothing within 20 s or 100000 characters",
        "I cannot say.": "went on for more than 20 s or 100000 characters",
    }
    for words, reason in failures.items():
        reply = Witness(Relay(opening=None, limits=Limits(reply=20.0, stall=99.0)))
        reply.begin()
        reply.tell(ev.LargeFailed(OOPS))
        reply.now = 19.0
        reply.tell(ev.SmallText(words))
        reply.now = 20.0
        reply.tell(ev.TimePassed())
        reported = [failure for failure, _ in reply.failures]
        assert reported == [act.Failure("large", "oops", OOPS), act.Failure("small", reason)]
        assert reply.said == words
        assert reply.end == act.EndReply("small_only" if words else "failed")


def test_an_answer_that_is_too_long_is_ended() -> None:
    """Though it came in no time; what was said stays said."""
    reply = after_an_opening(limits=Limits(chars=20))
    reply.tell(ev.LargeText("It opens at nine."))
    assert (reply.relay.deadline or 0) > reply.now
    reply.tell(ev.LargeText(" And on and on"))
    assert reply.relay.deadline == reply.now
    reply.tell(ev.TimePassed())
    assert reply.said == f"{SURE} It opens at nine. And on and on"
    assert reply.end == act.EndReply("relayed")
    assert [failure.role for failure, _ in reply.failures] == ["large"]


def test_when_both_models_fail_it_is_one_report() -> None:
    """And the reply is over."""
    reply = after_an_opening()
    reply.tell(ev.LargeFailed(OOPS))
    assert reply.tell(ev.SmallFailed(OOPS)) == [
        act.ReportFailures(
            (act.Failure("large", "oops", OOPS), act.Failure("small", "oops", OOPS)),
            recovered=False,
        ),
        act.EndReply("failed"),
    ]


def test_tools_run_when_the_large_model_is_done() -> None:
    """With or without words beside them."""
    reply = after_an_opening()
    reply.tell(ev.LargeCalled())
    assert reply.relay.state is State.CONTINUATION
    reply.tell(ev.LargeText("One sec."))
    assert reply.tell(ev.LargeEnded("tool_calls")) == [act.RunCalls(), act.EndReply("relayed")]

    reply = Witness(Relay(opening=None))
    reply.begin()
    reply.tell(ev.LargeCalled())
    assert reply.tell(ev.LargeEnded("tool_calls")) == [act.RunCalls(), act.EndReply("large_only")]


def test_a_reply_goes_on_with_what_was_heard_of_its_turn() -> None:
    """What sounds sounds on; its own silence counts from then."""
    first = after_an_opening()
    first.now = 0.3
    first.tell(ev.VoiceStarted())
    first.tell(ev.LargeCalled())
    first.tell(ev.LargeEnded("tool_calls"))
    turn = first.relay.turn
    assert (turn.said, turn.waiting_lines) == (SURE, 0)
    until, silence = first.relay.cover.until, first.relay.cover.longest_silence
    assert silence > 0.0
    second = Relay(opening=None)
    second.begin(0.5, turn)
    assert second.cover.until == until
    assert second.cover.longest_silence == 0.0
    assert second.turn.said == SURE
    second.handle(ev.VoiceStopped(), until - 0.5)
    second.handle(ev.VoiceStarted(), until + 1.0)
    assert second.cover.longest_silence == pytest.approx(1.5)
    assert (first.relay.cover.until, first.relay.cover.longest_silence) == (until, silence)


def test_an_interruption_closes_both_models() -> None:
    """Nothing is said after it."""
    reply = reply_with()
    assert reply.tell(ev.Interrupted()) == [act.CloseSmall(), act.EndReply("interrupted")]
    reply = after_an_opening()
    assert reply.tell(ev.Interrupted()) == [act.CloseLarge(), act.EndReply("interrupted")]
    assert reply.tell(ev.LargeText("At nine.")) == []


def test_a_small_model_may_run_on_unheard_to_report_its_usage() -> None:
    """For a while; then, or with the reply, it is closed."""
    reply = reply_with(limits=Limits(small_usage=0.5))
    assert reply.tell(ev.SmallText(SURE)) == [act.SayOpening(SURE), act.AskLarge(SURE, 0)]
    assert reply.tell(ev.SmallText(" And more.")) == []
    reply.now = 0.5
    assert reply.relay.deadline == 0.5
    assert reply.tell(ev.TimePassed()) == [act.CloseSmall()]
    assert reply.relay.deadline == LIMITS.large_first_token

    reply = reply_with(limits=Limits(small_usage=0.5))
    reply.tell(ev.SmallText(SURE))
    assert reply.tell(ev.SmallFailed(OOPS)) == []
    reply.tell(ev.LargeText("At nine."))
    assert reply.tell(ev.LargeEnded()) == [act.EndReply("relayed")]
    assert reply.failures == []


@pytest.mark.parametrize(
    "late",
    [
        ev.LargeText("Late."),
        ev.LargeCalled(),
        ev.LargeEnded(),
        ev.LargeFailed(OOPS),
        ev.LargeFailed(OOPS, refused_prefill=True),
    ],
)
def test_what_a_closed_request_still_sends_changes_nothing(late: ev.Event) -> None:
    """The large model's last words after it was given up are not heard, nor counted."""
    reply = after_an_opening(ways=3)
    reply.now = reply.relay.deadline or 0
    reply.tell(ev.TimePassed())
    deadline = reply.relay.deadline
    reply.now += 1
    assert reply.tell(late) == []
    assert reply.relay.deadline == deadline
    reply.tell(ev.SmallText("At nine."))
    assert reply.tell(ev.SmallEnded())[-1] == act.EndReply("small_only")
    assert len(reply.failures) == 1
    assert reply.tell(late) == []
    assert reply.relay.deadline is None


def test_a_voice_that_stops_early_has_its_waiting_line_sooner() -> None:
    """The estimate of when it ends is corrected by what is heard of it."""
    due: list[float] = []
    for stops in (False, True):
        lines = Stock(("One moment more.",))
        waits = Manner(waiting_lines=lines, max_waiting_lines=2, max_silence=1.0)
        reply = after_an_opening(manner=waits)
        reply.now = 0.3
        reply.tell(ev.VoiceStarted())
        reply.now = 1.0
        reply.tell(ev.VoiceStopped() if stops else ev.VoicePlaying())
        due.append(reply.relay.deadline or 0.0)
    assert due[1] < due[0] - 1.0
    assert 1.0 < due[1] <= 2.0


def test_no_waiting_line_is_due_while_the_voice_is_heard() -> None:
    """A voice that goes on for longer than was estimated is not talked over."""
    lines = Stock(("One moment more.",))
    waits = Manner(waiting_lines=lines, max_waiting_lines=2, max_silence=1.0)
    reply = after_an_opening(manner=waits)
    reply.now = 0.3
    reply.tell(ev.VoiceStarted())
    while reply.now < 6.0:
        reply.now += 0.2
        reply.tell(ev.VoicePlaying())
        reply.tell(ev.TimePassed())
    assert reply.said == SURE
    reply.now = 8.0
    reply.tell(ev.TimePassed())
    assert reply.relay.waiting_lines == 1
