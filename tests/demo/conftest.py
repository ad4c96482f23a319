"""The bot that the timeline's tests listen to."""

from tests.timeline.conftest import make_llm, server

__all__ = ["make_llm", "server"]
