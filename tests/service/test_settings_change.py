"""Settings changed in mid-call by an `LLMUpdateSettingsFrame`."""

from collections.abc import Callable
from typing import Any

import pytest
from pipecat.frames.frames import LLMUpdateSettingsFrame
from pipecat.metrics.metrics import LLMUsageMetricsData, TTFBMetricsData
from pipecat.services.settings import LLMSettings

from blastoff_pipecat import DualLLMMetricsData, DualLLMService, OpeningTextFrame
from blastoff_pipecat.testing import Script, ScriptedEndpoint
from tests.kit.bot import Bot, talking_to

Settings = DualLLMService.Settings
OPENING = "Sure, let me look at that."


@pytest.fixture(autouse=True)
def say_something(server: ScriptedEndpoint) -> None:
    server.play("small", OPENING)
    server.play("*", "It is nine.")


async def change(bot: Bot, **settings: Any) -> None:
    """Change settings, as an application does."""
    await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=Settings(**settings)))


def seen(server: ScriptedEndpoint, model: str) -> list[dict[str, Any]]:
    return [request.body for request in server.requests_for(model)]


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"temperature": 0.1}, "temperature"),
        ({"max_tokens": 99}, "max_tokens"),
        ({"top_p": 0.5}, "top_p"),
        ({"top_k": 5}, "top_k"),
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"seed": 5}, "seed"),
        ({"extra": {"user": "ada"}}, "user"),
    ],
)
async def test_sampling_of_the_large_model(
    server: ScriptedEndpoint, make_llm: Any, settings: dict[str, Any], field: str
) -> None:
    """A sampling setting is in the large model's next request, and in none of the small one's."""
    async with talking_to(make_llm()) as bot:
        await bot.hear_reply()
        await change(bot, **settings)
        await bot.hear_reply()
    before, after = seen(server, "large")
    value = settings.get(field, "ada")
    assert field not in before
    assert after[field] == value
    assert all(body.get(field) != value for body in seen(server, "small"))


@pytest.mark.parametrize(
    ("settings", "of"),
    [
        ({"small_max_tokens": 7}, lambda body: body["max_tokens"] == 7),
        ({"small_temperature": 0.0}, lambda body: body["temperature"] == 0.0),
        ({"small_temperature": None}, lambda body: "temperature" not in body),
        ({"small_history": 1}, lambda body: "Look at the time" not in str(body)),
        (
            {"opening_instruction": "Say something kind."},
            lambda body: "Say something kind." in body["messages"][0]["content"],
        ),
        ({"style": "answer"}, lambda body: "lead-in" not in str(body["messages"][0])),
        (
            {"style": "choose", "openings": ["Good question,", "Well now,"]},
            lambda body: "- Good question,\n- Well now," in body["messages"][0]["content"],
        ),
    ],
)
async def test_how_the_small_model_is_asked(
    server: ScriptedEndpoint,
    make_llm: Any,
    settings: dict[str, Any],
    of: Callable[[dict[str, Any]], bool],
) -> None:
    """A setting of the opening is in the small model's next request."""
    async with talking_to(make_llm()) as bot:
        await bot.hear_reply("Look at the time, will you?")
        await change(bot, **settings)
        await bot.hear_reply("Where?")
    before, after = seen(server, "small")
    assert of(after)
    assert not of(before)


