"""`python -m blastoff_pipecat` is the ``blastoff`` command."""

from blastoff_pipecat.cli import main

if __name__ == "__main__":
    main()
