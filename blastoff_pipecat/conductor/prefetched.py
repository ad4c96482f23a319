"""A request to the large model that was made before the reply to which it belongs.

It keeps what it brings. The reply that asks for the very same takes it over, as if it had asked
then; its measurements count from when it was really made. Else it is closed, and what its server
has reported of its use is told all the same.
"""

import asyncio
from typing import TYPE_CHECKING

from blastoff_pipecat.conductor.conversation import Conversation
from blastoff_pipecat.conductor.heard import ModelUsed
from blastoff_pipecat.conductor.policy import Policy
from blastoff_pipecat.conductor.request import Inbox, News, Request
from blastoff_pipecat.conductor.requests import Models, Requests
from blastoff_pipecat.endpoints import (
    Alive,
    Ask,
    Delta,
    Finished,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from blastoff_pipecat.relay.first_sentence import FirstSentence
from blastoff_pipecat.relay.scrub import Scrubber

if TYPE_CHECKING:
    from blastoff_pipecat.conductor.conductor import Conductor


class Prefetched(Inbox):
    """One such request, and what it has brought so far.

    Attributes:
        was_taken: Whether a reply took it over.
        sentence_at: When a voice would have had the answer's first sentence, in seconds on the
            loop's clock; None before.
    """

    def __init__(self, conductor: "Conductor", conversation: Conversation, policy: Policy) -> None:
        """Ask the large model now what a reply without an opening will ask it.

        Args:
            conductor: Of whom the reply will be asked.
            conversation: As foreseen.
            policy: How the reply will be made.
        """
        loop = asyncio.get_running_loop()
        super().__init__(loop)
        self.was_taken = False
        self.sentence_at: float | None = None
        self._scrubber, self._first = Scrubber(), FirstSentence()
        self._patience_secs = policy.large_first_token_timeout_secs
        self._clock = loop.time
        self._run = conductor.run
        self._model_name = conductor.large.name
        self._failed = False
        self._used: list[ModelUsed] = []
        models = Models(conductor.small, conductor.large)
        ask = Requests(models, conversation, policy, conductor.learnt).large_ask("", 0)
        self._request = Request("large", conductor.large, ask, self, self._clock())
        self._request.start(conductor.run)

    def put(self, item: tuple[Request, News]) -> None:
        """Keep what came, and note when."""
        request, news = item
        now = self._clock()
        if isinstance(news, Exception):
            self._failed = True
        else:
            for delta in news:
                if isinstance(delta, TextDelta | ToolCallDelta):
                    request.first_answer = request.first_answer or now
                self._look_for_sentence(delta, now)
                if isinstance(delta, UsageReport):
                    self._used.append(ModelUsed("large", self._model_name, delta))
                elif not isinstance(delta, Alive):
                    request.first_output = request.first_output or now
        super().put(item)

    def _look_for_sentence(self, delta: Delta, now: float) -> None:
        if isinstance(delta, TextDelta):
            self._first.feed(self._scrubber.feed(delta.text))
        elif isinstance(delta, Finished):
            self._first.feed(self._scrubber.flush())
        else:
            return
        ended = isinstance(delta, Finished) and self._first.text.strip()
        if self.sentence_at is None and (self._first.is_whole or ended):
            self.sentence_at = now

    @property
    def _is_late(self) -> bool:
        """Whether it has said nothing for so long that a reply would not wait for it any more."""
        request = self._request
        return not request.first_answer and self._clock() >= request.asked_at + self._patience_secs

    def hand_over(self, ask: Ask, inbox: Inbox) -> Request | None:
        """Hand the request over with what it has brought, if it asks the same.

        One that has failed or is late is not handed over: it is better asked anew.

        Args:
            ask: What the reply is about to ask.
            inbox: Where the request is to report from now on.
        """
        request = self._request
        same = ask == request.ask and request.model.name == self._model_name
        is_lost = self._failed or self._is_late or not request.is_open
        if self.was_taken or is_lost or not same:
            return None
        self.was_taken = True
        request.report_to(inbox)
        while self._items:
            inbox.put(self._items.popleft())
        return request

    def discard(self) -> list[ModelUsed]:
        """Close the request, unless it was handed over.

        Returns:
            What its server has reported of its use by now, once.
        """
        if self.was_taken:
            return []
        self._request.close(self._run)
        used, self._used = self._used, []
        return used
