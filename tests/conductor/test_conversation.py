"""What each model is shown of a conversation."""

from typing import Any

import pytest

from blastoff_pipecat.conductor.conversation import (
    Conversation,
    continuation_instruction,
    text_of,
)

SYSTEM = {"role": "system", "content": "You are a museum's bot."}
EXAMPLES = [("What time is it?", "Let me see."), ("Hi!", "-")]


def said(*texts: str, first: str = "user") -> list[dict[str, Any]]:
    """Messages of the two sides in turn."""
    roles = ["user", "assistant"] * len(texts)
    if first == "assistant":
        roles = roles[1:]
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]


def told(*texts: str) -> Conversation:
    return Conversation(messages=[SYSTEM, *said(*texts)])


class TestText:
    """A message's text is one string or a list of parts."""

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (" Hello. ", "Hello."),
            (None, ""),
            (42, ""),
            ([], ""),
            ([{"type": "text", "text": "One"}, {"type": "text", "text": "two "}], "One two"),
            ([{"type": "image_url", "image_url": {"url": "…"}}, {"text": "Look."}], "Look."),
            (["bare", {"text": 7}, {"text": " Look."}], "Look."),
        ],
    )
    def test_of_any_content(self, content: object, text: str) -> None:
        """What is no text is left out."""
        assert text_of({"role": "user", "content": content}) == text

    def test_of_none(self) -> None:
        """A message of calls alone has none."""
        assert text_of({"role": "assistant"}) == ""


class TestWhatIsAnswered:
    """Whether a reply answers what a user said, and in which language that was."""

    @pytest.mark.parametrize(
        ("conversation", "why"),
        [
            (told("When?"), None),
            (Conversation(messages=[SYSTEM]), "no user turn"),
            (Conversation(messages=[]), "no user turn"),
            (told("When?", "At nine."), "no user turn"),
            (told(" "), "no user turn"),
            (Conversation(messages=said("When?"), may_open=False), "not wanted"),
            (Conversation(messages=said("When?"), needs_whole_answer=True), "not wanted"),
            (Conversation(messages=said("When?"), params={"max_tokens": 47}), "short answer"),
            (Conversation(messages=said("When?"), params={"max_tokens": 48}), None),
            (
                Conversation(messages=said("When?"), params={"max_completion_tokens": 47}),
                "short answer",
            ),
            (
                Conversation(
                    messages=said("When?"), params={"max_completion_tokens": 90, "max_tokens": 5}
                ),
                None,
            ),
            (Conversation(messages=said("When?"), params={"max_tokens": "5"}), None),
        ],
    )
    def test_why_there_is_no_opening(self, conversation: Conversation, why: str | None) -> None:
        """The bot's author is asked first, then how long the answer may be."""
        assert conversation.why_no_opening == why
        assert conversation.asks_for_opening is (why is None)

    def test_the_last_that_was_spoken(self) -> None:
        """Whatever has happened since."""
        conversation = told("When do you open?", "One moment.")
        assert conversation.user_text == ""
        assert conversation.last_spoken == "When do you open?"
        assert told("Where?", "Here.", "When?").user_text == "When?"
        assert told("Where?", "Here.", "When?").last_spoken == "When?"
        assert told("Where?", "Here.", " ").last_spoken == "Where?"
        assert Conversation(messages=[SYSTEM]).last_spoken == ""

    def test_the_language_is_that_of_the_last_three_turns(self) -> None:
        """The newest that tells counts; what is older is forgotten."""
        german, english = "Wann macht das Museum auf?", "When does the museum open?"
        assert told(german, "Um neun.", english).language == "en"
        assert told(german, "Um neun.", "ok").language == "de"
        assert told(german, "…", "ok", "…", "ok").language == "de"
        assert told(german, "…", "ok", "…", "ok", "…", "ok").language is None
        assert Conversation(messages=said(german, first="assistant")).language is None

    def test_what_the_bot_is_told_to_be(self) -> None:
        """It stands in the first message, if that is the system's."""
        assert told("When?").instruction == "You are a museum's bot."
        assert Conversation(messages=said("When?")).instruction == ""
        assert Conversation(messages=[*said("When?"), SYSTEM]).instruction == ""
        assert Conversation(messages=[]).instruction == ""

    def test_the_replies_before(self) -> None:
        """Three at most, the newest first, and how they began."""
        conversation = told(
            *("a", "One moment. It is open.", "b", "", "c", "Well, let me see, at nine.", "d"),
            *("no mark in all of this, which is as long as an opening can be and longer", "e"),
            *("Sure.", "f"),
        )
        long = "no mark in all of this, which is as long as an opening can be and longer"
        assert conversation.recent_replies == ["Sure.", long, "Well, let me see, at nine."]
        assert conversation.recent_openings == [
            "Sure.",
            "no mark in all of this,",
            "Well, let me see,",
        ]

    def test_the_beginning_of_what_has_no_mark(self) -> None:
        """Sixty characters of it."""
        (beginning,) = told("a", "x" * 70, "b").recent_openings
        assert beginning == "x" * 60
        assert told("a", "1234567, 9, 10", "b").recent_openings == ["1234567, 9,"]
        assert told("a", "12345678, 10", "b").recent_openings == ["12345678,"]


