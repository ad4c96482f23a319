"""Finds a model on this computer, or fetches it: nothing is used whose hash differs."""

import asyncio
import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from blastoff_pipecat.environment import Variables, read_variables
from blastoff_pipecat.local.errors import LANGUAGE_WAY_OUT, ModelUnavailable
from blastoff_pipecat.local.weights.checksum import VerifiedFiles, sha256_of
from blastoff_pipecat.local.weights.hub import Hub
from blastoff_pipecat.local.weights.manifest import Model, ModelFile
from blastoff_pipecat.local.weights.source import FetchStopped, Progress, SourceFailed
from blastoff_pipecat.local.weights.wheels import WheelRegistry

if TYPE_CHECKING:
    from filelock import FileLock

__all__ = ["FetchStopped", "ModelStore", "Progress", "default_cache"]

_FOLDER_VARIABLE = Variables.BLASTOFF_MODELS_DIR.name

_SPARE_BYTES = 32 << 20
_LOCK_POLL_SECS = 0.2


def default_cache() -> Path:
    """This platform's folder for files that can be fetched again."""
    from platformdirs import user_cache_path  # of an extra that a server may do without

    if home := os.environ.get("XDG_CACHE_HOME"):  # which some platforms do not go by
        folder = Path(home) / "blastoff" / "models"
        if folder.is_dir():
            return folder
    return user_cache_path("blastoff", appauthor=False) / "models"