async def test_system_instruction(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A new system instruction is what the large model gets from the next reply on."""
    async with talking_to(make_llm(system_instruction="Be kind.", opening="never")) as bot:
        await bot.hear_reply()
        await change(bot, system_instruction="Be brief.")
        await bot.hear_reply()
    systems = [body["messages"][0]["content"] for body in seen(server, "large")]
    assert systems == ["Be kind.", "Be brief."]


async def test_continuation_instruction(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A new continuation instruction is what follows the opening, with what was said in it."""
    async with talking_to(make_llm()) as bot:
        await bot.hear_reply()
        await change(bot, continuation_instruction="Go on after {said} now.")
        await bot.hear_reply()
    last = seen(server, "large")[1]["messages"][-1]
    assert last == {"role": "user", "content": f'Go on after "{OPENING}" now.'}


async def test_whether_there_is_an_opening(server: ScriptedEndpoint, make_llm: Any) -> None:
    """Openings can be switched off and on."""
    async with talking_to(make_llm()) as bot:
        assert await bot.hear_reply() == f"{OPENING} It is nine."
        await change(bot, opening="never")
        assert await bot.hear_reply() == "It is nine."
        await change(bot, opening="always")
        server.play("small", "Well, here it is.")
        assert await bot.hear_reply() == "Well, here it is. It is nine."


async def test_how_long_an_opening_is(server: ScriptedEndpoint, make_llm: Any) -> None:
    """New bounds hold for the next opening."""
    server.play("small", "Well, you see, in the end,")
    async with talking_to(make_llm(min_words=1, max_words=2)) as bot:
        await bot.hear_reply()
        await change(bot, min_words=4, max_words=16)
        server.play("small", "Let me see, you know, it is")
        await bot.hear_reply()
        openings = [frame.text for frame in bot.of(OpeningTextFrame)]
    assert openings[-1] == "Let me see, you know,"
    assert "".join(openings[:-1]).count(" ") < 2


async def test_opening_frames(server: ScriptedEndpoint, make_llm: Any) -> None:
    """The kind of frames that an opening leaves in can be changed."""
    async with talking_to(make_llm()) as bot:
        await bot.hear_reply()
        await change(bot, opening_frames="token")
        server.play("small", "Well, here it comes.")
        assert await bot.hear_reply() == "Well, here it comes. It is nine."
        assert len(bot.of(OpeningTextFrame)) == 1


async def test_deadlines(server: ScriptedEndpoint, make_llm: Any) -> None:
    """New deadlines hold from the next reply on."""
    server.play("small", OPENING, Script(OPENING, ttft=5.0), "I cannot say.")
    server.play("large", Script("Nine."), Script("Ten.", ttft=5.0))
    async with talking_to(make_llm()) as bot:
        await bot.hear_reply()
        await change(
            bot,
            small_first_token_timeout_secs=0.05,
            large_first_token_timeout_secs=0.1,
            stall_timeout_secs=1.0,
        )
        asked = await bot.ask("And now?")
        await bot.until(lambda: bot.ended == 2, within=2.0)
        assert bot.after.frames[-1][2] - asked < 2.0
        assert "within 0.1 s" in bot.errors[0].error


async def test_model(server: ScriptedEndpoint, make_llm: Any) -> None:
    """A new model is asked from the next reply on, and is what the metrics name."""
    async with talking_to(make_llm()) as bot:
        await bot.hear_reply()
        await change(bot, model="larger")
        await bot.hear_reply()
        assert [len(seen(server, model)) for model in ("small", "large", "larger")] == [2, 1, 1]
        for kind in (TTFBMetricsData, LLMUsageMetricsData):
            models = [data.model for data in bot.metrics(kind) if "DualLLM" in data.processor]
            assert [m for m in models if m != "small"][-2:] == ["large", "larger"]
        assert [data.model for data in bot.metrics(DualLLMMetricsData)] == ["large", "larger"]
        assert await bot.llm.run_inference(bot.context) == "It is nine."
        assert len(seen(server, "larger")) == 2


async def test_settings_of_any_service_are_taken(server: ScriptedEndpoint, make_llm: Any) -> None:
    """Pipecat's plain settings change what both services have."""
    async with talking_to(make_llm()) as bot:
        delta = LLMSettings(temperature=0.4, model="larger")
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta))
        await bot.hear_reply()
    assert seen(server, "larger")[0]["temperature"] == 0.4


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (Settings, "opening", "sometimes"),
        (Settings, "style", "shout"),
        (Settings, "opening_frames", None),
        (Settings, "min_words", 0),
        (Settings, "max_words", 2),
        (Settings, "max_waiting_lines", 0.5),
        (Settings, "stall_timeout_secs", -1),
        (Settings, "connect_timeout_secs", 0),
        (Settings, "openings", []),
        (Settings, "small_temperature", 3),
        (Settings, "small_history", True),
        (Settings, "continuation_instruction", " "),
        (Settings, "model", ""),
        (Settings, "model", None),
        (LLMSettings, "model", " "),
        (LLMSettings, "top_p", "hot"),
        (LLMSettings, "max_tokens", 0),
        (LLMSettings, "extra", {"x": object()}),
        (Settings, "extra", None),
    ],
)
async def test_a_bad_value_is_one_error_and_changes_nothing(
    server: ScriptedEndpoint, make_llm: Any, kind: type[LLMSettings], name: str, value: object
) -> None:
    """The error names the setting; the service goes on as it was, with none of the change."""
    delta = kind(**{name: value, "temperature": 0.1})  # type: ignore[arg-type]
    async with talking_to(make_llm()) as bot:
        await bot.worker.queue_frame(LLMUpdateSettingsFrame(delta=delta))
        assert await bot.hear_reply() == f"{OPENING} It is nine."
        (error,) = bot.errors
        assert name in error.error
        assert bot.llm.is_usable
    assert "temperature" not in seen(server, "large")[0]


async def test_a_change_for_another_service_passes_on_once(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A change that is meant for another service changes nothing here, and is passed on once."""
    async with talking_to(make_llm()) as bot:
        frame = LLMUpdateSettingsFrame(delta=Settings(temperature=0.1), service=bot.after)
        await bot.worker.queue_frame(frame)
        await bot.hear_reply()
        assert len(bot.of(LLMUpdateSettingsFrame)) == 1
    assert "temperature" not in seen(server, "large")[0]


async def test_a_change_for_this_service_passes_on_once(
    server: ScriptedEndpoint, make_llm: Any
) -> None:
    """A change that is meant for this service, or for any, changes it and is passed on once."""
    async with talking_to(make_llm()) as bot:
        for service in (bot.llm, None):
            frame = LLMUpdateSettingsFrame(delta=Settings(temperature=0.1), service=service)
            await bot.worker.queue_frame(frame)
        await bot.hear_reply()
        assert len(bot.of(LLMUpdateSettingsFrame)) == 2
    assert seen(server, "large")[0]["temperature"] == 0.1