class TestTheSmallModelsMessages:
    """It is shown the instruction, the examples and the last messages."""

    def test_whole(self) -> None:
        """The examples are turns; of earlier replies it sees how they began."""
        conversation = told("Where is it?", "Well, let me see, it is here.", "When is it open?")
        assert conversation.opening_messages("Open.", EXAMPLES, history=3, whole_replies=False) == [
            {"role": "system", "content": "Open."},
            {"role": "user", "content": "What time is it?"},
            {"role": "assistant", "content": "Let me see."},
            {"role": "user", "content": "Hi!"},
            {"role": "assistant", "content": "-"},
            {"role": "user", "content": "Where is it?"},
            {"role": "assistant", "content": "Well, let me see,"},
            {"role": "user", "content": "When is it open?"},
        ]

    @pytest.mark.parametrize(
        ("history", "seen"),
        [
            (0, ["When?"]),
            (1, ["When?"]),
            (2, ["When?"]),  # which may not begin with the bot's own words
            (3, ["Where?", "It is here, behind the market.", "When?"]),
            (9, ["Where?", "It is here, behind the market.", "When?"]),
        ],
    )
    def test_the_last_ones(self, history: int, seen: list[str]) -> None:
        """As many as are asked for, one at least, whole where they are wanted so."""
        conversation = told("Where?", "It is here, behind the market.", "When?")
        messages = conversation.opening_messages("", [], history=history, whole_replies=True)
        assert [message["content"] for message in messages[1:]] == seen

    def test_neighbours_of_one_role_are_one_message(self) -> None:
        """What is no speech of the two sides is left out."""
        messages = [
            *said("Where?"),
            {"role": "user", "content": "And when?"},
            {"role": "assistant", "tool_calls": [{}]},
            {"role": "tool", "content": "nine"},
            {"role": "assistant", "content": "At nine."},
            {"role": "developer", "content": "Be short."},
            {"role": "assistant", "content": "Every day."},
            {"role": "user", "content": "Thanks."},
        ]
        shown = Conversation(messages=messages).opening_messages(
            "", [], history=9, whole_replies=True
        )
        assert shown[1:] == [
            {"role": "user", "content": "Where?\nAnd when?"},
            {"role": "assistant", "content": "At nine.\nEvery day."},
            {"role": "user", "content": "Thanks."},
        ]
        assert messages[0]["content"] == "Where?", "the caller's messages are as they were"


CALL = {"role": "assistant", "tool_calls": [{"id": "1"}]}
OTHER_CALL = {"role": "assistant", "tool_calls": [{"id": "2"}]}
RESULT = {"role": "tool", "content": "nine", "tool_call_id": "1"}
USER = {"role": "user", "content": "When?"}
OPENING = {"role": "assistant", "content": "Let me see."}
OPAQUE = {"role": "opaque", "message": object()}


