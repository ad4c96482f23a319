"""The core: how one reply by two models is decided.

Pure: no asyncio, no Pipecat, no network, no clock, no randomness. Time is an argument.
"""
