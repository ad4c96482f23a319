"""What is being heard is known from what was said, and put right by what is heard."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blastoff_pipecat.relay.cover import PLAYING_SECS, Cover, Pace, Voice
from blastoff_pipecat.relay.scripts import speech_seconds
from tests.relay.texts import any_text

LINE = "Well, let me think about it."  # six words: 2.22 s
LINE_SECS = speech_seconds(LINE)

CALLS = ("say", "audible", "playing", "interrupt", "stop", "hold", "resume")
steps = st.tuples(
    st.sampled_from(CALLS),
    st.sampled_from([0.0, 0.01, 0.1, 0.2, 0.21, 0.5, 1.0, 3.0, 100.0]) | st.floats(0.0, 5.0),
    st.sampled_from(["Sure.", LINE, "", "...", "好的，让我看一下。"]) | any_text,
)


def call(cover: Cover, name: str, now: float, text: str) -> None:
    if name == "say":
        cover.say(text, now)
    else:
        {
            "audible": cover.audible,
            "playing": cover.playing,
            "interrupt": cover.interrupt,
            "stop": cover.stop,
            "hold": cover.hold,
            "resume": cover.resume,
        }[name](now)


def known_voice(latency: float) -> Voice:
    voice = Voice()
    for _ in range(5):
        voice.learn_latency(latency)
    return voice


def play(cover: Cover, start: float, end: float) -> None:
    """Report what a transport reports while audio plays, from the second report on."""
    at = start + 0.24
    while at < end:
        cover.playing(at)
        at += 0.24


# The estimate.


def test_before_anything_is_said_there_is_silence() -> None:
    """It counts from when the reply was due."""
    cover = Cover(Voice(), asked_at=10.0)
    assert not cover.anything
    assert cover.until == 10.0
    assert cover.silence_at(9.0) == 0.0
    assert cover.silence_at(10.7) == pytest.approx(0.7)
    assert cover.heard_by(10.5) == pytest.approx(10.7)
    assert cover.longest_silence == 0.0


def test_a_text_lasts_from_its_first_sound_as_long_as_its_words() -> None:
    """Where nothing is heard back the estimate is all there is."""
    cover = Cover(Voice(), asked_at=10.0)
    cover.say(LINE, 10.3)
    assert cover.anything
    assert cover.until == pytest.approx(10.5 + LINE_SECS)
    assert cover.longest_silence == pytest.approx(0.5)
    assert cover.silence_at(10.4) == 0.0  # it is about to sound
    assert cover.silence_at(cover.until + 0.5) == pytest.approx(0.5)


def test_texts_sound_one_after_the_other() -> None:
    """What is said while another text sounds is heard when that is over, without silence."""
    cover = Cover(Voice(), asked_at=0.0)
    cover.say(LINE, 0.3)
    assert cover.heard_by(1.0) == cover.until
    cover.say(LINE, 1.0)
    assert cover.until == pytest.approx(0.5 + 2 * LINE_SECS)
    assert cover.longest_silence == pytest.approx(0.5)


def test_the_longest_silence_is_remembered() -> None:
    """Between two texts as before the first."""
    cover = Cover(Voice(), asked_at=0.0)
    cover.say("Sure.", 0.1)
    over = cover.until
    cover.say(LINE, over + 1.3)
    cover.say(LINE, over + 1.4)
    assert cover.longest_silence == pytest.approx(1.5)


def test_what_has_no_words_is_no_sound() -> None:
    """White space and symbols cover nothing."""
    cover = Cover(Voice(), asked_at=0.0)
    for text in ("", " ", "...", "\n"):
        cover.say(text, 0.3)
    assert not cover.anything
    assert cover.until == 0.0


# What is heard.


def test_a_slow_voice_makes_no_needless_line() -> None:
    """A voice of 0.8 s latency is heard later and longer than was thought, and known from then."""
    voice = Voice()
    cover = Cover(voice, asked_at=0.0)
    cover.say(LINE, 0.3)
    early = cover.until
    cover.audible(1.1)
    over = 1.1 + LINE_SECS
    play(cover, 1.1, over)
    assert cover.until == pytest.approx(over, abs=PLAYING_SECS)
    assert cover.until > early + 0.5
    assert cover.silence_at(early + 1.0) < 0.5
    assert cover.longest_silence == pytest.approx(1.1)
    following = Cover(voice, asked_at=20.0)
    assert following.heard_by(20.3) == pytest.approx(21.0, abs=0.2)


def test_the_first_sound_may_also_shorten_the_estimate() -> None:
    """A voice that was thought slow and answers at once is over sooner."""
    cover = Cover(known_voice(0.8), asked_at=0.0)
    cover.say(LINE, 0.3)
    cover.say("Sure.", 0.35)
    cover.audible(0.4)
    assert cover.until == pytest.approx(0.4 + speech_seconds(f"{LINE} Sure."))
    assert cover.longest_silence == pytest.approx(0.4)


def test_only_the_first_sound_after_silence_is_the_voices_latency() -> None:
    """What waits behind other speech says nothing of how fast the voice is."""
    voice = Voice()
    cover = Cover(voice, asked_at=0.0)
    cover.say(LINE, 0.0)
    cover.audible(0.3)
    latency = voice.latency_secs
    cover.say(LINE, 0.4)
    cover.audible(2.5)
    cover.audible(9.0)
    assert voice.latency_secs == latency


def test_one_slow_start_does_not_make_a_voice_slow() -> None:
    """A latency is learnt robustly."""
    voice = known_voice(0.2)
    voice.learn_latency(4.0)
    assert voice.latency_secs == pytest.approx(0.2, abs=0.03)


def test_while_audio_plays_nothing_is_over() -> None:
    """A text that lasts longer than was thought makes no silence."""
    cover = Cover(Voice(), asked_at=0.0)
    cover.say("Sure.", 0.0)
    cover.audible(0.2)
    play(cover, 0.2, 3.0)
    assert cover.until == pytest.approx(3.0, abs=0.25)
    assert cover.silence_at(3.0) < 0.1
    assert cover.longest_silence == pytest.approx(0.2)


def test_after_a_short_pause_sound_begins_without_a_word() -> None:
    """Within three seconds no start of speech is told again: that audio plays is the start."""
    voice = known_voice(0.2)
    cover = Cover(voice, asked_at=0.0)
    cover.say("Sure.", 0.0)
    cover.audible(0.2)
    play(cover, 0.2, 0.6)
    cover.say(LINE, 1.6)
    cover.playing(2.3)
    assert cover.until == pytest.approx(2.3 + LINE_SECS)
    assert cover.longest_silence == pytest.approx(2.3 - 0.64, abs=0.1)
    assert voice.latency_secs == pytest.approx(0.2, abs=0.01)


def test_the_first_sound_of_all_may_be_told_by_that_it_plays() -> None:
    """Where a service hears of a voice that began before it listened."""
    cover = Cover(Voice(), asked_at=0.0)
    cover.say(LINE, 0.0)
    cover.playing(1.0)
    assert cover.until == pytest.approx(1.0 + LINE_SECS)
    assert cover.longest_silence == pytest.approx(1.0)


def test_speech_that_outlasts_its_estimate_goes_over_into_the_next() -> None:
    """A text said in the moment between two reports does not start at the second of them."""
    voice = known_voice(0.2)
    cover = Cover(voice, asked_at=0.0)
    cover.say("Sure.", 0.0)
    cover.audible(0.2)
    play(cover, 0.2, 1.9)
    cover.say(LINE, cover.until + 0.01)
    over = cover.until
    play(cover, 1.88, 2.6)
    assert cover.until == over
    cover.audible(8.0)
    assert cover.until == pytest.approx(8.0 + PLAYING_SECS / 2)
    assert voice.latency_secs == pytest.approx(0.2, abs=0.01)


def test_what_nobody_told_of_is_heard_too() -> None:
    """The answer's plain text is gathered by the voice: it covers from its first sound on."""
    cover = Cover(Voice(), asked_at=0.0)
    cover.audible(1.4)
    play(cover, 1.4, 2.4)
    assert not cover.anything
    assert cover.longest_silence == pytest.approx(1.4)
    assert cover.silence_at(2.5) < 0.2


