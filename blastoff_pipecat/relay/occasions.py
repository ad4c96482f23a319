"""Whether an opening would be out of place, told from a user's words alone.

A line before the answer is wrong to "bye bye" and hurts after "my dog died", whatever model is to
write it, so the plainest cases are settled without one. What is not recognised here is left to the
model, which may decline: better that than a question without an opening. For a model too small for
that, `remarks` tells what asks for something from what does not.
"""

from blastoff_pipecat.relay.bare_numbers import is_number
from blastoff_pipecat.relay.distress import tells_distress
from blastoff_pipecat.relay.scripts import count_words, tokens
from blastoff_pipecat.relay.small_talk import is_small_talk


def needs_none(text: str, language: str | None = None) -> bool:
    """Tell whether a user's turn plainly needs no opening.

    Such are greetings, thanks, goodbyes, yes and no, bare numbers and the shortest remarks; bad
    news, distress and emergencies; and a turn without a word.
    """
    if not tokens(text, most=1):
        return True
    # "Hello?" is asked into a silence, by somebody who is glad to hear anything.
    if text.rstrip().endswith(("?", "？")) and len(text.split()) == 1 and count_words(text) <= 2:
        return False
    return is_small_talk(text) or is_number(text) or tells_distress(text, language)
