"""Fetching the embedded weights: content, known by its hash, from any of several sources."""
