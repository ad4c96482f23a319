"""The same reply for everyone else: an OpenAI-compatible server over the conductor.

A request comes in over `bounded_http` and past the `guard`, which lets in who may come in; `body`
parses it, `request` and `responses` check it, in OpenAI's two protocols, `fields` tells whom it is
for, and `manner` how its answer suits the client. `chat` has both models answer, as `wire` or
`responses` writes it; `direct` hands on what cannot be relayed. `app` puts it together, `stats`
measures.
"""
