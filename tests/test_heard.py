"""What is heard of a reply, from made-up sound at made-up times."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blastoff_pipecat import DualLLMMetricsData
from blastoff_pipecat.heard import HeardReply, Playhead, Sound
from blastoff_pipecat.reply_timeline import ReplyTimeline, UserTurn
from blastoff_pipecat.word_seam import WordSeam

RATE = 8000


def tone(secs: float, *, level: int = 5000, channels: int = 1) -> bytes:
    return np.full(round(secs * RATE) * channels, level, "<i2").tobytes()


def quiet(secs: float) -> bytes:
    return tone(secs, level=0)


def about(*values: float) -> Any:
    return pytest.approx(values if len(values) > 1 else values[0], abs=1e-3)


class TestPlayhead:
    def test_pieces_that_wait_follow_each_other(self) -> None:
        """However early a piece arrives, it is heard when the one before it has ended."""
        playhead = Playhead()
        sounds = [playhead.play(tone(0.5), RATE, at=at) for at in (10.0, 10.1, 10.9)]
        assert [(s.starts, s.ends, s.pause) for s in sounds] == [
            (10.0, 10.5, 0.0),
            (10.5, 11.0, 0.0),
            (11.0, 11.5, 0.0),
        ]

    def test_a_late_piece_leaves_a_pause(self) -> None:
        """The pause is as long as nothing was there to be played; the first piece has none."""
        playhead = Playhead()
        playhead.play(tone(0.5), RATE, at=10.0)
        sound = playhead.play(tone(0.5), RATE, at=10.75)
        assert (sound.starts, sound.pause) == about(10.75, 0.25)

    def test_what_is_dropped_is_not_waited_for(self) -> None:
        """After an interruption the next piece is heard as it arrives."""
        playhead = Playhead()
        playhead.play(tone(9), RATE, at=10.0)
        playhead.stop()
        sound = playhead.play(tone(0.5), RATE, at=11.0)
        assert (sound.starts, sound.pause) == (11.0, 0.0)

    def test_what_is_audible_is_told_apart_from_silence(self) -> None:
        """Only silence that lasts divides a sound; faint noise is silence."""
        audio = quiet(0.1) + tone(0.2) + quiet(0.01) + tone(0.1) + tone(0.2, level=-200) + tone(0.1)
        sound = Playhead().play(audio, RATE, at=10.0)
        assert sound.ends == about(10.71)
        first, second = sound.spans
        assert first == about(10.1, 10.41)
        assert second == about(10.61, 10.71)

    @pytest.mark.parametrize("audio", [b"", quiet(0.1)])
    def test_silence_has_nothing_audible(self, audio: bytes) -> None:
        """Not even an empty piece is a problem."""
        assert Playhead().play(audio, RATE, at=10.0).spans == ()

    def test_channels_are_played_together(self) -> None:
        """Two interleaved channels last half as long as their samples."""
        sound = Playhead().play(tone(0.5, channels=2), RATE, at=10.0, channels=2)
        assert sound.ends == about(10.5)
        assert sound.spans == ((10.0, 10.5),)


class TestHeardReply:
    def reply(self) -> HeardReply:
        reply, playhead = HeardReply(), Playhead()
        reply.say_opening("Well,", 9.5)
        reply.hear(playhead.play(tone(0.5), RATE, at=10.0), opening=True)
        reply.say_continuation(" yes.", 9.9)
        reply.hear(playhead.play(quiet(0.1) + tone(0.9), RATE, at=10.2), opening=False)
        return reply

    def test_whole(self) -> None:
        """Who is heard when, and the silence between them."""
        reply = self.reply()
        assert (reply.opening_heard, reply.opening_over) == about(10.0, 10.5)
        assert (reply.continuation_heard, reply.over) == about(10.6, 11.5)
        assert (reply.opening_text, reply.continuation_text) == (9.5, 9.9)
        assert reply.gap == about(0.1)
        assert reply.first_heard == 10.0
        assert reply.text == "Well, yes."

    @pytest.mark.parametrize(
        ("at", "opening_heard", "opening_over", "continuation_heard", "over"),
        [
            (9.9, None, None, None, None),
            (10.2, 10.0, 10.2, None, 10.2),
            (10.55, 10.0, 10.5, None, 10.5),
            (10.7, 10.0, 10.5, 10.6, 10.7),
            (12.0, 10.0, 10.5, 10.6, 11.5),
        ],
    )
    def test_until(
        self,
        at: float,
        opening_heard: float | None,
        opening_over: float | None,
        continuation_heard: float | None,
        over: float | None,
    ) -> None:
        """At each moment only what was heard by then; a silence is no part of the sound."""
        heard = self.reply().until(at)
        assert heard.opening_heard == opening_heard
        assert heard.opening_over == opening_over
        assert heard.continuation_heard == continuation_heard
        assert heard.over == over
        assert heard.text == "Well, yes."

    @given(
        st.lists(
            st.tuples(st.floats(0, 3), st.floats(0, 0.5), st.floats(0.001, 0.5), st.booleans())
        ),
        st.floats(0, 30),
    )
    def test_times_are_in_order(
        self, pieces: list[tuple[float, float, float, bool]], until: float
    ) -> None:
        """Whenever pieces arrive, no gap is negative and nothing is heard before it begins."""
        reply, playhead, at = HeardReply(), Playhead(), 0.0
        for later, silence, sound, opening in sorted(pieces, key=lambda piece: not piece[3]):
            at += later
            reply.hear(playhead.play(quiet(silence) + tone(sound), RATE, at=at), opening=opening)
        for heard in (reply, reply.until(until)):
            assert heard.gap is None or heard.gap >= 0
            times = (heard.opening_heard, heard.opening_over, heard.continuation_heard, heard.over)
            reached = [time for time in times if time is not None]
            assert reached == sorted(reached)
            assert heard is reply or all(time <= until for time in reached)


class TestWordSeam:
    def heard(self, *pieces: tuple[float, bytes]) -> WordSeam:
        seam, playhead = WordSeam(), Playhead()
        for at, audio in pieces:
            seam.hear(playhead.play(audio, RATE, at=at))
        return seam

    @pytest.mark.parametrize("place", [0.4, 0.5, 0.6, 0.7])
    def test_the_pause_beside_the_word_is_the_seam(self, place: float) -> None:
        """A voice's idea of where a word begins may be some way off."""
        seam = self.heard((10.0, tone(0.5) + quiet(0.1) + tone(0.4)))
        before, after = seam.split(place)
        assert before == about(10.0, 10.5)
        assert after == about(10.6, 11.0)

    def test_dead_air_moves_the_place(self) -> None:
        """A voice counts its audio, not the time in which it had none."""
        seam = self.heard((10.0, tone(0.5)), (12.0, tone(0.5)))
        assert seam.when(0.2) == about(10.2)
        assert seam.when(0.7) == about(12.2)
        assert seam.split(0.5) == ((10.0, 10.5), (12.0, 12.5))

    def test_without_a_pause_the_word_is_the_seam(self) -> None:
        """A voice may run on without any silence, over the ends of its pieces."""
        seam = self.heard((10.0, tone(0.25)), (10.1, tone(0.75)))
        before, after = seam.split(0.3)
        assert before == about(10.0, 10.3)
        assert after == about(10.3, 11.0)

    def test_a_pause_far_away_is_another(self) -> None:
        """The opening may have a pause of its own."""
        seam = self.heard((10.0, tone(0.2) + quiet(0.2) + tone(0.6)))
        assert seam.split(0.7)[1] == about(10.7, 11.0)

    def test_what_is_not_there_yet_is_none(self) -> None:
        """The word may be told before its sound comes, and the sound may be silence."""
        assert WordSeam().split(1.0) == (None, None)
        assert self.heard((10.0, quiet(1.0))).split(0.5) == (None, None)
        assert self.heard((10.0, tone(0.5))).split(0.8) == ((10.0, 10.5), None)
        assert self.heard((10.0, tone(0.5))).split(-0.5) == (None, (10.0, 10.5))

    @given(
        st.lists(st.tuples(st.floats(0, 2), st.floats(0, 0.3), st.floats(0.01, 0.3)), min_size=1),
        st.floats(-1, 10),
    )
    def test_any_place_splits_all_that_was_heard(
        self, pieces: list[tuple[float, float, float]], place: float
    ) -> None:
        """Nothing is lost, nothing overlaps."""
        at, made = 0.0, list[tuple[float, bytes]]()
        for later, silence, sound in pieces:
            at += later
            made.append((at, quiet(silence) + tone(sound)))
        before, after = self.heard(*made).split(place)
        assert before or after
        ends = [each for span in (before, after) if span for each in span]
        assert ends == sorted(ends)


