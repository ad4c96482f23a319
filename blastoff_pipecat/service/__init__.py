"""The Pipecat skin: one reply by two models as one Pipecat LLM service."""