class TestHealing:
    """An opening's text is given back to the message that called the tools."""

    @pytest.mark.parametrize(
        ("messages", "healed"),
        [
            ([USER, CALL, RESULT, OPENING], [USER, {**CALL, "content": "Let me see."}, RESULT]),
            (
                [USER, CALL, RESULT, OTHER_CALL, RESULT, OPENING],
                [USER, {**CALL, "content": "Let me see."}, RESULT, OTHER_CALL, RESULT],
            ),
            (
                [USER, CALL, OPAQUE, RESULT, OPENING],
                [USER, {**CALL, "content": "Let me see."}, OPAQUE, RESULT],
            ),
            (
                [USER, CALL, RESULT, OPENING, OPENING],
                [USER, {**CALL, "content": "Let me see."}, RESULT, OPENING],
            ),
        ],
    )
    def test_what_belongs_to_the_calls(
        self, messages: list[dict[str, Any]], healed: list[dict[str, Any]]
    ) -> None:
        """Else the request would end in the bot's words, which servers read as a prefill."""
        before = [dict(message) for message in messages]
        assert Conversation(messages=messages).large_messages == healed
        assert messages == before

    @pytest.mark.parametrize(
        "messages",
        [
            [],
            [USER, OPENING],
            [USER, CALL, RESULT],
            [USER, CALL, RESULT, OPENING, USER],  # the answer to the result
            [USER, {**CALL, "content": "One moment."}, RESULT, OPENING],  # it has its own
            [USER, CALL, RESULT, USER, OPENING],
        ],
    )
    def test_what_stands_where_it_belongs(self, messages: list[dict[str, Any]]) -> None:
        """Is left there."""
        shown = Conversation(messages=messages).large_messages
        assert shown == messages
        assert shown is not messages

    def test_in_plain_words(self) -> None:
        """For a model without tools: results are told as the user's words, calls are left out."""
        messages = [
            SYSTEM,
            USER,
            CALL,
            RESULT,
            {"role": "developer", "content": "Be short."},
            OPENING,
            {"role": "assistant", "content": ""},
        ]
        assert Conversation(messages=messages).plain_messages == [
            SYSTEM,
            USER,
            {"role": "user", "content": "(Result of a tool: nine)"},
            {"role": "user", "content": "Be short."},
            OPENING,
        ]


class TestWithoutLines:
    """What was said before the large model's own words is not shown to it again."""

    LINES = ("One moment.", "Still looking.")

    @pytest.mark.parametrize(
        ("reply", "shown"),
        [
            ("One moment. It is open.", "It is open."),
            (" One moment.  Still looking. It is open.", "It is open."),
            ("One moment.", "One moment."),
            ("It is open. One moment.", "It is open. One moment."),
            ("It is open.", "It is open."),
            (None, None),
            ([{"text": "One moment. It is open."}], [{"text": "One moment. It is open."}]),
        ],
    )
    def test_of_a_reply(self, reply: object, shown: object) -> None:
        """A reply of which nothing else was heard keeps its lines."""
        message = {"role": "assistant", "content": reply, "name": "bot"}
        conversation = Conversation(messages=[message])
        assert conversation.without_lines(self.LINES) == [{**message, "content": shown}]
        assert message["content"] == reply

    def test_of_nobody_else(self) -> None:
        """The user may well begin with such a line; with no lines nothing is left out."""
        user = {"role": "user", "content": "One moment. I look."}
        assert Conversation(messages=[user]).without_lines(self.LINES) == [user]
        reply = {"role": "assistant", "content": "One moment. It is open."}
        assert Conversation(messages=[reply]).without_lines(()) == [reply]


def test_what_was_said_is_quoted() -> None:
    """The last two hundred characters of it, in any script, as JSON."""
    assert continuation_instruction("After {said}.", 'Say "hi", 早') == 'After "Say \\"hi\\", 早".'
    long = "y" * 5 + "x" * 200
    assert continuation_instruction("{said}", long) == '"' + "x" * 200 + '"'