class ModelStore:
    """The models on this computer.

    Sources of a file, in order: the user's own folder, the cache, the upstream hub, and the Python
    package registry. Files in the user's own folder are read and never changed; a file of ours
    (cached or just fetched) whose hash differs is deleted. Several processes may share a cache.
    """

    def __init__(
        self,
        *,
        folder: Path | None = None,
        cache: Path | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Look at no disk yet.

        Args:
            folder: The user's own folder of models; by default the environment variable
                ``BLASTOFF_MODELS_DIR``, where it is set.
            cache: Where fetched files are kept; by default this platform's cache folder.
            progress: Called with each step of a fetch, in the thread that fetches.
        """
        self._folder = folder or Variables.BLASTOFF_MODELS_DIR.read(read_variables())
        self._cache = cache or default_cache()
        self._progress = progress
        self._verified = VerifiedFiles(self._cache / "verified.json")

    def find(self, model: Model) -> Path | None:
        """Where the model is, whole and verified, without fetching anything.

        Returns:
            Its file, or its folder where it has several files; None where it is not here.
        """
        for base in (self._folder, self._cache):
            if base is not None and all(self._fault(base, file) is None for file in model.files):
                return model.path_in(base)
        return None

    def fetch(self, model: Model, *, stop: threading.Event | None = None) -> Path:
        """Where the model is, after fetching what is missing. Blocks.

        Args:
            model: The model, from the manifest.
            stop: Set it from another thread to stop.

        Raises:
            ModelUnavailable: A file could not be had from any source, or there is no room for it.
            FetchStopped: ``stop`` was set.
        """
        stop = stop or threading.Event()
        found = self.find(model)
        if found is not None:
            return found
        if self._folder is not None:
            logger.warning(f"{_FOLDER_VARIABLE} ({self._folder}) does not hold {model.path}")
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            lock = self._locked(model, stop)
        except OSError as error:
            attempts = [(f"the cache ({self._cache})", f"cannot be written: {error.strerror}")]
            raise ModelUnavailable(model.path, attempts, _way_out(model)) from error
        staging = self._cache / f"{model.name}.staging"
        try:
            shutil.rmtree(staging, ignore_errors=True)  # of a fetch that was killed
            sources = (Hub(staging), WheelRegistry(staging))
            for file in model.files:
                self._fetch_file(model, file, sources, staging, stop)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            lock.release()
        return model.path_in(self._cache)

    async def fetch_in_thread(self, model: Model) -> Path:
        """``fetch`` in a thread of its own; cancelling stops the thread.

        Raises:
            ModelUnavailable: As ``fetch``.
        """
        stop = threading.Event()
        fetching = asyncio.ensure_future(asyncio.to_thread(self.fetch, model, stop=stop))
        try:
            return await asyncio.shield(fetching)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([fetching])
            if not fetching.cancelled():
                fetching.exception()  # seen: the caller has gone
            raise

    def _locked(self, model: Model, stop: threading.Event) -> "FileLock":
        """Hold the model's lock, waiting for another process that is fetching it."""
        from filelock import FileLock, Timeout  # of an extra that a server may do without

        lock = FileLock(self._cache / f"{model.name}.lock")
        report = self._reporter(model.path, "another process", model.size, stop)
        while True:
            try:
                lock.acquire(timeout=_LOCK_POLL_SECS)
            except Timeout:
                report(0)
            else:
                return lock

    def _fetch_file(
        self,
        model: Model,
        file: ModelFile,
        sources: tuple[Hub | WheelRegistry, ...],
        staging: Path,
        stop: threading.Event,
    ) -> None:
        """Bring one file into the cache, unless it is there."""
        attempts: list[tuple[str, str]] = []
        if self._folder is None:
            attempts.append((_FOLDER_VARIABLE, "not set"))
        else:
            fault = self._fault(self._folder, file) or "other files of this model are missing"
            attempts.append((f"{_FOLDER_VARIABLE} ({self._folder})", fault))
        fault = self._fault(self._cache, file)
        if fault is None:
            return
        final = _path_in(self._cache, file)
        if final.exists():
            final.unlink()
            fault += "; deleted"
        attempts.append((f"the cache ({self._cache})", fault))
        try:
            final.parent.mkdir(exist_ok=True)
            staging.mkdir(exist_ok=True)
            self._check_space(file)
            for source in sources:
                report = self._reporter(file.name, str(source), file.size, stop)
                report(0)
                try:
                    self._take(source.fetch(file, report), file, final)
                except SourceFailed as failure:
                    attempts.append((str(source), str(failure)))
                    logger.debug(f"{file.name}: {source}: {failure}")
                else:
                    return
        except OSError as error:
            reason = f"cannot be written: {error.strerror or error}"
            attempts.append((f"the disk of {self._cache}", reason))
            raise ModelUnavailable(file.name, attempts, _way_out(model)) from error
        raise ModelUnavailable(file.name, attempts, _way_out(model))

    def _take(self, path: Path, file: ModelFile, final: Path) -> None:
        """Give what a source has sent its final name, if it is the file that was meant."""
        found = sha256_of(path)
        if found != file.sha256:
            path.unlink()
            raise SourceFailed(f"sent another file (sha256 {found}, not {file.sha256}); deleted")
        with path.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(path, final)
        self._verified.remember(final, file)

    def _check_space(self, file: ModelFile) -> None:
        """Raise the error of a full disk before it is full."""
        need = file.size + _SPARE_BYTES
        free = shutil.disk_usage(self._cache).free
        if free < need:
            megabytes = (need - free) / 1e6
            raise OSError(errno.ENOSPC, f"the disk is full: {megabytes:.0f} MB more are needed")

    def _fault(self, base: Path, file: ModelFile) -> str | None:
        """What is wrong with the file in a folder of models; None where it is the one meant."""
        path = _path_in(base, file)
        try:
            if self._verified.matches(path, file):
                return None
        except FileNotFoundError:
            return f"no {file.name}" if base.is_dir() else "no such folder"
        except OSError as error:
            return f"{file.name} cannot be read: {error.strerror}"
        return f"{file.name} is another file (its size or sha256 differs)"

    def _reporter(
        self, name: str, source: str, total: int, stop: threading.Event
    ) -> Callable[[int], None]:
        def report(done: int) -> None:
            if stop.is_set():
                raise FetchStopped
            if self._progress is not None:
                self._progress(Progress(name, source, min(done, total), total))

        return report


def _path_in(base: Path, file: ModelFile) -> Path:
    return base.joinpath(*file.name.split("/"))


def _way_out(model: Model) -> str:
    other = (
        LANGUAGE_WAY_OUT
        if model.kind == "language"
        else "use another speech-to-text service of Pipecat instead"
    )
    return f"put {model.path} into a folder and set {_FOLDER_VARIABLE} to that folder, or {other}"
