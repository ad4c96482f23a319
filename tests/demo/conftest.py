"""The bot that the headless demo is tried with."""

from tests.kit.two_models import make_llm, server

__all__ = ["make_llm", "server"]
