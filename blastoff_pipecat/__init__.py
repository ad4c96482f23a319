"""One reply by two models: a small one is heard at once, a large one carries the sentence on."""
