"""The timeline of one reply, from made-up events at made-up times."""

from typing import Any

import pytest

from blastoff_pipecat import DualLLMMetricsData
from blastoff_pipecat.timeline.heard import Sound
from blastoff_pipecat.timeline.reply_timeline import ReplyTimeline
from blastoff_pipecat.timeline.table import Life
from blastoff_pipecat.timeline.user_turn import UserTurn


def about(secs: float) -> Any:
    return pytest.approx(secs, abs=1e-3)


def reply(**options: Any) -> ReplyTimeline:
    given = {"number": 1, "zero": 10.0, "turn": None, "two_models": True, "grace": 1.0}
    return ReplyTimeline(**{**given, **options})


def sound(starts: float, ends: float, pause: float = 0.0) -> Sound:
    return Sound(starts, ends, pause, ((starts, ends),))


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

    def test_an_opening_in_tokens_is_heard_apart_by_its_words(self) -> None:
        """A voice that tells them makes the sound parted too, when the length is known."""
        one = reply()
        for index, token in enumerate(["Well,", " yes", " it", " is."]):
            one.say(token, 10.1 + index / 10)
        one.hear(sound(10.5, 11.0), context="a", at=10.5)
        one.hear(sound(11.2, 12.0), context="a", at=10.6)
        for place, word in [(0.0, "Well,"), (0.5, "yes"), (0.8, "it"), (1.0, "is.")]:
            one.spell(word, 9, 10.5 + place)
        assert one.message(20.0)["times"]["opening_heard"] is None
        one.measure(metrics(outcome="relayed", opening_chars=5, continuation_chars=11))
        message = one.message(20.0)
        assert message["times"]["opening_heard"] == about(0.5)
        assert message["gap"] == about(0.2)

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
            ("large_only", True, "two models"),
            ("large_only", False, "large alone"),
            ("small_only", False, "two models"),
            ("interrupted", True, "two models"),
            ("interrupted", False, "large alone"),
            ("failed", True, "two models"),
        ],
    )
    def test_the_mode_is_how_the_bot_is_set(
        self, outcome: Any, two_models: bool, mode: str
    ) -> None:
        """A large model that was heard alone because it was first is no large model alone."""
        one = reply(two_models=two_models)
        one.measure(metrics(outcome=outcome))
        assert one.message(20.0)["mode"] == mode

    def test_the_message_is_as_promised(self) -> None:
        """Its fields, its times after zero, and the service's own metrics."""
        turn = UserTurn(silent=10.0, ended=10.3)
        one = reply(number=3, turn=turn)
        one.say_opening("Well,", 10.4)
        one.announce(opening_id=7, timed=False)
        one.hear(sound(10.5, 10.75), context="a", at=10.5)
        one.say_opening(" One moment.", 12.0)
        one.announce(opening_id=8, timed=False)
        one.hear(sound(12.125, 13.0), context="a", at=12.125)
        data = metrics(outcome="interrupted", small_ttft=0.1, waiting_lines=1)
        one.measure(data)
        assert one.message(12.5) == {
            "type": "blastoff-timeline",
            "reply": 3,
            "mode": "two models",
            "done": False,
            "interrupted": False,
            "opening": "Well,",
            "waiting_lines": [{"words": " One moment.", "left": 2.0, "heard": 2.125, "over": 2.5}],
            "continuation": "",
            "times": {
                "turn_ended": 0.3,
                "opening_text": 0.4,
                "opening_heard": 0.5,
                "opening_over": 0.75,
                "continuation_text": None,
                "continuation_heard": None,
                "over": 2.5,
            },
            "gap": None,
            "metrics": data.model_dump(),
        }

    def test_a_line_that_ends_a_silence_is_a_waiting_line(self) -> None:
        """And so is each that follows; an opening's next clause comes while the first is heard."""
        one = reply()
        for at, words in [(10.1, "Well,"), (10.3, " let me see,"), (13.0, " One moment.")]:
            one.say_opening(words, at)
            one.announce(opening_id=round(at * 10), timed=False)
            one.hear(sound(at + 0.1, at + 0.5), context="a", at=at + 0.1)
        one.say_opening(" Still thinking.", 13.2)
        message = one.message(20.0)
        assert message["opening"] == "Well, let me see,"
        assert message["times"]["opening_over"] == about(0.8)
        assert [each["words"] for each in message["waiting_lines"]] == [
            " One moment.",
            " Still thinking.",
        ]
        assert message["waiting_lines"][1]["heard"] is None

    @pytest.mark.parametrize(("told", "waiting"), [(0, 0), (1, 1), (2, 1)])
    def test_the_metrics_tell_how_many_lines_were_waiting_lines(
        self, told: int, waiting: int
    ) -> None:
        """For certain: the last ones, and never the first."""
        one = reply()
        one.say_opening("Well,", 10.1)
        one.hear(sound(10.2, 10.6), context="a", at=10.2)
        one.say_opening(" let me see.", 10.9)
        assert len(one.message(20.0)["waiting_lines"]) == 1
        one.measure(metrics(outcome="relayed", waiting_lines=told))
        message = one.message(20.0)
        assert len(message["waiting_lines"]) == waiting
        assert message["opening"] == "Well," + ("" if waiting else " let me see.")

    def test_plain_text_has_no_waiting_lines(self) -> None:
        """Nobody knows which of its words they are: they stay a part of the opening."""
        one = reply()
        for at, token in enumerate(["Well,", " still thinking.", " Yes."]):
            one.say(token, 10.1 + at)
        one.measure(metrics(outcome="relayed", opening_chars=21, waiting_lines=1))
        message = one.message(20.0)
        assert (message["opening"], message["waiting_lines"]) == ("Well, still thinking.", [])

    def test_a_voice_that_tells_words_parts_each_line(self) -> None:
        """Where a word of a line begins, though all of it comes as one stream."""
        one = reply()
        one.say_opening("Well, well.", 10.1)
        one.announce(opening_id=7, timed=True)
        one.hear(sound(10.2, 10.6), context="a", at=10.2)
        one.spell("Well,", 7, 10.2)
        one.say_opening(" Still thinking.", 12.0)
        one.announce(opening_id=8, timed=True)
        one.hear(sound(12.1, 12.5, pause=1.5), context="a", at=12.1)
        one.spell("Still", 8, 10.6)  # the voice counts its audio, not its silence
        one.say(" Yes it is.", 13.0)
        one.announce(opening_id=None, timed=True)
        one.hear(sound(13.1, 13.9, pause=0.6), context="a", at=13.1)
        one.spell("Yes", 9, 11.0)
        message = one.message(20.0)
        (line,) = message["waiting_lines"]
        assert message["times"]["opening_over"] == about(0.6)
        assert (line["heard"], line["over"]) == (about(2.1), about(2.5))
        assert message["times"]["continuation_heard"] == about(3.1)
        assert message["gap"] == about(0.6)

    def test_a_line_whose_words_are_not_told_is_not_heard_apart(self) -> None:
        """What comes before the next word that is told belongs to the line before it."""
        one = reply()
        for number, words in enumerate(["Well, well.", " Still thinking."]):
            one.say_opening(words, 10.1 + 2 * number)
            one.announce(opening_id=number, timed=True)
            heard = sound(10.2 + number, 10.6 + number, pause=0.6 * number)
            one.hear(heard, context="a", at=10.2 + number)
        one.spell("Well,", 0, 10.2)
        one.say(" Yes it is.", 13.0)
        one.announce(opening_id=None, timed=True)
        one.hear(sound(13.1, 13.9, pause=0.6), context="a", at=13.1)
        one.spell("Yes", 9, 11.0)
        message = one.message(20.0)
        assert message["waiting_lines"][0]["heard"] is None
        assert message["times"]["opening_over"] == about(1.6)
        assert message["times"]["continuation_heard"] == about(3.1)

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
        assert one.life is Life.INTERRUPTED
        assert one.message(11.0)["times"]["over"] == about(1.0)

    def test_an_interruption_after_all_was_heard_is_none(self) -> None:
        """The last silence of a voice is nothing that can be missed."""
        one = reply()
        one.hear(Sound(10.0, 12.0, 0.0, ((10.0, 11.0),)), context="a", at=10.0)
        one.end()
        one.doom()
        one.interrupt(11.5)
        assert one.life is Life.OVER

    def test_an_interruption_that_never_arrives_ends_with_the_next_reply(self) -> None:
        """No reply is left open."""
        one = reply()
        one.hear(sound(10.0, 12.0), context="a", at=10.0)
        one.doom()
        one.supersede(11.0)
        assert one.life is Life.INTERRUPTED

    def test_what_comes_after_the_end_is_not_heard(self) -> None:
        """Audio that was on its way when the user interrupted is dropped."""
        one = reply()
        one.hear(sound(10.0, 10.5), context="a", at=10.0)
        one.doom()
        one.interrupt(10.2)
        one.hear(sound(10.5, 11.0), context="a", at=10.3)
        assert one.message(20.0)["times"]["over"] == about(0.2)

    def test_words_told_after_an_interruption_bring_nothing_back(self) -> None:
        """They say where a line is in the sound, and that was not played to its end."""
        one = reply()
        one.say_opening("Well, well.", 10.1)
        one.announce(opening_id=7, timed=True)
        one.hear(sound(10.2, 12.0), context="a", at=10.2)
        one.doom()
        one.interrupt(11.0)
        one.spell("Well,", 7, 10.2)
        one.interrupt(11.5)
        times = one.message(20.0)["times"]
        assert (times["opening_over"], times["over"]) == (about(1.0), about(1.0))

    def test_an_opening_that_is_all_is_over_with_the_reply(self) -> None:
        """Though the metrics, which tell how long it is, come late."""
        one = reply()
        one.say("Well, well.", 10.1)
        one.hear(sound(10.2, 11.0), context="a", at=10.2)
        one.doom()
        one.interrupt(10.7)
        one.measure(metrics(outcome="interrupted", opening_chars=11))
        times = one.message(20.0)["times"]
        assert (times["opening_heard"], times["opening_over"]) == (about(0.2), about(0.7))

    def test_changes_are_foretold(self) -> None:
        """A page is told of a sound when it begins, though it arrived earlier."""
        one = reply()
        assert one.next_change(10.0) is None
        one.hear(sound(10.5, 11.0), context="a", at=10.1)
        assert one.next_change(10.1) == about(10.5)
        assert not one.sounds(10.4)
        assert one.sounds(10.6)
        assert one.next_change(10.6) == about(11.0)
