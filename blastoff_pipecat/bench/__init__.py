"""``blastoff bench``: how fast two models are, what a server holds, what the service itself costs.

Nothing is public here but the commands.
"""
