"""What a listener hears of each reply, and when.

``heard`` plays audio as a loudspeaker would, ``word_seam`` finds the seam in a streaming voice's
sound, ``user_turn`` knows what a reply answers, ``reply_timeline`` turns what happens into one
message, by the states of ``table``: these are pure. ``teller`` sends the messages at a bearable
pace, and ``observer`` watches a Pipecat pipeline.
"""

from blastoff_pipecat.timeline.observer import TimelineObserver

__all__ = ["TimelineObserver"]
