"""Which values a setting may have; each message names the setting and the value."""

from dataclasses import fields
from typing import Any

import pytest

from blastoff_pipecat.conductor import check
from blastoff_pipecat.conductor.policy import Policy

SECONDS = [each.name for each in fields(Policy) if each.name.endswith("_secs")]


def refusal(**setting: Any) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        Policy(**setting)
    return str(caught.value)


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("value", [0, -1.0, float("inf"), float("nan"), True, "1", None])
def test_a_time_is_a_positive_number_of_seconds(name: str, value: object) -> None:
    """Neither for ever nor nothing, and no truth."""
    told = refusal(**{name: value})
    assert told.startswith(f"{name} must be a ")
    assert told.endswith(f", not {value!r}")
    assert getattr(Policy(**{name: 0.001}), name) == 0.001
    assert getattr(Policy(**{name: 3}), name) == 3


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("opening", "'auto', 'always', 'never'"),
        ("style", "'acknowledge', 'choose', 'answer'"),
        ("handover", "'auto', 'beside', 'prefix'"),
        ("opening_frames", "'sentence', 'token'"),
        ("small_sees", "'full', 'turn'"),
        ("speech_safe", "'off', 'controls', 'tags'"),
    ],
)
def test_a_choice_is_one_of_its_words(name: str, allowed: str) -> None:
    """The message lists them."""
    assert refusal(**{name: "often"}) == f"{name} must be one of {allowed}, not 'often'"
    for word in allowed.replace("'", "").split(", "):
        assert getattr(Policy(**{name: word}), name) == word


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("min_words", 1),
        ("max_words", 2),
        ("max_waiting_lines", 0),
        ("small_max_tokens", 1),
        ("small_history", 1),
    ],
)
def test_a_count_is_a_whole_number(name: str, least: int) -> None:
    """Of at least so many; `max_words` of at least `min_words`."""
    assert getattr(Policy(**{name: least}), name) == least
    for value in (least - 1, 2.5, True, "3", None):
        told = refusal(**{name: value})
        assert told == f"{name} must be a whole number of at least {least}, not {value!r}"


def test_the_most_words_are_not_fewer_than_the_least() -> None:
    """Whatever their number is."""
    assert refusal(min_words=5, max_words=4).startswith("max_words must be a whole number of at le")
    assert Policy(min_words=5, max_words=5).max_words == 5


@pytest.mark.parametrize(
    "name",
    [
        *("language", "rescue", "opening_instruction", "continuation_instruction"),
        *("waiting_instruction", "spoken_instruction"),
    ],
)
def test_a_text_is_one_or_is_left_out(name: str) -> None:
    """An empty one is neither."""
    assert getattr(Policy(**{name: None}), name) is None
    assert getattr(Policy(**{name: "small"}), name) == "small"
    for value in ("", "  ", 5):
        assert refusal(**{name: value}) == (
            f"{name} must be a text that is not empty, not {value!r}"
        )


def test_a_temperature_is_nought_to_two() -> None:
    """Or left to the server."""
    for value in (0, 0.7, 2, None):
        assert Policy(small_temperature=value).small_temperature == value
    for wrong in (-0.1, 2.1):
        assert refusal(small_temperature=wrong) == f"small_temperature must be 0 to 2, not {wrong}"
    for none in (True, "1", float("nan")):
        told = refusal(small_temperature=none)
        assert told == f"small_temperature must be a number, not {none!r}"


def test_a_switch_is_true_or_false() -> None:
    """Nothing that only counts as one."""
    assert refusal(clause_release=1) == "clause_release must be True or False, not 1"


@pytest.mark.parametrize("value", [[], (), "One moment.", 5])
def test_openings_are_a_list_of_lines(value: object) -> None:
    """With one at least."""
    told = refusal(openings=value)
    assert told == f"openings must be a list with at least one line, not {value!r}"


@pytest.mark.parametrize("line", ["", "…", "12.", 5, None])
def test_each_opening_can_be_said(line: object) -> None:
    """It holds a letter."""
    told = refusal(openings=["One moment.", line])
    assert told == f"openings must hold lines to be said; {line!r} is none"
    assert Policy(openings=["一下"]).openings == ["一下"]


def test_body_fields_can_be_sent() -> None:
    """A dict that is JSON."""
    check.json_object("extra", {"top_k": 5})
    with pytest.raises(ValueError, match=r"^extra must be a dict of body fields, not \[1\]$"):
        check.json_object("extra", [1])
    with pytest.raises(ValueError, match=r"^extra cannot be sent as JSON: .*set"):
        check.json_object("extra", {"stop": {1}})


def test_a_text_may_be_empty_where_that_is_said() -> None:
    """It is one all the same."""
    check.text("note", "", may_be_empty=True)
    with pytest.raises(ValueError, match=r"^note must be a text, not 5$"):
        check.text("note", 5, may_be_empty=True)


def test_a_whole_number_without_bounds() -> None:
    """It may be negative."""
    check.whole("seed", -5, least=None)
    with pytest.raises(ValueError, match=r"^seed must be a whole number, not 1.5$"):
        check.whole("seed", 1.5, least=None)


def test_the_limits_of_a_reply_are_the_settings() -> None:
    """A small model may run on for its usage, or for a moment in which most end by themselves."""
    policy = Policy(
        small_first_token_timeout_secs=1,
        large_first_token_timeout_secs=2,
        stall_timeout_secs=3,
        reply_timeout_secs=4,
    )
    limits = policy.limits(report_usage=True)
    assert (limits.small_first_token, limits.large_first_token) == (1, 2)
    assert (limits.stall, limits.reply, limits.small_usage) == (3, 4, 0.5)
    assert policy.limits(report_usage=False).small_usage == 0.1
