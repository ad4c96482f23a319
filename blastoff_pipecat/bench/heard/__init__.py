"""``blastoff bench heard``: what a listener hears of two models, beside the large one alone.

Real Pipecat pipelines with a voice and an output that play in real time, each with one service,
all in one process: they sleep most of the time. The models are scripted, so that nothing but the
service decides what is heard when. Nothing is public here but the command.
"""
