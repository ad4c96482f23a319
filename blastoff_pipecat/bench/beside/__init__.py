"""``blastoff bench beside``: the server beside what others put in its place.

BlastOff's server relays two models, LiteLLM's proxy and nginx pass one through, and the models are
asked directly, too: in turns, on one machine, with the same models and the same clients. LiteLLM's
proxy is what people put there today; nginx only copies bytes, and shows where the floor is. Nothing
is public here but the command; modules that are processes of their own say so.
"""
