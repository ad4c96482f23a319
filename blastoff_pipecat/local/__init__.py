"""The embedded default: models that run on this computer with no key and no model hub.

``weights`` says which there are, and finds or fetches them; ``pair`` has the two language models
run, ``stt`` and ``tts`` are the speech services. Engines are imported only by the modules that need
them.
"""
