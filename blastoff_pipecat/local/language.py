"""The two embedded language models: llama.cpp behind loopback URLs, as two ``ChatEndpoint``s.

Each model is served by a child process (see ``llama_process``) on one thread: on two cores, one
thread each leaves the small model its speed while the large one works.
"""

import asyncio
import os
from typing import Self

from blastoff_pipecat.endpoints.endpoint import ChatEndpoint
from blastoff_pipecat.local.errors import EngineFailed
from blastoff_pipecat.local.llama import EmbeddedModel
from blastoff_pipecat.local.weights.manifest import MODELS, QWEN_CODER_15B, SMOLLM2_135M, Model
from blastoff_pipecat.local.weights.store import ModelStore

SLOWEST_TOKENS_PER_SECOND = 15.0
"""What a large model must write, before a call begins, to be talked to.

A call leaves it about half of that, and an answer's first sentence is 15 tokens. Where the 1.5B
wrote 9 to 11, its answers were heard 3 s after the question (median), and the 0.5B's after 2.3 s.
"""

_TRIES = 3

_TIMES_AS_FAST = 4.0
"""How many times faster than the 1.5B the 135M writes at least: 5.0 to 5.3 where measured."""


class EmbeddedModels:
    """A small and a large language model on this computer, as two endpoints.

    ::

        async with EmbeddedModels() as models:
            llm = DualLLMService(small=models.small, large=models.large)
    """

    def __init__(
        self,
        *,
        small: str = SMOLLM2_135M.name,
        large: str = QWEN_CODER_15B.name,
        store: ModelStore | None = None,
    ) -> None:
        """Fetch and start nothing yet.

        Args:
            small: The small model's name in the manifest.
            large: The large model's name in the manifest.
            store: Where the weights are found or fetched; by default an own one.

        Raises:
            ValueError: A model is not a language model of the manifest.
        """
        self._store = store or ModelStore()
        self._models = (_language_model("small", small), _language_model("large", large))
        self._running: tuple[EmbeddedModel, ...] = ()

    @property
    def small(self) -> ChatEndpoint:
        """The small model's endpoint.

        Raises:
            EngineFailed: The models are not running.
        """
        return self._at(0).endpoint(choice="grammar")

    @property
    def large(self) -> ChatEndpoint:
        """The large model's endpoint.

        Raises:
            EngineFailed: The models are not running.
        """
        return self._at(1).endpoint()

    async def start(self) -> None:
        """Find or fetch the weights, and load both models side by side.

        Raises:
            ModelUnavailable: A model's file could not be had.
            EngineMissing: ``xllamacpp`` is not installed.
            EngineFailed: llama.cpp could not load a model.
        """
        if self._running:
            return
        small, large = [await self._store.fetch_in_thread(model) for model in self._models]
        # The large one reads its prompt while the small one rests.
        reading = min(2, os.cpu_count() or 1)
        self._running = (
            EmbeddedModel(self._models[0].name, small),
            EmbeddedModel(self._models[1].name, large, prompt_threads=reading),
        )
        try:
            async with asyncio.TaskGroup() as group:
                for model in self._running:
                    group.create_task(model.start())
        except BaseExceptionGroup as failures:
            await self.stop()
            raise failures.exceptions[0] from None
        except BaseException:
            await self.stop()
            raise

    async def large_is_slow(self) -> bool:
        """Tell whether the large model writes too slowly to be talked to, on this computer, now."""
        return await _is_slow(self._at(1), SLOWEST_TOKENS_PER_SECOND)

    async def stop(self) -> None:
        """End both models and wait for their end. Safe to call twice."""
        running, self._running = self._running, ()
        await asyncio.gather(*(model.stop() for model in running))

    async def __aenter__(self) -> Self:
        """Start the models."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the models."""
        await self.stop()

    def _at(self, index: int) -> EmbeddedModel:
        if not self._running:
            raise EngineFailed("The embedded models are not running: start() them first.")
        return self._running[index]


async def would_be_slow(store: ModelStore) -> bool:
    """Tell by the 135M whether the 1.5B would plainly be too slow here, before it is fetched.

    Raises:
        ModelUnavailable: The 135M could not be had.
        EngineFailed: llama.cpp could not load it.
    """
    small = EmbeddedModel(SMOLLM2_135M.name, await store.fetch_in_thread(SMOLLM2_135M))
    try:
        await small.start()
        return await _is_slow(small, SLOWEST_TOKENS_PER_SECOND * _TIMES_AS_FAST)
    finally:
        await small.stop()


async def _is_slow(model: EmbeddedModel, tokens_per_second: float) -> bool:
    for _ in range(_TRIES):  # something else may have been at work for a moment
        if await model.measure() >= tokens_per_second:
            return False
    return True


def _language_model(role: str, name: str) -> Model:
    """The language model of that name, or a ValueError that lists those there are."""
    model = MODELS.get(name)
    if model is None or model.kind != "language":
        names = ", ".join(m.name for m in MODELS.values() if m.kind == "language")
        raise ValueError(f"{role}={name!r} is no embedded language model; there are: {names}")
    return model