def test_the_end_of_speech_only_shortens() -> None:
    """It may come late, and before the first sound of what was said since."""
    cover = Cover(known_voice(0.2), asked_at=0.0)
    cover.say(LINE, 0.0)
    cover.audible(0.2)
    cover.stop(1.0)
    assert cover.until == 1.0
    cover.stop(3.9)
    assert cover.until == 1.0
    cover.say(LINE, 4.0)
    over = cover.until
    cover.stop(4.1)
    assert cover.until == over


def test_after_an_interruption_nothing_is_heard() -> None:
    """Late reports of what was cut off do not count; what is said next does."""
    cover = Cover(Voice(), asked_at=0.0)
    cover.say(LINE, 0.3)
    cover.audible(0.5)
    cover.interrupt(1.0)
    cover.playing(1.1)
    cover.audible(1.2)
    assert cover.until == 1.0
    assert cover.longest_silence == pytest.approx(0.5)
    cover.say("Sure.", 2.0)
    cover.audible(2.3)
    assert cover.until == pytest.approx(2.3 + speech_seconds("Sure."))


@pytest.mark.parametrize(("interrupted", "silence"), [(0.4, 0.4), (1.0, 0.5)])
def test_a_text_cut_off_before_its_first_sound_ends_no_silence(
    interrupted: float, silence: float
) -> None:
    """Until when it was to be heard, or the interruption, the user heard nothing."""
    cover = Cover(Voice(), asked_at=0.0)
    cover.say(LINE, 0.3)
    cover.interrupt(interrupted)
    assert cover.until == interrupted
    assert cover.longest_silence == pytest.approx(silence)


