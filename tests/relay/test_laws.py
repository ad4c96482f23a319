"""The laws of a reply hold for every order of events, on made-up time."""

import heapq
import itertools
import math
from dataclasses import dataclass

from hypothesis import event, example, given
from hypothesis import strategies as st

from blastoff_pipecat.relay import actions as act
from blastoff_pipecat.relay import events as ev
from blastoff_pipecat.relay.chosen_opening import ChosenOpening
from blastoff_pipecat.relay.limits import Limits
from blastoff_pipecat.relay.lines import Stock
from blastoff_pipecat.relay.opening import Opening, OpeningRules, WrittenOpening
from blastoff_pipecat.relay.relay import Relay
from blastoff_pipecat.relay.table import State
from blastoff_pipecat.relay.timing import Manner
from tests.relay.texts import any_text, cuttings, prose
from tests.relay.witness import Witness

LIMITS = Limits()
OOPS = RuntimeError("oops")
SURE = "Sure, let me look at that."

texts = any_text | st.sampled_from([SURE, "x" * 100_000, "<think>" + "y " * 5_000])
reasons = st.sampled_from(["stop", "length", "tool_calls", "content_filter", "eos", ""])
events = st.one_of(
    texts.map(ev.SmallText),
    texts.map(ev.LargeText),
    reasons.map(ev.SmallEnded),
    reasons.map(ev.LargeEnded),
    st.builds(ev.SmallFailed, st.builds(RuntimeError, st.text(max_size=3))),
    st.builds(ev.LargeFailed, st.builds(RuntimeError, st.text(max_size=3)), st.booleans()),
    st.just(ev.LargeCalled()),
    st.just(ev.TimePassed()),
    st.sampled_from(
        [
            *(ev.LargeAlive(sign) for sign in ("headers", "role", "reasoning")),
            *(ev.UserSpeaks(speaking) for speaking in (True, False)),
            ev.VoiceStarted(),
            ev.VoicePlaying(),
            ev.VoiceStopped(),
            ev.TurnConfirmed(),
        ]
    ),
)
steps = st.tuples(events, st.sampled_from([0.0, 0.01, 0.3, 1.0, 6.0, 9.0, 1e6, -2.0]))


@st.composite
def openings(draw: st.DrawFn) -> Opening | None:
    kind = draw(st.sampled_from(["written", "chosen", "words", "none"]))
    if kind == "none":
        return None
    if kind == "chosen":
        return ChosenOpening(("Let me think,", "Good question, so,", "Right,"))
    return WrittenOpening(
        OpeningRules(
            enough_words=draw(st.integers(3, 9)),
            neutral=draw(st.booleans()),
            unit="word" if kind == "words" else "clause",
        )
    )


LINES = ("One moment.", "Let me see.", "Let me think about that.")
stocks = st.builds(
    Stock, st.sampled_from([(), LINES]), st.lists(st.sampled_from([*LINES, "At nine."]), max_size=3)
)

manners = st.none() | st.builds(
    Manner,
    opening=st.sampled_from(["auto", "always", "never"]),
    beside=st.booleans(),
    max_silence=st.sampled_from([0.3, 1.0, math.inf]),
    max_waiting_lines=st.integers(0, 3),
    clause_release=st.booleans(),
    gathers=st.booleans(),
    takes_words=st.booleans(),
    opening_suffices=st.booleans(),
    lines=stocks,
    waiting_lines=stocks,
    asks_for_lines=st.booleans(),
    speculative=st.booleans(),
)

handed_over = st.builds(
    Relay, opening=openings(), limits=st.sampled_from([LIMITS, Limits(small_usage=0.5)])
)

relays = st.builds(
    Relay,
    manner=manners,
    opening=openings(),
    ways=st.integers(1, 3),
    echoes=st.lists(st.booleans(), max_size=3).map(tuple),
    limits=st.sampled_from([LIMITS, Limits(small_usage=0.5), Limits(small_usage=60)]),
)


# Any order of events.


@given(relays, st.lists(steps, max_size=25), st.booleans())
def test_the_laws_hold_for_every_order_of_events(
    relay: Relay, history: list[tuple[ev.Event, float]], interrupted: bool
) -> None:
    """Even for absurd ones: after the end, twice, of requests never made, time going backwards."""
    reply = Witness(relay, now=1000.0)
    reply.begin()
    for happened, wait in history:
        reply.now += wait
        reply.tell(happened)
    event(relay.state.name)
    if interrupted and not reply.end:
        reply.tell(ev.Interrupted())
        assert reply.end
        assert reply.end.outcome == "interrupted"
    reply.let_deadlines_pass()
    assert reply.end
    reply.tell(ev.Interrupted())
    reply.tell(ev.LargeText("More."))


