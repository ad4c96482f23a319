"""`blastoff doctor`: whether what the environment names will work, asked before a call does.

It asks both models, the speech services and the telephone's public address, says what is at fault
and what to do, and which settings suit these models. Nothing that it says holds a key.
"""
