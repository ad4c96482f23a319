"""What each model is asked, as a table of settings: in which manner, with which words."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from blastoff_pipecat import prompts
from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.learnt import FAILURES_IN_A_ROW, Learnt
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.requests import (
    Models,
    Requests,
    inference_ask,
    tool_line_ask,
)
from blastoff_pipecat.endpoints import ChatClient, ChatEndpoint
from blastoff_pipecat.relay.chosen_opening import ChosenOpening
from blastoff_pipecat.relay.lines import LINES, Stock
from blastoff_pipecat.relay.opening import WrittenLine, WrittenOpening
from blastoff_pipecat.relay.timing import Manner

SYSTEM = {"role": "system", "content": "You are a museum's bot. " + "x" * 700}
USER = {"role": "user", "content": "When does the museum open?"}
MESSAGES = [SYSTEM, USER]
EN = LINES["en"]

Make = Callable[..., Requests]


@pytest.fixture
async def models() -> AsyncIterator[Models]:
    clients = [
        ChatClient(ChatEndpoint(base_url="http://127.0.0.1:9/v1", model="m", continuation=way))
        for way in ("history", "trailing")
    ]
    yield Models(*clients)
    for client in clients:
        await client.aclose()


@pytest.fixture
def make(models: Models) -> Make:
    def make(
        messages: list[dict[str, Any]] = MESSAGES,
        *,
        learnt: Learnt | None = None,
        params: dict[str, Any] | None = None,
        swapped: bool = False,
        **settings: Any,
    ) -> Requests:
        conversation = Conversation(messages=messages, params=params or {})
        asked = Models(models.large, models.small) if swapped else models
        return Requests(asked, conversation, Policy(**settings), learnt or Learnt())

    return make


# How a reply is made.


def test_the_manner_by_default(make: Make) -> None:
    """Whatever is not told otherwise."""
    assert make(handover="beside").manner(speculative=False) == Manner(
        opening="auto",
        beside=True,
        max_silence=1.0,
        max_waiting_lines=2,
        clause_release=True,
        gathers=True,
        takes_words=False,
        opening_suffices=False,
        rescue=True,
        excuse=None,
        lines=Stock(EN.sentences, []),
        waiting_lines=Stock(EN.waiting, []),
        asks_for_lines=True,
        line_secs=0.25,
        speculative=False,
        speech_safe="controls",
    )


@pytest.mark.parametrize(
    ("settings", "manner"),
    [
        ({"handover": "prefix"}, {"beside": False, "lines": Stock(EN.commas, [])}),
        ({"opening": "always"}, {"opening": "always"}),
        ({"opening": "never"}, {"opening": "never", "max_waiting_lines": 0}),
        ({"max_silence_secs": 0.5}, {"max_silence": 0.5}),
        ({"max_waiting_lines": 5}, {"max_waiting_lines": 5}),
        ({"clause_release": False}, {"clause_release": False, "gathers": False}),
        (
            {"opening_frames": "token"},
            {"clause_release": False, "gathers": False, "takes_words": True},
        ),
        ({"rescue": None}, {"rescue": False, "excuse": None}),
        ({"rescue": "Sorry."}, {"rescue": False, "excuse": "Sorry."}),
        ({"speech_safe": "tags"}, {"speech_safe": "tags"}),
        ({"style": "choose"}, {"asks_for_lines": False}),
        (
            {"style": "answer"},
            {"opening_suffices": True, "beside": False, "lines": Stock(EN.commas, [])},
        ),
        ({"openings": [" One. ", "Two."]}, {"lines": Stock(("One.", "Two."), [])}),
        (
            {"language": "de"},
            {
                "lines": Stock(LINES["de"].sentences, []),
                "waiting_lines": Stock(LINES["de"].waiting, []),
            },
        ),
        ({"language": "tlh"}, {"lines": Stock((), []), "waiting_lines": Stock((), [])}),
    ],
)
def test_each_setting_has_its_part_in_the_manner(
    make: Make, settings: dict[str, Any], manner: dict[str, Any]
) -> None:
    """And in nothing else."""
    usual = make(handover="beside").manner(speculative=False)
    made = make(**{"handover": "beside", **settings}).manner(speculative=False)
    changed = {
        name: getattr(made, name)
        for name in Manner.__dataclass_fields__
        if getattr(made, name) != getattr(usual, name)
    }
    assert changed == {name: value for name, value in manner.items() if name in changed}
    assert {name: getattr(made, name) for name in manner} == manner


def test_a_speculation_is_asked_beside(make: Make) -> None:
    """An opening to hand over may never be said."""
    manner = make(handover="prefix").manner(speculative=True)
    assert manner.beside
    assert manner.speculative


@pytest.mark.parametrize("text", ["Thanks, bye!", "My dog died."])
def test_what_needs_no_opening_needs_no_waiting_line(make: Make, text: str) -> None:
    """Nor an opening, and that is why the large model is alone."""
    requests = make([{"role": "user", "content": text}])
    assert requests.opening is None
    assert requests.why_alone == "no opening needed"
    assert requests.manner(speculative=False).max_waiting_lines == 0


def test_why_the_large_model_is_alone(make: Make) -> None:
    """The conversation's own reason comes first; where both speak there is none."""
    assert make().why_alone is None
    assert make([SYSTEM]).why_alone == "no user turn"
    assert make(opening="never").why_alone == "no opening needed"


