"""What a telephone bot needs beside Pipecat: to know its carrier from a stranger, and to pick up.

::

    from pipecat.runner.run import app, main

    guard_phone(app)  # before the runner adds its routes
    main()

and in ``bot(runner_args)``, in place of Pipecat's ``create_transport``::

    transport = await pick_up(runner_args, transport_params)

Each carrier's signatures are checked in a file of its own (``twilio``, ``telnyx``, ``plivo``,
``daily``, ``exotel``), which says where the carrier documents them.
"""

from blastoff_pipecat.phone.command_line import UnguardedPhone, guard_phone
from blastoff_pipecat.phone.guard import PhoneGuard
from blastoff_pipecat.phone.pickup import NoCall, pick_up

__all__ = [
    "NoCall",
    "PhoneGuard",
    "UnguardedPhone",
    "guard_phone",
    "pick_up",
]
