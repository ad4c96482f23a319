"""``blastoff bench``: how fast two models are beside the large one alone, and what a server holds.

Nothing is public here but the commands.
"""
