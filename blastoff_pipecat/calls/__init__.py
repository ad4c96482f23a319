"""What a bot needs around its pipeline: speech for each call, and a runner.

``speech`` makes its ears and voice as the environment says (`local.pair` finds its two models);
``runner`` serves a bot with all of that ready before the port opens; ``eval_speech`` speaks and
listens for `pipecat eval`.
"""
