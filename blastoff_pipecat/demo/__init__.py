"""The spoken demo: one question through a real pipeline, heard twice, drawn side by side.

`question` is what is asked, `call` runs it through the pipeline, `listener` hears the reply,
`chart` draws it, `recording` keeps it, and `run` does all of it. `bot` is the other demo, in the
browser.
"""
