"""`blastoff bench seam` as a user runs it: what is asked, of whom, and what is counted."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from blastoff_pipecat import ChatEndpoint, prompts
from blastoff_pipecat.bench.seam import sets
from blastoff_pipecat.bench.seam.bot import Bot
from blastoff_pipecat.bench.seam.run import Sample
from blastoff_pipecat.bench.seam.way import ALONE, Way, ways
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.testing import Fault, Script, ScriptedEndpoint
from tests.bench.conftest import Bench, assert_refused, started, stopped_by_ctrl_c, written
from tests.bench.seam.conftest import BOTH, LINE, answer, asked, extent

ALWAYS = Way("acknowledge", "beside", True)


async def measured(bench: Bench, *arguments: str) -> dict[str, dict[str, Any]]:
    """Run the bench; return what was written of each way, by its name."""
    result = await bench("seam", "--json", "out.json", *arguments)
    assert result.exit_code == 0, result.output
    return {str(Way(**each["way"])): each for each in written()["ways"]}


def bot(server: ScriptedEndpoint, way: Way = ALWAYS, **policy: Any) -> Bot:
    small, large = (ChatEndpoint(base_url=server.url, model=name) for name in ("small", "large"))
    return Bot(small, large, way, Policy(**policy), {})


async def held(bot: Bot, conversation: sets.Conversation) -> list[Any]:
    """Hold a conversation; return the replies."""
    try:
        return [reply async for reply in bot.converse(conversation)]
    finally:
        await bot.aclose()


def called(*turns: sets.UserTurn, tools: tuple[sets.Tool, ...] = ()) -> sets.Conversation:
    return sets.Conversation(
        id="c", language="en", instruction="Be brief.", tools=tools, turns=turns
    )


@pytest.mark.usefixtures("two")
async def test_what_is_right_is_counted_beside_the_large_model_alone(bench: Bench) -> None:
    """Every question has its answer in both; a line before it changes nothing."""
    found = await measured(bench, *extent(12), *BOTH)
    alone, always = found["large alone"]["figures"], found["acknowledge, auto, always"]["figures"]
    assert alone["right"]["hits"] == always["right"]["hits"] == 12
    assert (always["retention"]["both"], always["retention"]["value"]) == (12, 1.0)
    assert (alone["opened"]["hits"], always["opened"]["hits"]) == (0, 12)
    assert alone["retention"] is None


async def test_what_two_models_get_wrong_is_not_retained(
    bench: Bench, two: ScriptedEndpoint
) -> None:
    """A large model that the lead-in's note misleads, and the faults of a bad small one."""

    def misled(body: dict[str, Any]) -> Script:
        told = prompts.SPOKEN in body["messages"][0]["content"]
        return Script(f"{LINE} It is hard to say.") if told else answer(body)

    two.play("large", misled)
    found = await measured(
        bench,
        *extent(8),
        *BOTH,
        "--language",
        "en",
    )
    figures = found["acknowledge, auto, always"]["figures"]
    assert (figures["retention"]["one_alone"], figures["retention"]["value"]) == (8, 0.0)
    assert figures["right"] == {"hits": 0, "of": 8, "value": 0.0, "interval": [0.0, 0.3244]}
    assert found["large alone"]["figures"]["right"]["value"] == 1.0


async def test_words_said_twice_are_found(bench: Bench, two: ScriptedEndpoint) -> None:
    """A large model that leads in once more, in other words, which no filter takes away."""
    two.play("large", lambda body: Script(f"Let me see. {answer(body).text}"))
    result = await bench(
        "seam",
        *extent(6),
        *BOTH,
        "--language",
        "en",
        "--json",
        "out.json",
    )
    figures = {str(Way(**each["way"])): each["figures"] for each in written()["ways"]}
    assert figures["acknowledge, auto, always"]["double_lead_in"]["value"] == 1.0
    assert figures["large alone"]["double_lead_in"]["of"] == 0
    assert "double lead-ins: 6" in result.stdout
    assert f"[{LINE}] Let me see." in result.stdout


@pytest.mark.usefixtures("two")
async def test_a_seed_draws_the_same(bench: Bench) -> None:
    """And every way is asked the same."""
    once = await measured(bench, *extent(1, 9))
    again = await measured(bench, *extent(1, 9))
    asked = [
        [reply["id"] for reply in way["replies"]]
        for found in (once, again)
        for way in found.values()
    ]
    assert len(asked[0]) == 10
    assert asked == [asked[0]] * 4