def test_a_small_model_that_is_left_out_writes_nothing(make: Make, models: Models) -> None:
    """Neither an opening nor a line."""
    learnt = Learnt()
    for _ in range(FAILURES_IN_A_ROW):
        learnt.small_failed(models.small)
    requests = make(learnt=learnt)
    assert requests.opening is None
    assert not requests.manner(speculative=False).asks_for_lines


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"handover": "beside"}, WrittenLine),
        ({"handover": "prefix"}, WrittenOpening),
        ({"handover": "beside", "opening_frames": "token"}, WrittenOpening),
        ({"style": "answer"}, WrittenOpening),
        ({"style": "choose"}, ChosenOpening),
        ({"style": "choose", "language": "tlh"}, type(None)),
    ],
)
def test_the_opening_to_be(make: Make, settings: dict[str, Any], kind: type) -> None:
    """One line where the answer begins a sentence of its own; chosen, if there are lines."""
    assert type(make(**settings).opening) is kind


@pytest.mark.parametrize(
    ("settings", "ways"),
    [
        ({"handover": "auto"}, ["trailing", "beside"]),
        ({"handover": "prefix"}, ["trailing", "history"]),
        ({"handover": "beside"}, ["beside", "history"]),
        ({"style": "answer", "handover": "beside"}, ["trailing", "history"]),
        ({"handover": "auto", "swapped": True}, ["beside", "history"]),
        ({"handover": "prefix", "swapped": True}, ["history"]),
    ],
)
def test_the_ways_to_hand_an_opening_over(
    make: Make, settings: dict[str, Any], ways: list[str]
) -> None:
    """Natively where the host can; a style that answers is always handed over."""
    requests = make(**settings)
    assert [way.name for way in requests.ways] == ways
    assert requests.handover == ("beside" if ways[0] == "beside" else "prefix")


def test_an_opening_is_released_word_by_word_for_a_voice_that_takes_words(make: Make) -> None:
    """Once the first two are together; else a clause at a time."""
    for frames, pieces in (("token", ["Well then"]), ("sentence", [])):
        opening = make(handover="prefix", opening_frames=frames).opening
        assert opening is not None
        assert opening.feed("Well then now") == pieces


# What the small model is asked.


def test_an_opening_is_asked_for_with_examples(make: Make) -> None:
    """The bot's instruction is its manner; the user's words come last."""
    ask = make(handover="beside", small_temperature=0.3, small_max_tokens=20).opening_ask(2.0)
    system, *turns = ask.messages
    assert system["content"] == (
        prompts.ACKNOWLEDGE
        + "\n\n"
        + prompts.MANNER.replace("{instruction}", SYSTEM["content"][:600])
    )
    examples = [
        (one["content"], two["content"]) for one, two in zip(*[iter(turns[:-1])] * 2, strict=True)
    ]
    assert examples == list(prompts.ACKNOWLEDGE_EXAMPLES)
    assert turns[-1] == USER
    assert ask.params == {"max_tokens": 20, "temperature": 0.3}
    assert ask.choice == ()
    assert ask.said == ""


@pytest.mark.parametrize(
    ("settings", "instruction"),
    [
        ({"handover": "prefix"}, prompts.ACKNOWLEDGE_PREFIX),
        ({"style": "answer"}, prompts.ANSWER),
        ({"opening_instruction": "Say something."}, "Say something."),
    ],
)
def test_each_way_of_opening_has_its_instruction(
    make: Make, settings: dict[str, Any], instruction: str
) -> None:
    """The owner's own replaces the examples, too."""
    ask = make(**{"handover": "beside", **settings}).opening_ask(2.0)
    assert ask.messages[0]["content"].startswith(f"{instruction}\n\n")
    own = "opening_instruction" in settings or settings.get("style") == "answer"
    assert (len(ask.messages) == 2) is own


def test_who_begins_the_answer_knows_all_of_the_bots_instruction(make: Make) -> None:
    """As its own, and not for the manner only."""
    ask = make(style="answer").opening_ask(2.0)
    assert ask.messages[0]["content"] == f"{prompts.ANSWER}\n\n{SYSTEM['content']}"


