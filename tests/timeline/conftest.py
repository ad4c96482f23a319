"""The bot that is listened to."""

from tests.kit.two_models import make_llm, server

__all__ = ["make_llm", "server"]
