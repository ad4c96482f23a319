"""``blastoff bench overhead``: what two models cost beside Pipecat's own service with one.

Both services run in one process (or in fresh processes of the same kind), in turns, against one
scripted server in a process of its own, so that the ratios between them mean something on a machine
that is doing other things as well. Nothing is public here but the command; the modules that are
processes of their own say so.
"""