@pytest.mark.usefixtures("two")
async def test_what_was_said_is_judged_anew(bench: Bench) -> None:
    """From the file, without a model: the same figures, in the table and in the plot."""
    await measured(bench, *extent(4, 4, 1), *BOTH)
    result = await bench("seam", "--from", "out.json", "--json", "again.json", "--plot", "out.svg")
    assert result.exit_code == 0, result.output
    assert written("again.json") == written()
    for said in ("retention", "misfit openings", "empty answers", "acknowledge, auto, always"):
        assert said in result.stdout
    root = ElementTree.parse("out.svg").getroot()
    dots = root.findall(".//{http://www.w3.org/2000/svg}circle")
    assert len(dots) >= 8  # of one way in both plots; of the other, where a fault can be


def test_kinds_are_mixed() -> None:
    """A run that is stopped in the middle has some of each."""
    sample = Sample(sets.questions()[:8], sets.turns()[:4], sets.conversations()[:2])
    half = sample.everything[:7]
    kinds = [type(each) for each in half]
    assert (kinds.count(sets.Question), kinds.count(sets.Turn), kinds.count(sets.Conversation)) == (
        4,
        2,
        1,
    )


def test_each_style_is_tried_with_each_handover() -> None:
    """A style that begins the answer is handed over whatever is asked for."""
    tried = ways(Policy(), ("choose", "answer"), ("beside", "prefix"), ("auto", "always"))
    assert [str(way) for way in tried] == [
        "large alone",
        "choose, beside",
        "choose, beside, always",
        "choose, prefix",
        "choose, prefix, always",
        "answer, prefix",
        "answer, prefix, always",
    ]
    assert ways(Policy(style="choose")) == (ALONE, Way("choose", "auto"))


def test_a_way_that_hands_over_says_so_to_the_large_model() -> None:
    """The embedded pair's own note is for one that is never handed an opening."""
    suited = Policy(handover="beside", spoken_instruction=prompts.SPOKEN_BESIDE)
    notes = [Way("choose", each).policy(suited).spoken_instruction for each in ("beside", "prefix")]
    assert notes == [prompts.SPOKEN_BESIDE, prompts.SPOKEN]
    assert ALONE.policy(suited).opening == "never"


async def test_the_large_model_alone_is_told_of_no_lead_in(two: ScriptedEndpoint) -> None:
    """It is asked as a stock service would ask it, and its whole first sentence is waited for."""
    one = bot(two, ALONE)
    reply = await one.answer(sets.questions()[0])
    await one.aclose()
    (request,) = two.requests
    assert request.model == "large"
    assert [m["content"] for m in request.body["messages"]][1:] == [sets.questions()[0].text]
    assert "lead-in" not in request.body["messages"][0]["content"]
    assert (reply.style, reply.opening, reply.outcome) == (None, "", "large_only")
    assert reply.first_sound == reply.answer_heard == reply.alone_heard


async def test_a_reply_is_told_whole(two: ScriptedEndpoint) -> None:
    """Its parts, its tokens, and when they are heard, as far as the text tells."""
    one = bot(two)
    reply = await one.answer(sets.questions()[0])
    await one.aclose()
    assert (reply.opening, reply.handover, reply.outcome) == (LINE, "beside", "relayed")
    assert reply.spoken == f"{LINE} {reply.answer}"
    assert reply.small_tokens
    assert reply.large_tokens
    assert reply.first_sound is not None
    assert 0.2 <= reply.first_sound < 1.5  # a voice's latency, and the small model's time
    assert reply.answer_heard == pytest.approx(reply.first_sound + 5 / 2.7, abs=0.02)  # five words
    assert reply.alone_heard is not None
    assert 0.25 <= reply.alone_heard < 1.5


async def test_a_user_who_interrupts_hears_no_more(two: ScriptedEndpoint) -> None:
    """The rest is no part of the reply, nor of what the models are told afterwards."""
    two.play("large", Script("One two three four five six seven eight nine ten."))
    conversation = called(
        sets.UserTurn(text="Can you count up to ten for me?"),
        sets.UserTurn(text="No, wait, count down instead.", interrupts=8),
    )
    first, second = await held(bot(two), conversation)
    assert first.interrupted
    assert first.spoken == f"{LINE} One two three"
    assert first.answer == "One two three"
    assert not second.interrupted
    told = two.requests_for("large")[-1].body["messages"]
    assert [m["role"] for m in told] == ["system", "user", "assistant", "user"]
    assert told[2]["content"] == f"{LINE} One two three"


