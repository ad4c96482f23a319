"""`blastoff bench latency`: its figures are the models' own times, and it says what they are."""

from typing import Any
from xml.etree import ElementTree

import pytest

from blastoff_pipecat.bench.latency import Run, order, summary
from blastoff_pipecat.bench.questions import QUESTIONS, WARM_UP
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.bench.conftest import (
    LARGE_TTFT,
    OPENING,
    PACE,
    SENTENCE,
    SMALL_TTFT,
    TOKENS,
    Bench,
    assert_refused,
    started,
    stopped_by_ctrl_c,
    written,
)

SLACK_SECS = 0.020
SVG = "{http://www.w3.org/2000/svg}"


def near(expected: float) -> Any:
    return pytest.approx(expected, abs=SLACK_SECS)


async def measured(bench: Bench, *arguments: str) -> dict[str, Any]:
    result = await bench("latency", "--json", "out.json", *arguments)
    assert result.exit_code == 0, result.output
    return written()


@pytest.mark.usefixtures("named")
async def test_the_figures_are_the_models_own_times(bench: Bench) -> None:
    """First text, first sentence, the large model's first token and the total, within 20 ms."""
    data = await measured(bench, "--questions", "3")
    both, alone = (data["modes"][mode]["figures"] for mode in ("two models", "large alone"))
    assert both["first_text"]["p50"] == near(SMALL_TTFT)
    assert both["first_sentence"]["p50"] == near(SMALL_TTFT)
    assert both["large_ttft"]["p50"] == near(LARGE_TTFT)
    assert both["total"]["p50"] == near(LARGE_TTFT + PACE * (len(TOKENS) - 1))  # both at once
    assert alone["first_text"]["p50"] == near(LARGE_TTFT)
    assert alone["first_sentence"]["p50"] == near(LARGE_TTFT + PACE * (len(SENTENCE) - 1))
    assert alone["large_ttft"]["p50"] == near(LARGE_TTFT)
    assert alone["total"]["p50"] == near(LARGE_TTFT + PACE * (len(TOKENS) - 1))
    assert data["sooner"]["p50"] == near(LARGE_TTFT - SMALL_TTFT)
    assert both["first_text"]["n"] == alone["first_text"]["n"] == data["sooner"]["n"] == 3


async def test_a_server_is_measured_by_its_url(bench: Bench, server: str) -> None:
    """A URL without a path will do; both modes are the server's own."""
    data = await measured(bench, "--url", server, "--questions", "3")
    both, alone = (data["modes"][mode]["figures"] for mode in ("two models", "large alone"))
    assert both["first_text"]["p50"] == near(SMALL_TTFT)
    assert both["large_ttft"] is None
    assert alone["first_text"]["p50"] == alone["large_ttft"]["p50"] == near(LARGE_TTFT)


@pytest.mark.usefixtures("named")
async def test_a_warm_up_is_asked_and_not_counted(bench: Bench, models: ScriptedEndpoint) -> None:
    """In each mode once, with a question of its own."""
    data = await measured(bench, "--questions", "2", "--rounds", "2")
    asked = [request.body["messages"][-1] for request in models.requests_for("large")]
    openings = models.requests_for("small")
    assert len(asked) == 2 + 2 * 2 * 2
    assert len(openings) == 1 + 2 * 2
    assert data["warm_up"] == {"answers": 2, "counted": False}
    assert WARM_UP not in QUESTIONS
    assert {answer["question"] for answer in data["answers"]} == set(QUESTIONS[:2])


@pytest.mark.usefixtures("named")
async def test_the_plot_and_the_table_tell_what_was_measured(bench: Bench) -> None:
    """The SVG is well-formed and has a dot for every answer."""
    result = await bench("latency", "--questions", "3", "--plot", "first.svg")
    assert result.exit_code == 0, result.output
    root = ElementTree.parse("first.svg").getroot()
    assert root.tag == f"{SVG}svg"
    assert len(root.findall(f"{SVG}circle")) == 3 * 2
    for said in ("first text", "first sentence", "large's first token", "total", "p95", "IQR"):
        assert said in result.stdout
    assert "Not counted: 2 answers" in result.stdout


@pytest.mark.usefixtures("named")
async def test_answers_that_fail_are_counted_and_shown(
    bench: Bench, models: ScriptedEndpoint
) -> None:
    """They are no part of the figures, and their reason is said."""
    good = Script(TOKENS, ttft=0.02)
    broken = Script(TOKENS, ttft=0.02, fault=Fault.STATUS_500)
    models.play("small", Script(OPENING))
    models.play("large", good, good, broken, broken, good)
    models.play("small", Script(OPENING), broken)
    result = await bench("latency", "--questions", "2", "--json", "out.json")
    data = written()
    failures = {mode: len(told["failures"]) for mode, told in data["modes"].items()}
    counted = {mode: told["figures"]["first_text"]["n"] for mode, told in data["modes"].items()}
    assert sum(failures.values()) == 2
    assert sum(counted.values()) == 2
    assert "answers that failed, and do not count" in result.stdout
    assert "500" in result.stdout


