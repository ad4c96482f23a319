"""A model that judges: what it is told, what is made of its words, and what it agrees with."""

import re
from typing import Any

import pytest

from blastoff_pipecat import ChatEndpoint
from blastoff_pipecat.bench.seam.judge import Judge, JudgeFailed, Verdict
from blastoff_pipecat.bench.seam.labelled import labelled
from blastoff_pipecat.bench.seam.reply import SeamReply
from blastoff_pipecat.bench.seam.way import Way
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.bench.conftest import Bench, assert_refused, written
from tests.bench.seam.conftest import BOTH, extent

OPENED = SeamReply(
    id="c-en-01.2",
    asked="What is the capital of France?",
    language="en",
    style="choose",
    opening="Let me see.",
    answer="It is Paris.",
    spoken="Let me see. It is Paris.",
)
BEFORE = SeamReply(id="c-en-01.1", asked="Hi!", language="en", answer="Hello.", spoken="Hello.")
OTHER = SeamReply(id="c-en-02.1", asked="Bye!", language="en", answer="Bye.", spoken="Bye.")


def verdict(body: dict[str, Any]) -> Script:
    """A judge that finds every opening sensible, and gives a four."""
    asks_score = '"score"' in body["messages"][0]["content"]
    return Script('{"score": 4}' if asks_score else '{"sensible": true}')


@pytest.fixture
async def judge(models: ScriptedEndpoint) -> Any:
    models.play("judge", verdict)
    judging = Judge(ChatEndpoint(base_url=models.url, model="judge"))
    yield judging
    await judging.aclose()


@pytest.fixture
def judged(models: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch) -> ScriptedEndpoint:
    """A judge that the environment names."""
    models.play("judge", verdict)
    monkeypatch.setenv("BLASTOFF_JUDGE_URL", models.url)
    monkeypatch.setenv("BLASTOFF_JUDGE_NAME", "judge")
    return models


def told(models: ScriptedEndpoint) -> list[str]:
    return [request.body["messages"][0]["content"] for request in models.requests_for("judge")]


async def test_an_opening_is_judged_without_the_answer(
    judge: Judge, models: ScriptedEndpoint
) -> None:
    """And the whole reply with it; both with what was said before in that conversation alone."""
    verdicts: dict[str, Verdict] = {}
    replies = [OTHER, BEFORE, OPENED]
    await judge.judge_all(replies, lambda reply, said: verdicts.update({reply.id: said}))
    assert verdicts == {
        OTHER.id: Verdict(None, 4),
        BEFORE.id: Verdict(None, 4),
        OPENED.id: Verdict(True, 4),
    }
    (sensible,) = (text for text in told(models) if '"sensible"' in text)
    assert "Let me see." in sensible
    assert "Paris" not in sensible
    assert "User: Hi!\nAssistant: Hello.\nUser: What is the capital of France?" in sensible
    assert "Bye" not in sensible
    (whole,) = (text for text in told(models) if OPENED.spoken in text)
    assert "User: Hi!\nAssistant: Hello." in whole
    assert len(told(models)) == 4


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ('{"score": 5}', 5),
        ('```json\n{ "score" : "2" }\n```', 2),
        ('I think it is fine.\n{"score":3} Best wishes', 3),
    ],
)
async def test_a_verdict_is_found_in_what_judges_say(
    judge: Judge, models: ScriptedEndpoint, said: str, score: int
) -> None:
    """In fences, as text, with words around it."""
    models.play("judge", Script(said))
    assert await judge.judge(BEFORE) == Verdict(None, score)


@pytest.mark.parametrize(
    "said", ["", "Good!", '{"score": 7}', '{"score": 3.5}', '{"score": 15}', '{"grade": 3}']
)
async def test_what_is_no_verdict_is_asked_for_again(
    judge: Judge, models: ScriptedEndpoint, said: str
) -> None:
    """Twice; then it says what the judge said."""
    models.play("judge", Script(said), Script(said), verdict)
    assert await judge.judge(BEFORE) == Verdict(None, 4)
    models.play("judge", Script(said))
    with pytest.raises(JudgeFailed, match=re.escape(said[:5]) or "gives no verdict"):
        await judge.judge(BEFORE)


async def test_a_judge_that_refuses_ends_all(judge: Judge, models: ScriptedEndpoint) -> None:
    """With its reason; what it was told of meanwhile is given up, and no task is left."""
    models.play("judge", Script("", fault=Fault.STATUS_401))
    with pytest.raises(JudgeFailed, match="401"):
        await judge.judge_all([BEFORE, OPENED, OTHER] * 5, lambda *_: None)


@pytest.mark.usefixtures("two")
async def test_a_run_is_judged_where_a_judge_is_named(
    bench: Bench, judged: ScriptedEndpoint
) -> None:
    """Its figures stand in the table and in the file; what was judged is kept with it."""
    result = await bench("seam", *extent(3), *BOTH, "--json", "out.json")
    assert result.exit_code == 0, result.output
    assert "openings judged sensible" in result.stdout
    assert "9 of 9 replies" in result.stdout
    ways = {str(Way(**each["way"])): each for each in written()["ways"]}
    always = ways["acknowledge, auto, always"]
    assert (always["figures"]["sensible"]["hits"], always["figures"]["score"]) == (3, 4.0)
    assert ways["large alone"]["figures"]["sensible"]["of"] == 0
    asked = len(told(judged))
    for more in ((), ("--no-judge",)):
        again = await bench("seam", "--from", "out.json", *more, "--json", "again.json")
        assert again.exit_code == 0, again.output
        assert written("again.json") == written()
        assert len(told(judged)) == asked


@pytest.mark.usefixtures("two")
async def test_a_judge_that_fails_costs_no_figure(bench: Bench, judged: ScriptedEndpoint) -> None:
    """All else is told first, and that it failed at the end."""
    judged.play("judge", Script("", fault=Fault.STATUS_401))
    result = await bench("seam", *extent(2))
    assert result.exit_code == 1
    assert "retention" in result.stdout
    assert "401" in result.stderr


async def test_a_judge_is_held_to_the_labels(bench: Bench, judged: ScriptedEndpoint) -> None:
    """One that always says the same is no better than chance; the checks stand beside it."""
    result = await bench("seam", "--judge-agreement", "--json", "out.json")
    assert result.exit_code == 0, result.output
    found = {(each["who"], each["what"]): each for each in written()["agreement"]}
    sensible, good = (
        found[f"judge at {judged.url.split('/')[2]}", what]
        for what in ("openings: sensible", "replies: 4 or 5")
    )
    assert sensible["same"] == sum(each.sensible is True for each in labelled())
    assert good["same"] == sum(each.quality >= 4 for each in labelled())
    assert (sensible["kappa"], good["kappa"]) == (None, None)
    checks = found["the checks", "replies: 4 or 5"]
    assert (checks["of"], checks["kappa"] > 0.7) == (60, True)
    assert "kappa" in result.stdout


async def test_no_judge_is_one_message(bench: Bench) -> None:
    """That names the variable."""
    assert_refused(await bench("seam", "--judge-agreement"), "BLASTOFF_JUDGE_URL")
