"""What is heard of a reply, from made-up sound at made-up times."""

from math import inf
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blastoff_pipecat.timeline.heard import HeardReply, Playhead
from blastoff_pipecat.timeline.word_seam import WordSeam

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

    def test_what_fills_no_chunk_waits(self) -> None:
        """A transport plays whole chunks: the rest of one piece comes right before the next."""
        playhead = Playhead(chunk=0.04)
        playhead.play(tone(0.11), RATE, at=10.0)
        late = playhead.play(tone(0.05), RATE, at=11.0)
        assert (late.starts, late.ends, late.pause) == about(11.03, 11.08, 0.92)
        in_time = playhead.play(tone(0.11), RATE, at=11.05)
        assert (in_time.starts, in_time.pause) == about(11.08, 0.0)

    def test_whole_chunks_leave_nothing(self) -> None:
        """However many pieces they came in: 0.1 + 0.02 are three chunks of 0.04."""
        playhead = Playhead(chunk=0.04)
        for audio in (tone(0.1), tone(0.02)):
            playhead.play(audio, RATE, at=10.0)
        assert playhead.play(tone(0.1), RATE, at=11.0).starts == about(11.0)

    def test_what_waits_is_played_at_the_end(self) -> None:
        """When the voice has stopped, the last chunk is filled up with silence."""
        playhead = Playhead(chunk=0.04)
        playhead.play(tone(0.11), RATE, at=10.0)
        playhead.flush()
        assert playhead.play(tone(0.08), RATE, at=10.1).starts == about(10.12)
        playhead.flush()
        assert playhead.play(tone(0.08), RATE, at=11.0).starts == about(11.0)

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
        reply.hear(playhead.play(tone(0.5), RATE, at=10.0), reply.lines[-1])
        reply.say_continuation(" yes.", 9.9)
        reply.hear(playhead.play(quiet(0.1) + tone(0.9), RATE, at=10.2), None)
        return reply

    def test_whole(self) -> None:
        """Who is heard when, and the silence between them."""
        reply = self.reply()
        assert (reply.opening_heard, reply.opening_over) == about(10.0, 10.5)
        assert (reply.continuation_heard, reply.over) == about(10.6, 11.5)
        assert (reply.opening_text, reply.continuation_text) == (9.5, 9.9)
        assert reply.gap == about(0.1)
        assert reply.first_heard == 10.0
        assert (reply.opening, reply.continuation) == ("Well,", " yes.")

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
        assert (heard.opening, heard.continuation) == ("Well,", " yes.")

    def test_waiting_lines_are_no_part_of_the_opening(self) -> None:
        """Each is heard by itself; the gap is the silence behind the last one."""
        reply = HeardReply()
        for at, words in [(9.9, "Well,"), (12.0, " One moment."), (14.0, " Still looking.")]:
            reply.say_opening(words, at)
            reply.hear(Playhead().play(tone(0.5), RATE, at=at + 0.1), reply.lines[-1])
        reply.waiting = 2
        reply.say_continuation(" Yes.", 15.0)
        reply.hear(Playhead().play(tone(0.5), RATE, at=15.0), None)
        assert (reply.opening, reply.opening_over) == ("Well,", about(10.5))
        heard = [(line.heard, line.over) for line in reply.waiting_lines]
        assert heard == [about(12.1, 12.6), about(14.1, 14.6)]
        assert reply.gap == about(0.4)
        assert [line.words for line in reply.waiting_lines] == [" One moment.", " Still looking."]
        silence = reply.until(13.0)
        assert silence.over == about(12.6)
        assert [line.heard for line in silence.waiting_lines] == [12.1, None]

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
            if opening:
                reply.say_opening("Well,", at)
            played = playhead.play(quiet(silence) + tone(sound), RATE, at=at)
            reply.hear(played, reply.lines[-1] if opening else None)
        for heard in (reply, reply.until(until)):
            assert heard.gap is None or heard.gap >= 0
            lines = (time for line in heard.lines for time in (line.heard, line.over))
            times = (*lines, heard.continuation_heard, heard.over)
            reached = [time for time in times if time is not None]
            assert reached == sorted(reached)
            assert heard is reply or all(time <= until for time in reached)


class TestWordSeam:
    def heard(self, *pieces: tuple[float, bytes]) -> WordSeam:
        seam, playhead = WordSeam(), Playhead()
        for at, audio in pieces:
            seam.hear(playhead.play(audio, RATE, at=at), context="a", at=at)
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

    def test_a_line_is_between_two_words(self) -> None:
        """Its own and the next one's; None where nothing sounds between them."""
        seam = self.heard((10.0, tone(0.5) + quiet(0.1) + tone(0.4)), (12.0, tone(0.5)))
        assert seam.between(-inf, 0.55) == about(10.0, 10.5)
        assert seam.between(0.55, 1.0) == about(10.6, 11.0)
        assert seam.between(1.0, inf) == about(12.0, 12.5)
        assert seam.between(1.6, inf) is seam.between(inf, inf) is WordSeam().between(0, 1) is None

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