@given(relays, st.lists(steps, max_size=15))
def test_a_reply_always_ends_soon(relay: Relay, history: list[tuple[ev.Event, float]]) -> None:
    """When nothing more happens, the deadlines alone end a reply, within the sum of its limits."""
    reply = Witness(relay)
    reply.begin()
    for happened, wait in history:
        reply.now += max(0.0, wait)
        reply.tell(happened)
    last = reply.now
    reply.let_deadlines_pass(most=60)
    limits = LIMITS
    assert reply.now - last <= (
        2 * limits.small_first_token + limits.large_first_token + 2 * limits.stall
    )


@given(
    st.builds(
        Relay,
        manner=manners,
        opening=openings(),
        ways=st.integers(1, 3),
        limits=st.just(Limits(handover=0.4)),
    ),
    st.lists(steps, max_size=15),
)
def test_nobody_is_waited_for_who_is_not_asked(
    relay: Relay, history: list[tuple[ev.Event, float]]
) -> None:
    """With both requests over the reply is, too, or goes on at once."""
    reply = Witness(relay)
    reply.begin()
    for happened, wait in history:
        reply.now += max(0.0, wait)
        reply.tell(happened)
        if not reply.open and not reply.end:
            assert relay.deadline is not None
            assert relay.deadline - reply.now <= 1.0


@given(relays, st.lists(events, max_size=6))
def test_nothing_happens_before_the_beginning(relay: Relay, early: list[ev.Event]) -> None:
    """What is reported of no request changes nothing."""
    reply = Witness(relay)
    for happened in early:
        assert reply.tell(happened) == []
    reply.begin()
    assert relay.begin(reply.now) == []
    reply.let_deadlines_pass()


def test_a_reply_that_is_interrupted_before_it_began_never_begins() -> None:
    """Its end is told once, and no model is asked."""
    relay = Relay(opening=WrittenOpening())
    assert relay.handle(ev.Interrupted(), 0.0) == [act.EndReply("interrupted")]
    assert relay.begin(0.0) == []
    assert relay.deadline is None


@given(relays, st.lists(st.sampled_from(["word ", "<think>", " ", "\n"]), max_size=30))
def test_a_model_that_thinks_or_spaces_for_ever_is_not_waited_for(
    relay: Relay, tail: list[str]
) -> None:
    """Text that is not heard does not put off the deadline."""
    reply = Witness(relay)
    reply.begin()
    if reply.open == {"small"}:
        reply.tell(ev.SmallText("Good question, so let me think about that for you now, "))
        reply.tell(ev.SmallEnded())
    for text in tail:
        reply.tell(ev.LargeText(text))
    if relay.state is not State.CONTINUATION:
        return
    reply.tell(ev.LargeText("<think>"))
    deadline = relay.deadline
    reply.now += 1
    for _ in range(3):
        reply.tell(ev.LargeText("hm \n "))
        assert relay.deadline == deadline


# Two scripted models.


@dataclass(frozen=True)
class Model:
    """How a model answers one request: (seconds to wait, event), in order; then it hangs."""

    script: tuple[tuple[float, ev.Event], ...]
    healthy: bool


@st.composite
def models(draw: st.DrawFn, role: act.Role, texts: st.SearchStrategy[str] = prose) -> Model:
    """Draw a model that answers in time, or fails in some way, anywhere in its text."""
    text = draw(texts)
    delay = draw(st.sampled_from([0.0, 0.05, 0.4]))
    wrote = ev.SmallText if role == "small" else ev.LargeText
    script: list[tuple[float, ev.Event]] = [(delay, wrote("")), (0.0, wrote(""))]
    script += [(0.01, wrote(piece)) for piece in draw(cuttings(text))]
    fate = draw(st.sampled_from(["ends", "fails", "hangs", "refused", "calls"]))
    if fate in ("fails", "hangs", "refused"):
        script = script[: draw(st.integers(0, len(script)))]
    if role == "small":
        if fate == "fails":
            script.append((0.0, ev.SmallFailed(OOPS)))
        elif fate != "hangs":
            script.append((0.0, ev.SmallEnded("stop")))
    elif fate in ("fails", "refused"):
        script.append((0.0, ev.LargeFailed(RuntimeError("oops"), fate == "refused")))
    elif fate != "hangs":
        script += [(0.0, ev.LargeCalled())] * (fate == "calls")
        script.append((0.0, ev.LargeEnded("stop")))
    return Model(tuple(script), healthy=fate in ("ends", "calls"))


