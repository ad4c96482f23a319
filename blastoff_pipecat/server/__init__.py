"""The same reply for everyone else: an OpenAI-compatible server over the conductor.

`app` puts it together, `chat` answers a chat-completions request, `wire` knows OpenAI's shapes,
`direct` hands on what cannot be relayed, `guard` lets in who may come in, `stats` measures.
"""