def reply(**options: Any) -> ReplyTimeline:
    given = {"number": 1, "zero": 10.0, "turn": None, "two_models": True, "grace": 1.0}
    return ReplyTimeline(**{**given, **options})


def sound(starts: float, ends: float) -> Sound:
    return Sound(starts, ends, 0.0, ((starts, ends),))


def metrics(**options: Any) -> DualLLMMetricsData:
    return DualLLMMetricsData(processor="llm", model="large", **options)


class TestReplyTimeline:
    def test_a_voice_that_takes_texts_announces_each(self) -> None:
        """What follows the announcement of an opening is the opening."""
        one = reply()
        one.say_opening("Well,", 10.1)
        one.announce(opening_id=7, timed=False)
        one.hear(sound(10.2, 10.6), context="a", at=10.2)
        one.say(" yes.", 10.4)
        one.announce(opening_id=None, timed=False)
        one.hear(sound(10.7, 11.0), context="a", at=10.5)
        assert one.message(20.0)["gap"] == about(0.1)

    def test_words_may_come_in_any_order(self) -> None:
        """A voice that takes tokens tells of some of them late."""
        one = reply()
        one.say_opening("Well, you see,", 10.1)
        one.say(" it is nine.", 10.2)
        for start in range(6):
            at = 10.5 + start / 10
            one.hear(Sound(at, at + 0.1, 0.0, ((at, at + 0.08),)), context="a", at=10.5)
        assert one.message(20.0)["gap"] is None
        one.announce(opening_id=None, timed=True)
        for index, word in [(3, "it"), (4, "is"), (0, "Well,"), (5, "nine."), (2, "see,")]:
            one.spell(word, 9, 10.5 + index / 10)
        one.spell("you", 9, 10.6)
        message = one.message(20.0)
        assert message["times"]["continuation_heard"] == about(0.8)
        assert message["gap"] == about(0.02)

    def test_a_word_without_a_time_says_nothing(self) -> None:
        """Words that a voice did not time come at the end of its audio, without a time."""
        one = reply()
        one.say_opening("Well,", 10.1)
        one.announce(opening_id=7, timed=True)
        one.hear(sound(10.2, 10.6), context="a", at=10.2)
        one.say(" yes.", 10.4)
        one.announce(opening_id=None, timed=True)
        one.spell("yes.", 8, 0.0)
        assert one.message(20.0)["gap"] is None

    def test_an_opening_in_tokens_is_parted_when_its_length_is_known(self) -> None:
        """The text is parted exactly, the sound is not: nobody knows where it parts."""
        one = reply()
        for index, token in enumerate(["Well,", " yes", " it", " is."]):
            one.say(token, 10.1 + index / 10)
        one.hear(sound(10.5, 11.5), context="a", at=10.5)
        one.measure(metrics(outcome="relayed", opening_chars=5, continuation_chars=11))
        message = one.message(20.0)
        assert (message["opening"], message["continuation"]) == ("Well,", " yes it is.")
        assert message["times"]["opening_text"] == about(0.1)
        assert message["times"]["continuation_text"] == about(0.2)
        assert message["times"]["opening_heard"] == about(0.5)
        assert message["times"]["continuation_heard"] is None

    @pytest.mark.parametrize(
        ("outcome", "two_models", "mode"),
        [
            ("relayed", False, "two models"),
            ("small_only", True, "two models"),
            ("large_only", True, "large alone"),
            ("interrupted", True, "two models"),
            ("interrupted", False, "large alone"),
            ("failed", True, "two models"),
        ],
    )
    def test_the_mode_is_what_was_heard(self, outcome: Any, two_models: bool, mode: str) -> None:
        """Where the service cannot say who spoke, it is what was meant to be."""
        one = reply(two_models=two_models)
        one.measure(metrics(outcome=outcome))
        assert one.message(20.0)["mode"] == mode

    def test_the_message_is_as_promised(self) -> None:
        """Its fields, its times after zero, and the service's own metrics."""
        turn = UserTurn(silent=10.0, ended=10.3)
        one = reply(number=3, turn=turn)
        one.say_opening("Well,", 10.4)
        data = metrics(outcome="interrupted", small_ttft=0.1)
        one.measure(data)
        assert one.message(10.5) == {
            "type": "blastoff-timeline",
            "reply": 3,
            "mode": "two models",
            "done": False,
            "interrupted": False,
            "opening": "Well,",
            "continuation": "",
            "times": {
                "turn_ended": 0.3,
                "opening_text": 0.4,
                "opening_heard": None,
                "opening_over": None,
                "continuation_text": None,
                "continuation_heard": None,
                "over": None,
            },
            "gap": None,
            "metrics": data.model_dump(),
        }

    def test_a_reply_is_done_when_the_bot_stops(self) -> None:
        """Once all audio has come; a stop in its midst ends nothing."""
        one = reply()
        one.hear(sound(10.0, 10.5), context="a", at=10.0)
        one.stop(10.5)
        one.hear(sound(11.0, 12.0), context="b", at=11.0)
        one.end()
        assert not one.done
        one.stop(11.95)
        assert one.done
        assert one.message(11.95)["times"]["over"] == about(2.0)

    def test_a_stop_may_come_before_the_end(self) -> None:
        """A short sound is over before the reply's end has come by."""
        one = reply()
        one.hear(sound(10.0, 10.1), context="a", at=10.0)
        one.stop(10.1)
        one.end()
        assert one.done

    def test_a_transport_that_says_nothing_is_not_waited_for(self) -> None:
        """A while after its sound a reply is over."""
        one = reply(grace=1.0)
        one.hear(sound(10.0, 10.5), context="a", at=10.0)
        one.end()
        one.give_up(11.4)
        assert not one.done
        assert one.next_change(11.4) == about(11.5)
        one.give_up(11.5)
        assert one.done
        assert one.next_change(11.6) is None

    def test_an_end_that_an_interruption_brings_about_is_none(self) -> None:
        """The service ends its reply before the interruption is where sound is played."""
        one = reply()
        one.hear(sound(10.0, 12.0), context="a", at=10.0)
        one.doom()
        one.end()
        one.interrupt(11.0)
        assert one.interrupted
        assert one.message(11.0)["times"]["over"] == about(1.0)

    def test_an_interruption_after_all_was_heard_is_none(self) -> None:
        """The last silence of a voice is nothing that can be missed."""
        one = reply()
        one.hear(Sound(10.0, 12.0, 0.0, ((10.0, 11.0),)), context="a", at=10.0)
        one.end()
        one.doom()
        one.interrupt(11.5)
        assert (one.done, one.interrupted) == (True, False)

    def test_an_interruption_that_never_arrives_ends_with_the_next_reply(self) -> None:
        """No reply is left open."""
        one = reply()
        one.hear(sound(10.0, 12.0), context="a", at=10.0)
        one.doom()
        one.supersede(11.0)
        assert (one.done, one.interrupted) == (True, True)

    def test_what_comes_after_the_end_is_not_heard(self) -> None:
        """Audio that was on its way when the user interrupted is dropped."""
        one = reply()
        one.hear(sound(10.0, 10.5), context="a", at=10.0)
        one.doom()
        one.interrupt(10.2)
        one.hear(sound(10.5, 11.0), context="a", at=10.3)
        assert one.message(20.0)["times"]["over"] == about(0.2)

    def test_changes_are_foretold(self) -> None:
        """A page is told of a sound when it begins, though it arrived earlier."""
        one = reply()
        assert one.next_change(10.0) is None
        one.hear(sound(10.5, 11.0), context="a", at=10.1)
        assert one.next_change(10.1) == about(10.5)
        assert not one.sounds(10.4)
        assert one.sounds(10.6)
        assert one.next_change(10.6) == about(11.0)