def play(relay: Relay, small: list[Model], large: list[Model]) -> Witness:
    """Let scripted models answer the relay's requests.

    The small one finishes as the last of `small` does, and does all else as the first; the large
    one's requests go to `large` in turn, the last one over and over.
    """
    reply = Witness(relay)
    order = itertools.count()
    queue: list[tuple[float, int, act.Role, int, ev.Event]] = []
    requests: dict[act.Role, int] = {"small": 0, "large": 0}

    def send_requests(seen: int) -> None:
        for _, action in reply.asked[seen:]:
            role: act.Role = "large" if isinstance(action, act.AskLarge) else "small"
            if role == "small":
                model = small[-1 if isinstance(action, act.AskSmallToFinish) else 0]
            else:
                model = large[min(requests[role], len(large) - 1)]
            requests[role] += 1
            at = reply.now
            for wait, happens in model.script:
                at += wait
                heapq.heappush(queue, (at, next(order), role, requests[role], happens))

    reply.begin()
    send_requests(0)
    while relay.deadline is not None:
        seen = len(reply.asked)
        if queue and queue[0][0] <= relay.deadline:
            at, _, role, request, happens = heapq.heappop(queue)
            if request != requests[role] or role not in reply.open:
                continue  # of a request that is closed
            reply.now = max(reply.now, at)
            reply.tell(happens)
        else:
            reply.now = max(reply.now, relay.deadline)
            reply.tell(ev.TimePassed())
        send_requests(seen)
    return reply


@given(
    relays,
    models("small"),
    models("small", st.just("Xylophones are fine.")),
    st.lists(models("large", prose.map("{} Zebras are not.".format)), min_size=1, max_size=3),
)
def test_the_bot_is_not_silent_while_one_model_can_speak(
    relay: Relay, opener: Model, finisher: Model, large: list[Model]
) -> None:
    """A reply fails only where each of the models failed, or only repeated what was said."""
    reply = play(relay, [opener, finisher], large)
    assert reply.end
    event(reply.end.outcome)
    if all(model.healthy for model in large) or (opener.healthy and finisher.healthy):
        assert reply.end.outcome != "failed"
        assert all(recovered for _, recovered in reply.failures)
    if reply.end.outcome == "failed":
        lost = {failure.role for failure, _ in reply.failures}
        assert lost == {"small", "large"}
    else:
        assert reply.said.strip() or reply.ran_calls


@given(handed_over, models("small"), models("large"))
def test_the_large_model_is_asked_the_moment_the_opening_is_final(
    relay: Relay, small: Model, large: Model
) -> None:
    """The last piece of the opening and the request go out in one step, whatever comes of it."""
    reply = play(relay, [small], [large])
    at, asked = next((at, a) for at, a in reply.asked if isinstance(a, act.AskLarge))
    assert asked.said == relay.opening
    assert at <= 2 * LIMITS.small_first_token
    said_at = [at for at, action in reply.heard if isinstance(action, act.SayOpening)]
    assert max(said_at, default=0.0) <= at


@given(st.data(), prose, prose)
@example(None, SURE, "Sure! The museum opens at nine.")
def test_cutting_the_models_texts_differently_changes_nothing(
    data: st.DataObject | None, opening: str, answer: str
) -> None:
    """What is said in total does not depend on how the network cuts the large model's stream."""

    def said(pieces: list[str]) -> str:
        script = [(0.0, ev.LargeText(piece)) for piece in pieces]
        relay = Relay(opening=WrittenOpening(OpeningRules(neutral=False)))
        small = Model(((0.0, ev.SmallText(opening)), (0.0, ev.SmallEnded())), healthy=True)
        return play(relay, [small], [Model((*script, (0.0, ev.LargeEnded())), healthy=True)]).said

    assert said(data.draw(cuttings(answer)) if data else list(answer)) == said([answer])
