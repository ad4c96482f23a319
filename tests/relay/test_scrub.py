"""What may be said of a model's text, whatever it wrote and however it arrived."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from blastoff_pipecat.relay.scrub import HOLD_LIMIT, Scrubber, SpeechSafe
from tests.relay.texts import any_text, cuttings, marked_up_soup, prose

_never_said = re.compile(
    r"</?(?:think|thinking|thought|reasoning)\s{0,8}>|\[/?THINK\]|<[|｜][^<>\n]{0,40}[|｜]>"
    r"|</?s>|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn)>",
    re.IGNORECASE,
)
_label = re.compile(
    r"(?:^|\n)[ \t]*(?:assistant|ai|bot|chatbot|助手)[ \t]?[:：]", re.IGNORECASE | re.ASCII
)


def scrubbed(*pieces: str) -> str:
    scrubber = Scrubber()
    return "".join([scrubber.feed(piece) for piece in pieces]) + scrubber.flush()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<think>The user asks</think>Nine.", "Nine."),
        ("<think>never closed, Nine.", ""),
        ("<THINKING>a</thinking> Nine.", " Nine."),
        ("<reasoning>a < b</reasoning>Nine.", "Nine."),
        ("<seed:think>a</seed:think>Nine.", "Nine."),
        ("[THINK]a[/THINK]Nine.", "Nine."),
        ("◁think▷a◁/think▷Nine.", "Nine."),
        ("At<think>hm</think>nine.", "At nine."),
        ("At nine<think>hm</think>, daily", "At nine, daily"),
        ("九<think>hm</think>点", "九点"),
        ("九<think>hm</think>nine", "九 nine"),
        ("nine<think>hm</think>九", "nine 九"),
        (f"<think{' ' * 8}>a</think>Nine.", "Nine."),
        ("</think>Nine.", "Nine."),
        ("Nine.<|im_end|>", "Nine."),
        ("Nine.</s>", "Nine."),
        ("Nine.<|im_e", "Nine."),
        ("Nine.</thi", "Nine."),
        ("<|im_start|>assistant\nNine.", "Nine."),
        ("<|start_header_id|>assistant<|end_header_id|>\n\nNine.", "\n\nNine."),
        ("<start_of_turn>model\nNine.", "Nine."),
        ("Nine.<|im_end|>\n<|im_start|>user\nAnd when does it close?", "Nine.\n"),
        ("Nine.<｜User｜>And when does it close?", "Nine."),
        ("Nine.\nUser: and when does it close?\nAI: Six.", "Nine.\n"),
        ("\rNine.\nUser: and when does it close?", "\rNine.\n"),
        ("Assistant: Nine.", "Nine."),
        ("  **AI:** Nine.", "  Nine."),
        ("Assistant    : Nine.", "Nine."),
        ("Assistant: AI: Nine.", "Nine."),
        ("\n\nAssistant : Nine.", "\n\nNine."),
        (" \nUser: Nine.", " \nNine."),
        ("助手：九点。", "九点。"),
        ("<think>a</think>\nassistant: Nine.", "\nNine."),
        ("One.\n<think>a</think>AI: Two.", "One.\nTwo."),
        ("AI is a broad field.", "AI is a broad field."),
        ("Assistant", "Assistant"),
        ("<s>Assistant: Nine.", "Nine."),
        ("<think>hm</think> AI: Nine.", " Nine."),
        ("It is a <X", "It is a <X"),
        ("Models say: Assistant: hello", "Models say: Assistant: hello"),
        ("3 < 5 and <3 [thinking] a[0]", "3 < 5 and <3 [thinking] a[0]"),
        ("x <", "x <"),
        ("", ""),
    ],
)
def test_only_what_is_for_the_ear_is_left(written: str, said: str) -> None:
    """Thoughts, template tokens, labels and imagined turns go; everything else stays."""
    assert scrubbed(written) == said
    assert scrubbed(*written) == said


@given(st.data(), any_text)
def test_cutting_the_text_differently_changes_nothing(data: st.DataObject, text: str) -> None:
    """What may be said is the same for every way in which the network cuts the stream."""
    assert scrubbed(*data.draw(cuttings(text))) == scrubbed(text)


@given(st.data(), marked_up_soup)
@example(None, "<thi<think>x</think>nk>")
@example(None, "<<|x|>|x|>")
@example(None, "<|a</think>b|>")
def test_no_tag_token_or_label_is_ever_said(data: st.DataObject | None, text: str) -> None:
    """Not even out of the pieces that were left of something removed."""
    said = scrubbed(*(data.draw(cuttings(text)) if data else text))
    assert not _never_said.search(said)
    assert not _label.search(said)


@given(st.data(), prose, prose, st.sampled_from(["think", "thought", "reasoning"]))
def test_nothing_of_a_thought_is_said(
    data: st.DataObject, thought: str, answer: str, name: str
) -> None:
    """However the stream is cut, a thought before the answer leaves no trace."""
    text = f"<{name}>{thought}</{name}>{answer}"
    assert scrubbed(*data.draw(cuttings(text))) == answer


@given(prose)
def test_ordinary_text_passes_untouched(text: str) -> None:
    """Prose in any script is said as it was written."""
    assert scrubbed(*text) == text


@given(
    st.lists(
        st.sampled_from(["<", "<|", "<thi", "</", "[", "[TH", "◁", "AI", "assistant", "**", "> "])
        | st.sampled_from(["word", " ", "\n", "*" * 60, "<" * 60, " " * 60, "<|" + "x" * 60]),
        max_size=12,
    )
)
def test_little_is_held_back(pieces: list[str]) -> None:
    """No more than `HOLD_LIMIT` characters wait to see what they become."""
    scrubber = Scrubber()
    waiting = 0
    for char in "".join(pieces):
        waiting = 0 if scrubber.feed(char) else waiting + 1
        assert waiting <= HOLD_LIMIT


@pytest.mark.parametrize(
    ("safe", "heard"),
    [
        ("off", "A\x00b\x1b[1m <break time='1s'/>5 < 7 </speak>c\n"),
        ("controls", "Ab[1m <break time='1s'/>5 < 7 </speak>c\n"),
        ("tags", "Ab[1m 5 < 7 c\n"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_what_a_voice_may_trip_over_is_kept_from_it(
    safe: SpeechSafe, heard: str, size: int
) -> None:
    """Control characters by default, tags where that is asked for, however the stream is cut."""
    text = "A\x00b\x1b[1m <break time='1s'/>5 < 7 </speak>c\n"
    scrubber = Scrubber(safe)
    pieces = [scrubber.feed(text[at : at + size]) for at in range(0, len(text), size)]
    assert "".join([*pieces, scrubber.flush()]) == heard


@given(st.text(st.sampled_from("<>/a! b\x00\x1b\n\t\x85"), max_size=120), st.integers(1, 9))
def test_no_tag_and_no_control_is_ever_heard(text: str, size: int) -> None:
    """Whatever is written around them, and however it is cut; little is held back."""
    scrubber = Scrubber("tags")
    pieces = [scrubber.feed(text[at : at + size]) for at in range(0, len(text), size)]
    heard = "".join([*pieces, scrubber.flush()])
    assert not set("\x00\x1b") & set(heard)
    assert re.search(r"</?[a!]", heard) is None
    assert sum(map(heard.count, "b\x85")) <= sum(map(text.count, "b\x85"))


def test_what_is_no_tag_is_said() -> None:
    """A comparison, a heart and an arrow stay as they are."""
    text = "5 < 7, 7 > 5, I <3 you, a <- b <= c, x < y > z"
    scrubber = Scrubber("tags")
    assert scrubber.feed(text) + scrubber.flush() == text
