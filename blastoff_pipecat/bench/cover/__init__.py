"""``blastoff bench cover``: when an answer is heard, and what is heard before it, simulated.

The package's own relay is run on made-up time, against large models whose delays are drawn: no
model, no voice and no network are part of it, so that a million replies take minutes.
"""
