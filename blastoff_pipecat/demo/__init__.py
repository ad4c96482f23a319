"""The spoken demo: one question through a real pipeline, heard twice, drawn side by side.

`question` is what is asked, `call` runs it through the pipeline, `playout` is what a listener hears
of the reply, `timeline` draws it, `run` does all of it with the models of the environment or the
embedded ones.
"""
