"""One model behind a URL: how to ask it, how to have it go on, and what can go wrong."""
