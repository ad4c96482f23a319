"""Starting and stopping the embedded language models, as far as it needs no real weights."""

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest

from blastoff_pipecat.local.errors import EngineFailed, EngineMissing
from blastoff_pipecat.local.language import EmbeddedModels
from blastoff_pipecat.local.llama import EmbeddedModel

needs_engine = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not installed"
)


def test_an_unknown_model_lists_those_there_are() -> None:
    """A wrong name is refused where it is given, with the names that work."""
    with pytest.raises(ValueError, match=r"small='gpt' .* smollm2-135m, .*coder-1\.5b"):
        EmbeddedModels(small="gpt")
    with pytest.raises(ValueError, match=r"large='whisper-tiny\.en' is no embedded language"):
        EmbeddedModels(large="whisper-tiny.en")


def test_endpoints_of_models_that_do_not_run_are_refused() -> None:
    """Asking for an endpoint before the start says what to do."""
    models = EmbeddedModels()
    with pytest.raises(EngineFailed, match=r"start\(\) them first"):
        _ = models.small
    with pytest.raises(EngineFailed, match=r"start\(\) it first"):
        EmbeddedModel("tiny", Path("tiny.gguf")).endpoint()


async def test_without_the_engine_the_message_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where there is no xllamacpp, one message names the extra and the way out."""
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(EngineMissing) as missing:
        await EmbeddedModel("tiny", tmp_path / "tiny.gguf").start()
    assert missing.value.package == "xllamacpp"
    assert "blastoff-pipecat[local]" in str(missing.value)
    assert "SMALL_MODEL_URL" in str(missing.value)


@needs_engine
async def test_a_file_that_is_no_model_is_one_clear_error(tmp_path: Path) -> None:
    """llama.cpp's refusal is passed on, and no process stays behind."""
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"not a model")
    model = EmbeddedModel("tiny", path)
    with pytest.raises(EngineFailed, match=r"llama\.cpp did not start tiny: "):
        await model.start()
    assert model.pid is None


@needs_engine
async def test_a_cancelled_start_leaves_no_process(tmp_path: Path) -> None:
    """Cancelling while a model loads ends the process that was loading it."""
    model = EmbeddedModel("tiny", tmp_path / "missing.gguf")
    starting = asyncio.create_task(model.start())
    await asyncio.sleep(0)  # the task runs until its first wait
    assert model.pid is not None
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert model.pid is None
