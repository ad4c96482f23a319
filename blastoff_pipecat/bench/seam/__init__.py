"""``blastoff bench seam``: how good a reply of two models is, beside the large model's own.

Nothing is public here but the command.
"""