@pytest.mark.usefixtures("named")
async def test_answers_without_an_opening_count_and_are_told(
    bench: Bench, models: ScriptedEndpoint
) -> None:
    """A small model that is down makes the figures worse, not fewer."""
    models.play("small", Script("", fault=Fault.STATUS_503))
    result = await bench("latency", "--questions", "2", "--json", "out.json")
    both = written()["modes"]["two models"]
    assert both["outcomes"] == {"large_only": 2}
    assert both["figures"]["first_text"]["p50"] == near(LARGE_TTFT)
    assert "2 answers had no opening" in result.stdout
    assert "503" in result.stdout


async def test_a_server_with_one_mode_is_measured_in_it(
    bench: Bench, models: ScriptedEndpoint
) -> None:
    """Who refuses the field is asked without it."""

    def strict(body: dict[str, Any]) -> Script:
        refused = Script("", fault=Fault.STATUS_400)
        return refused if "disable_quick_response" in body else Script(TOKENS)

    models.play("other", strict)
    data = await measured(bench, "--url", models.url, "--model", "other", "--questions", "2")
    assert list(data["modes"]) == ["two models"]
    assert data["sooner"] is None


async def test_the_key_is_sent_and_never_shown(
    bench: Bench, models: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named by its variable."""
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    arguments = ("--url", models.url, "--model", "large", "--questions", "1")
    result = await bench("latency", *arguments, "--key-variable", "MY_KEY", "--json", "a.json")
    assert result.exit_code == 0, result.output
    assert models.requests[-1].headers["authorization"] == "Bearer sk-very-secret"
    assert "sk-very" not in result.output + str(written("a.json"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "m"], "give its --url too"),
        (["--key-variable", "K"], "give its --url too"),
        (["--url", "nonsense"], "lacks http:// or https://"),
        (["--url", "http://localhost:1", "--key-variable", "NO_SUCH"], "NO_SUCH"),
        (["--json", "out.txt"], "end it in .json"),
        (["--json", "nowhere/out.json"], "there is no folder nowhere"),
        (["--plot", "out.png"], "end it in .svg"),
        (["--plot", "."], "is a folder"),
    ],
)
async def test_arguments_that_cannot_be_used_are_named(
    bench: Bench, arguments: list[str], says: str
) -> None:
    """Before anything is asked."""
    assert_refused(await bench("latency", *arguments), says)


async def test_a_dead_server_is_one_message(bench: Bench) -> None:
    """With what was tried."""
    result = await bench("latency", "--url", ScriptedEndpoint.dead_url())
    assert_refused(result, "No answer", "127.0.0.1")


@pytest.mark.usefixtures("named")
async def test_dead_models_are_one_message(bench: Bench, models: ScriptedEndpoint) -> None:
    """Both are named with their reasons."""
    for name in ("small", "large"):
        models.play(name, Script("", fault=Fault.STATUS_401))
    assert_refused(await bench("latency"), "small model", "large model", "401")


def test_each_mode_goes_first_as_often_as_the_other() -> None:
    """From question to question, and for one question from round to round."""
    asked = list(order(("two models", "large alone"), QUESTIONS, 2))
    firsts = asked[::2]
    assert len(asked) == 2 * 2 * len(QUESTIONS)
    for question in QUESTIONS:
        assert {mode for mode, what, _ in firsts if what == question} == {
            "two models",
            "large alone",
        }
    first_round = [mode for mode, _, round in firsts if round == 1]
    assert first_round.count("two models") == len(QUESTIONS) // 2


def test_figures_are_nearest_rank() -> None:
    """The p95 of twenty values is the nineteenth; quartiles are values that were measured."""
    told = summary([number / 10 for number in range(1, 21)])
    assert told is not None
    assert (told["p50"], told["p95"], told["q1"], told["q3"]) == (1.0, 1.9, 0.5, 1.5)
    assert summary([]) is None
    assert Run("x").sooner() == []


async def test_ctrl_c_shows_what_was_measured(models: ScriptedEndpoint) -> None:
    """The answers so far are told, and written."""
    ready = Script(TOKENS)
    models.play("m", *[ready] * 4, Script([*TOKENS] * 100, pace=0.05))
    bench = await started("latency", "--url", models.url, "--model", "m", "--json", "out.json")
    await models.until(lambda: len(models.requests) == 5, timeout=20)
    out, err = await stopped_by_ctrl_c(bench)
    assert bench.returncode == 130, (out, err)
    assert err == b""
    assert b"Stopped after 2 of 40 answers." in out
    assert len(written()["answers"]) == 2
