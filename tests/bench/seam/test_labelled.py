"""The sample that was labelled by hand, and how far the checks agree with it."""

from dataclasses import asdict

import pytest
from pydantic import TypeAdapter

from blastoff_pipecat.bench.seam.checks import is_right
from blastoff_pipecat.bench.seam.labelled import (
    GOOD,
    agreement,
    checked_good,
    checked_sensible,
    labelled,
)
from blastoff_pipecat.bench.seam.reply import SeamReply


def test_the_labels_keep_their_protocol() -> None:
    """Sixty replies in nine languages; a fault in a fact caps the quality; no prefix, no label."""
    assert len(labelled()) == 60
    assert len({each.reply.language for each in labelled()}) == 9
    for each in labelled():
        assert 1 <= each.quality <= (3 if each.factual_error else 5)
        assert (each.sensible is None) == (not each.reply.opening)
        assert TypeAdapter(SeamReply).validate_python(asdict(each.reply)) == each.reply
        assert each.reply.spoken.startswith(each.reply.opening)
        assert each.reply.spoken.endswith(each.reply.answer)


def test_the_sample_holds_every_quality() -> None:
    """A judge that always says the same agrees with it no better than by chance."""
    qualities = [each.quality for each in labelled()]
    assert set(qualities) == {1, 2, 3, 4, 5}
    assert 0.3 <= sum(quality >= GOOD for quality in qualities) / len(qualities) <= 0.7


def test_the_checks_agree_with_the_labels_on_prefixes() -> None:
    """On nine of ten: what they miss is a fluent line that suits another question."""
    share, kappa = agreement(
        [
            (each.sensible, checked_sensible(each))
            for each in labelled()
            if each.sensible is not None
        ]
    )
    assert share >= 0.9
    assert kappa is not None
    assert kappa >= 0.75


def test_the_checks_agree_with_the_labels_on_replies() -> None:
    """On nearly nine of ten whether something is wrong with them."""
    share, kappa = agreement([(each.quality >= GOOD, checked_good(each)) for each in labelled()])
    assert share >= 0.85
    assert kappa is not None
    assert kappa >= 0.7


def test_wrong_answers_are_found() -> None:
    """All that are checked; of the others none but one in another language."""
    wrong = {each for each in labelled() if is_right(each.item, each.reply) is False}
    missed = {each for each in labelled() if each.factual_error} - wrong
    # Of these the prefix was wrong and the answer right, or nothing was to be checked.
    assert all(each.reply.style == "answer" or each.sensible is False for each in missed)
    assert [each.reply.id for each in wrong if not each.factual_error] == ["l-35"]


@pytest.mark.parametrize(
    ("pairs", "share", "kappa"),
    [
        ([(True, True), (False, False)], 1.0, 1.0),
        ([(True, False), (False, True)], 0.0, -1.0),
        ([(True, True), (True, False), (False, True), (False, False)], 0.5, 0.0),
        ([(True, True), (True, True), (True, False), (False, False)], 0.75, 0.5),
        ([(True, True), (True, False)], 0.5, None),
        ([(True, True)], 1.0, None),
    ],
)
def test_agreement_beyond_chance(
    pairs: list[tuple[bool, bool]], share: float, kappa: float | None
) -> None:
    """Cohen's kappa, and none where there is nothing to agree about."""
    assert agreement(pairs) == (pytest.approx(share), kappa and pytest.approx(kappa))
