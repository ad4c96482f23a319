"""What a judge is told.

The protocol is that of RelayS2S (https://github.com/mailong25/relays2s): is what was said first
sensible, yes or no; and how good is the whole reply, 1 to 5, at most 3 with an error of fact in it.
The words are our own, for what is spoken.
"""

SENSIBLE = """\
A voice assistant begins to speak before its whole answer is known. Judge only whether these first \
words are sensible there: whether a person who was asked this could begin so, in that language and \
with that feeling, and whatever the answer is. A short lead-in to a question ("Let me see.") is \
sensible; before a greeting, thanks, goodbye, bad news or an emergency it is not.

The conversation:
{context}

The assistant's first words: {opening}

Answer with this JSON and nothing else: {"sensible": true} or {"sensible": false}"""
"""Asks about an opening."""

SCORE = """\
Judge the assistant's last reply in a spoken conversation, as it is heard, as a whole: does it \
address what the user said, does it help, is it true, is it clear, and does it sound like one \
person speaking once, with nothing said twice and no break in it?

5: as good as could be wished
4: good, with small gaps or a small roughness
3: addresses it on the surface only, or is plainly clumsy
2: partly beside the point, unclear, or wrong in something that matters
1: beside the point, wrong, confusing or hurtful

With an error of fact, an invented detail or a contradiction in it, give 3 at most. Judge the last \
reply alone, not what was said before it.

The conversation:
{context}

The reply: {reply}

Answer with this JSON and nothing else: {"score": N}, where N is a whole number from 1 to 5"""
"""Asks about a whole reply."""