async def test_a_tool_answers_with_what_the_set_says(two: ScriptedEndpoint) -> None:
    """One reply of two rounds: the call, and what is said of its result."""

    def weather(body: dict[str, Any]) -> Script:
        if body["messages"][-1]["role"] == "tool":
            return Script("It will be sunny in Lisbon.")
        return Script.tool_call("get_weather", {"city": "Lisbon"}, ttft=0.05)

    two.play("large", weather)
    tool = sets.Tool(name="get_weather", description="The weather.", parameters={"city": "A city."})
    call = sets.Call(name="get_weather", arguments={"city": ("lisbon",)}, result={"sky": "sunny"})
    conversation = called(
        sets.UserTurn(text="How will the weather be in Lisbon?", call=call, accepted=("sunny",)),
        sets.UserTurn(text="And what should I wear there?"),
        tools=(tool,),
    )
    reply, _ = await held(bot(two), conversation)
    assert reply.calls == (("get_weather", '{"city": "Lisbon"}'),)
    assert (reply.spoken, reply.answer) == (
        f"{LINE} It will be sunny in Lisbon.",
        "It will be sunny in Lisbon.",
    )
    assert reply.outcome == "relayed"
    told = two.requests_for("large")[2].body["messages"]
    assert [m["role"] for m in told] == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert (told[2]["content"], told[4]["content"]) == (LINE, "It will be sunny in Lisbon.")
    assert json.loads(told[3]["content"]) == {"sky": "sunny"}
    assert [tool["function"]["name"] for tool in two.requests_for("large")[0].body["tools"]] == [
        "get_weather"
    ]


async def test_a_tool_that_is_called_for_ever_ends(two: ScriptedEndpoint) -> None:
    """After three rounds the reply is what it is."""
    two.play("large", Script.tool_call("get_weather", {"city": "Lisbon"}))
    conversation = called(sets.UserTurn(text="How is the weather in Lisbon?"))
    (reply,) = await held(bot(two), conversation)
    assert len(reply.calls) == 3
    assert len(two.requests_for("large")) == 3


async def test_replies_that_fail_count_and_are_told(bench: Bench, two: ScriptedEndpoint) -> None:
    """An answer that never comes is an empty one, and the small model's is told apart."""
    broken = Script("", fault=Fault.STATUS_503)

    def unsure(body: dict[str, Any]) -> Script:
        return answer(body) if "sleep" in asked(body) or "help me" in asked(body) else broken

    two.play("large", unsure)
    result = await bench("seam", *extent(3), "--json", "out.json")
    found = {str(Way(**each["way"])): each for each in written()["ways"]}
    assert found["large alone"]["figures"]["empty"]["hits"] == 3
    assert "503" in result.stdout
    assert "replies were made by the small model alone" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--style", "sing"], "style must be one of"),
        (["--handover", "thrown"], "handover must be one of"),
        (["--language", "xx"], "language must be one of"),
        (["--from", "nowhere.json"], "nowhere.json"),
        (["--json", "out.txt"], "end it in .json"),
        ([*extent(0)], "nothing is asked"),
    ],
)
@pytest.mark.usefixtures("named")
async def test_arguments_that_cannot_be_used_are_named(
    bench: Bench, models: ScriptedEndpoint, arguments: list[str], says: str
) -> None:
    """Before anything is asked."""
    assert_refused(await bench("seam", *arguments), says)
    assert not models.requests


@pytest.mark.parametrize("text", ["[1, 2]", "{}", '{"sample": 3}', "no JSON"])
async def test_a_file_that_holds_no_run_is_one_message(
    bench: Bench, tmp_path: Path, text: str
) -> None:
    """Whatever is in it."""
    odd = tmp_path / "odd.json"
    odd.write_text(text)
    assert_refused(await bench("seam", "--from", str(odd)), str(odd))


@pytest.mark.usefixtures("named")
async def test_dead_models_are_one_message(bench: Bench, models: ScriptedEndpoint) -> None:
    """With what they said."""
    for name in ("small", "large"):
        models.play(name, Script("", fault=Fault.STATUS_401))
    assert_refused(await bench("seam"), "No answer", "401")


async def test_ctrl_c_shows_what_was_measured(two: ScriptedEndpoint) -> None:
    """What was said so far is judged, and written."""

    def slow(body: dict[str, Any]) -> Script:
        return Script(answer(body).text, ttft=0.05 if len(two.requests) < 16 else 100)

    two.play("large", slow)
    bench = await started("seam", "--json", "out.json")
    await two.until(lambda: len(two.requests) >= 17, timeout=40)
    out, err = await stopped_by_ctrl_c(bench)
    assert bench.returncode == 130, (out, err)
    assert b"Stopped after" in out
    assert b"right answers" in out
    assert 0 < sum(len(each["replies"]) for each in written()["ways"]) < 20