@pytest.mark.parametrize("small_sees", ["full", "turn"])
def test_a_small_model_may_be_shown_the_turn_only(make: Make, small_sees: str) -> None:
    """The user's last message, and nothing of the bot or of what was said before."""
    before = [
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": "Here, left."},
    ]
    requests = make(
        [SYSTEM, *before, USER], small_sees=small_sees, language="en", opening_instruction="Open."
    )
    ask = requests.opening_ask(2.0)
    told = ask.messages[0]["content"]
    assert ("museum's bot" in told) is (small_sees == "full")
    assert told.endswith("\n\nThe user's language: en")
    assert len(ask.messages) == (4 if small_sees == "full" else 2)
    assert ask.messages[-1] == USER


def test_no_opening_of_the_last_replies_is_wanted_again(make: Make) -> None:
    """Each is told once, in quotes."""
    said = [
        message
        for reply in ("Let me see. At nine.", "One moment. At six.", "Let me see. Yes.")
        for message in (USER, {"role": "assistant", "content": reply})
    ]
    told = make([*said, USER], small_history=1).opening_ask(2.0).messages[0]["content"]
    assert told.endswith(' Do not say these again: "Let me see."; "One moment."')


@pytest.mark.parametrize(
    ("secs", "lines"),
    [(0.8, EN.sentences[:2]), (9.0, EN.sentences)],
)
def test_a_choice_is_narrowed_to_what_fits(make: Make, secs: float, lines: tuple[str, ...]) -> None:
    """The list in the prompt stays the same; the sign for none is one of it."""
    requests = make(style="choose", handover="beside")
    ask = requests.opening_ask(secs)
    assert set(lines) <= set(ask.choice)
    assert ask.choice[-1] == prompts.DECLINE
    assert isinstance(requests.opening, ChosenOpening)
    assert ask.choice == (*requests.opening.lines, prompts.DECLINE)
    listed = "\n".join((*EN.sentences, prompts.DECLINE))
    assert ask.messages[0]["content"] == prompts.CHOOSE.replace("{openings}", listed)
    assert (len(ask.choice) == len(EN.sentences) + 1) is (secs == 9.0)


def test_the_owners_lines_are_a_list_with_bullets(make: Make) -> None:
    """Whose sign for none is not one of them."""
    ask = make(style="choose", openings=["One moment.", "Let me see."]).opening_ask(9.0)
    told = ask.messages[0]["content"]
    assert told == prompts.CHOOSE.replace("{openings}", "- One moment.\n- Let me see.")
    assert ask.choice == ("One moment.", "Let me see.", prompts.DECLINE)


def test_an_opening_goes_on_for_as_long_as_it_may(make: Make) -> None:
    """In words, at the usual pace."""
    requests = make(handover="prefix")
    requests.opening_ask(5 / 2.7 + 0.01)
    assert requests.opening is not None
    pieces = requests.opening.feed("Well, let me see, so now, and then")
    assert pieces == ["Well, let me see,", " so now,"]
    assert requests.opening.done


def test_a_waiting_line_is_asked_for(make: Make) -> None:
    """What was said is not wanted again."""
    ask = make(small_sees="turn").line_ask(" One moment. ")
    assert ask.messages[0]["content"] == (
        f'{prompts.WAITING} Do not say these again: "One moment."'
    )
    assert len(ask.messages) == 2 + 2 * len(prompts.WAITING_EXAMPLES)
    assert ask.params["max_tokens"] == 24
    own = make(small_sees="turn", waiting_instruction="Wait.").line_ask(" ")
    assert [message["content"] for message in own.messages] == ["Wait.", USER["content"]]


def test_a_line_for_a_tool_is_asked_for(make: Make) -> None:
    """Its name and its arguments stand behind the user's words, shortened."""
    policy = Policy(small_sees="turn", waiting_instruction="Wait.")

    def asked(messages: list[dict[str, Any]], **arguments: Any) -> list[str]:
        conversation = Conversation(messages=messages)
        ask = tool_line_ask(conversation, policy, said="", tool="find", arguments=arguments)
        assert ask.params["max_tokens"] == 24
        return [message["content"] for message in ask.messages[1:]]

    assert asked([USER], city="Köln") == [
        f'{USER["content"]}\n(Being looked up: find {{"city": "Köln"}})'
    ]
    assert asked([SYSTEM], at=Exception) == [
        '(Being looked up: find {"at": "<class \'Exception\'>"})'
    ]
    (long,) = asked([SYSTEM], text="x" * 999)
    assert long == '(Being looked up: find {"text": "' + "x" * 290 + ")"


