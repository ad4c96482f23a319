"""What the two-model service costs, measured beside Pipecat's own service with one model.

`make bench`, or `python -m blastoff_pipecat.bench.overhead --quick`. Both services run in one
process (or in fresh processes of the same kind), in turns, against one scripted server in a process
of its own, so that the ratios between them mean something on a machine that is doing other things
as well.
"""