def test_on_hold_the_clock_stands_still() -> None:
    """A reply speculated on for 0.6 s owes its first sound 0.6 s later."""
    cover = Cover(known_voice(0.2), asked_at=0.0)
    cover.hold(0.1)
    cover.hold(0.3)
    assert cover.silence_at(0.5) == pytest.approx(0.1)
    cover.resume(0.7)
    assert cover.silence_at(0.7) == pytest.approx(0.1)
    assert cover.silence_at(1.0) == pytest.approx(0.4)
    assert cover.silent_from == pytest.approx(0.6)
    cover.say(LINE, 1.0)
    assert cover.longest_silence == pytest.approx(0.6, abs=0.01)
    cover.audible(1.3)
    assert cover.longest_silence == pytest.approx(0.7)


def test_speech_goes_on_while_the_clock_stands_still() -> None:
    """What sounds while on hold is over when it is over; only silence waits."""
    cover = Cover(Voice(), asked_at=0.0)
    cover.say(LINE, 0.0)
    over = cover.until
    cover.hold(1.0)
    cover.resume(over + 2.0)
    assert cover.until == over
    assert cover.silence_at(over + 2.5) == pytest.approx(0.5)


def test_speech_that_outlasts_its_estimate_is_not_the_next() -> None:
    """Where it ends before the next begins, the silence between and the next are both seen."""
    cover = Cover(known_voice(0.2), asked_at=0.0)
    cover.say("Sure.", 0.0)
    cover.audible(0.2)
    play(cover, 0.2, 1.9)
    cover.say(LINE, cover.until + 0.01)
    last = cover.until - LINE_SECS - 0.19
    cover.playing(last)
    cover.playing(last + 0.6)
    assert cover.until == pytest.approx(last + 0.6 + LINE_SECS)
    assert cover.longest_silence == pytest.approx(0.6)


# The pace.


def test_the_pace_is_learnt() -> None:
    """A voice that speaks slower than is usual is soon believed to."""
    pace = Pace()
    assert pace.seconds(LINE) == LINE_SECS
    pace.learn(LINE, LINE_SECS * 1.4)
    assert pace.seconds(LINE) == pytest.approx(LINE_SECS * 1.2)
    pace.learn(LINE, LINE_SECS * 1.4)
    assert pace.seconds(LINE) == pytest.approx(LINE_SECS * 1.4)


def test_one_wrong_measurement_does_not_matter() -> None:
    """Nor does that of a text too short to measure."""
    pace = Pace()
    for _ in range(6):
        pace.learn(LINE, LINE_SECS * 0.9)
    pace.learn(LINE, 30.0)
    pace.learn("Sure.", 2.0)
    assert pace.seconds(LINE) == pytest.approx(LINE_SECS * 0.9)


def test_a_new_pace_is_followed() -> None:
    """When the voice is changed in mid-call, its pace is known after some texts."""
    pace = Pace()
    for factor in (0.8, 1.5):
        for _ in range(5):
            pace.learn(LINE, LINE_SECS * factor)
    assert pace.seconds(LINE) == pytest.approx(LINE_SECS * 1.5)


@given(st.lists(st.tuples(any_text, st.floats())), any_text)
def test_a_pace_stays_within_reason(measured: list[tuple[str, float]], text: str) -> None:
    """Whatever was measured, a voice speaks at half to twice the usual pace."""
    pace = Pace()
    for spoken, secs in measured:
        pace.learn(spoken, secs)
    assert speech_seconds(text) * 0.5 <= pace.seconds(text) <= speech_seconds(text) * 2


# Any order.


@given(st.lists(steps, max_size=40), st.floats(0.0, 1e6), st.floats(0.0, 10.0))
def test_no_order_of_reports_confuses_it(
    history: list[tuple[str, float, str]], asked_at: float, ahead: float
) -> None:
    """Time is never late, silence never negative, and only what is heard brings the end nearer."""
    voice = Voice()
    cover, now = Cover(voice, asked_at), asked_at
    for name, wait, text in history:
        now += wait
        before, longest = cover.until, cover.longest_silence
        call(cover, name, now, text)
        if cover.until < before:
            assert name in ("audible", "playing", "interrupt", "stop")
            assert cover.until >= now or name == "stop"  # of a sound that was none
        if name not in ("audible", "playing", "interrupt", "stop"):
            assert cover.longest_silence >= longest
        assert cover.longest_silence >= 0.0
        assert cover.heard_by(now + ahead) >= max(now + ahead, cover.until)
        assert cover.silence_at(now + ahead) >= cover.silence_at(now) >= 0.0
        assert cover.silent_from >= cover.until >= asked_at
    assert 0.0 < voice.latency_secs < 3601.0


def test_the_estimate_follows_a_real_voice() -> None:
    """With a voice of any latency and pace, over a whole call, the end is known to 0.3 s."""
    rng, voice, errors = random.Random(11), Voice(), []
    now = 0.0
    for _ in range(30):
        cover = Cover(voice, now)
        cover.say(LINE, now + 0.3)
        start = now + 0.3 + rng.uniform(0.5, 0.7)
        end = start + LINE_SECS * rng.uniform(1.15, 1.25)
        cover.audible(start)
        errors.append(abs(cover.until - end))
        play(cover, start, end)
        assert cover.silence_at(end) < 0.3
        voice.pace.learn(LINE, end - start)
        now = end + 5.0
    assert max(errors[3:]) < 0.3
    assert voice.latency_secs == pytest.approx(0.6, abs=0.06)
