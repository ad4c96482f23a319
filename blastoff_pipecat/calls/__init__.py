"""What a bot needs around its pipeline: models and speech for each call, and a runner.

``speech`` makes its ears and voice and ``models`` finds its two models, both as the environment
says; ``runner`` serves a bot with all of that ready before the port opens; ``eval_speech`` speaks
and listens for `pipecat eval`.
"""