def test_a_reply_is_finished_in_the_large_models_place(make: Make) -> None:
    """Within its limits, in the small model's surest way, told as the large one would be."""
    params = {"max_tokens": 99, "stop": ["x"], "temperature": 1.0, "max_completion_tokens": 98}
    ask = make(params=params).finishing_ask("Let me see,")
    assert ask.messages == MESSAGES
    assert ask.note == prompts.SPOKEN
    assert ask.params == {"max_tokens": 99, "stop": ["x"], "max_completion_tokens": 98}
    assert ask.said == "Let me see,"
    assert ask.way.name == "history"
    assert ask.instruction == prompts.CONTINUATION.replace("{said}", '"Let me see,"')
    assert make(spoken_instruction=None).finishing_ask("").note == ""


def test_without_its_tools_a_reply_is_only_excused(make: Make) -> None:
    """The small model could but make things up; it is told the words."""
    params = {"tools": [{}], "max_tokens": 99}
    ask = make(params=params, small_sees="turn").finishing_ask("Let me see,")
    told = ask.messages[0]["content"]
    assert told == prompts.APOLOGIZE.replace("{apology}", EN.apology)
    assert len(ask.messages) == 2
    assert ask.params["max_tokens"] == 24
    unknown = make(params=params, small_sees="turn", language="tlh").finishing_ask("")
    assert unknown.messages[0]["content"].startswith(prompts.APOLOGIZE.replace("{apology}", ""))


# What the large model is asked.


def test_the_large_model_is_asked_to_go_on(make: Make) -> None:
    """In the way that is tried, with the note that is the same in each turn."""
    requests = make(params={"temperature": 1.0}, provider_thinking=True)
    ask = requests.large_ask("Let me see,", 1)
    assert ask.messages == MESSAGES
    assert ask.note == prompts.SPOKEN
    assert ask.params == {"temperature": 1.0}
    assert ask.said == "Let me see,"
    assert ask.way is requests.ways[1]
    assert ask.instruction == prompts.CONTINUATION.replace("{said}", '"Let me see,"')
    assert ask.thinks
    assert ask.signs
    assert make(continuation_instruction="On: {said}").large_ask("a", 0).instruction == 'On: "a"'
    assert make(spoken_instruction=None).large_ask("", 0).note == ""
    assert not make().large_ask("", 0).thinks


def test_a_large_model_alone_is_told_nothing_of_openings(make: Make) -> None:
    """Unless earlier replies may hold some."""
    learnt = Learnt()
    assert make(opening="never", learnt=learnt).large_ask("", 0).note == ""
    make(learnt=learnt)
    assert make(opening="never", learnt=learnt).large_ask("", 0).note == prompts.SPOKEN


def test_a_line_suits_in_the_users_language_only(make: Make) -> None:
    """And if it leads in to an answer; the owner's instruction may ask for something else."""

    def said(line: str, **settings: Any) -> str:
        opening = make(**{"handover": "beside", "openings": ["Hm, well."], **settings}).opening
        assert opening is not None
        return "".join(opening.feed(f"{line} ") + opening.end(cut_off=False))

    assert said("Let me have a look.") == "Let me have a look."
    assert said("Paris is the capital.") == "Hm, well."
    assert said("Paris is the capital.", opening_instruction="Say it.") == "Paris is the capital."
    assert said("Lass mich mal sehen.") == "Hm, well."
    assert said("让我想想看。") == "Hm, well."
    assert said("Lass mich mal sehen.", language="de") == "Lass mich mal sehen."
    assert said("让我想想看。", language="tlh") == "Hm, well."
    assert said("Paris is the capital.", language="tlh") == "Paris is the capital."


@pytest.mark.parametrize(
    ("params", "max_tokens", "sent"),
    [
        ({}, None, {}),
        ({"max_tokens": 5, "top_p": 1}, None, {"max_tokens": 5, "top_p": 1}),
        ({"max_tokens": 5}, 9, {"max_tokens": 9}),
        ({}, 9, {"max_tokens": 9}),
        ({"max_completion_tokens": 5}, 9, {"max_completion_tokens": 9}),
    ],
)
def test_the_large_model_is_asked_once(
    params: dict[str, Any], max_tokens: int | None, sent: dict[str, Any]
) -> None:
    """Outside of any reply: nothing is noted, and its limit goes where the conversation has one."""
    conversation = Conversation(messages=MESSAGES, params=params)
    before = dict(params)
    policy = Policy(provider_thinking=True)
    ask = inference_ask(conversation, policy, max_tokens=max_tokens, schema={"type": "object"})
    assert ask.params == sent
    assert params == before
    assert ask.messages == MESSAGES
    assert (ask.note, ask.said, ask.thinks) == ("", "", True)
    assert ask.schema == {"type": "object"}
