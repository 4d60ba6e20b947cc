import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.contrastive import batch_masks_reference
from xmlrec.encode.batches import Batches

# 0 is the root of 1 and 2; 3, 4, 5 lie below 1, and 6 below 2; nothing has label 5
PARENTS = np.array([-1, 0, 0, 1, 1, 1, 2], dtype=np.int32)
ANCESTORS = sp.csr_array(
    np.array(
        [
            [1, 0, 0, 0, 0, 0, 0],
            [1, 1, 0, 0, 0, 0, 0],
            [1, 0, 1, 0, 0, 0, 0],
            [1, 1, 0, 1, 0, 0, 0],
            [1, 1, 0, 0, 1, 0, 0],
            [1, 1, 0, 0, 0, 1, 0],
            [1, 0, 1, 0, 0, 0, 1],
        ],
        dtype=np.float32,
    )
)


def indicator(rows):
    Y = np.zeros((len(rows), 7), dtype=np.float32)
    for row, labels in enumerate(rows):
        Y[row, labels] = 1
    return sp.csr_array(Y)


def random_labels(seed, n_items=40, n_labels=12):
    rng = np.random.default_rng(seed)
    return sp.random_array((n_items, n_labels), density=0.15, rng=rng, format="csr")


def test_an_epoch_shows_every_item_that_has_a_label_once():
    Y = indicator([[3], [], [4, 6], [1], [3], []])
    batches = Batches(Y, batch_size=3)

    for epoch in range(3):
        items = np.concatenate([batch.items for batch in batches.epoch(epoch)])
        assert sorted(items.tolist()) == [0, 2, 3, 4]
    assert len(batches) == 2


def test_items_come_with_an_own_label():
    Y = random_labels(0)

    for batch in Batches(Y, batch_size=8).epoch(0):
        assert batch.is_own.any(axis=1).all()
        assert batch.is_own.any(axis=0).all()
        np.testing.assert_array_equal(batch.is_own, Y[batch.items][:, batch.labels].toarray() > 0)


def test_all_labels_of_an_item_are_drawn_in_turn():
    batches = Batches(indicator([[1, 3, 6]]), batch_size=2)

    drawn = [next(iter(batches.epoch(epoch))).labels.item() for epoch in range(60)]

    assert min(np.bincount(drawn)[[1, 3, 6]]) > 10


@pytest.mark.parametrize(("n_of_one", "n_batches"), [(5, 5), (10, 5), (3, 5)])
def test_a_label_is_spread_evenly_over_the_batches(n_of_one, n_batches):
    Y = sp.csr_array(np.eye(40, dtype=np.float32)[[0] * n_of_one + list(range(1, 41 - n_of_one))])
    batches = Batches(Y, batch_size=8)
    assert len(batches) == n_batches

    counts = [np.isin(batch.items, range(n_of_one)).sum() for batch in batches.epoch(0)]
    sizes = [batch.items.size for batch in batches.epoch(0)]

    assert max(counts) == -(-n_of_one // n_batches)
    assert sum(counts) == n_of_one
    assert max(sizes) - min(sizes) <= 1


@given(seed=st.integers(0, 10_000), n_hard=st.integers(0, 3))
def test_masks_match_the_reference(seed, n_hard):
    rng = np.random.default_rng(seed)
    rows = [rng.choice([0, 1, 2, 3, 4, 6], size=rng.integers(0, 4)) for _ in range(9)] + [[3]]
    Y = indicator(rows)
    batches = Batches(
        Y, batch_size=4, n_hard=n_hard, seed=seed, parents=PARENTS, ancestors=ANCESTORS,
        candidates=rng.integers(-1, 7, size=(10, 3)),
    )  # fmt: skip

    for batch in batches.epoch(0):
        own, negative = batch_masks_reference(Y.toarray(), PARENTS, batch.items, batch.labels)
        np.testing.assert_array_equal(batch.is_own, own)
        np.testing.assert_array_equal(batch.is_negative, negative)
        assert (np.diff(batch.labels) > 0).all()


def test_hard_negatives_are_siblings_that_have_items():
    Y = indicator([[3], [3], [4], [4], [6], [6]])
    seen = set()
    for epoch in range(20):
        for batch in Batches(Y, batch_size=2, n_hard=3, parents=PARENTS).epoch(epoch):
            drawn = set(batch.labels[batch.is_own.any(axis=0)].tolist())
            hard = set(batch.labels.tolist()) - drawn
            assert hard <= ({3, 4} if drawn & {3, 4} else set())
            seen |= hard
    assert seen == {3, 4}


def test_hard_negatives_are_candidates():
    Y = indicator([[3], [4], [6], [1], [2]])
    candidates = np.full((5, 2), -1)
    candidates[2] = [3, 4]
    batches = Batches(Y, batch_size=2, n_hard=2, candidates=candidates)

    seen = set()
    for epoch in range(20):
        for batch in batches.epoch(epoch):
            hard = set(batch.labels[~batch.is_own.any(axis=0)].tolist())
            assert not hard or 2 in batch.items
            seen |= hard
    assert seen == {3, 4}


def test_candidates_and_siblings_share_the_hard_negatives():
    Y = indicator([[3], [4], [6]])
    candidates = np.array([[6], [-1], [-1]])
    batches = Batches(Y, batch_size=2, n_hard=1, parents=PARENTS, candidates=candidates)

    of_first = [
        tuple(batch.labels.tolist())
        for epoch in range(600)
        for batch in batches.epoch(epoch)
        if batch.items.tolist() == [0]
    ]

    shares = {labels: of_first.count(labels) / len(of_first) for labels in set(of_first)}
    assert shares.pop((3, 6)) == pytest.approx(1 / 2, abs=0.1)
    assert shares.pop((3, 4)) == pytest.approx(1 / 4, abs=0.1)
    assert set(shares) == {(3,)}  # it drew itself


def test_no_label_is_drawn_against_what_lies_above_it_or_is_its_own():
    Y = indicator([[3, 4], [0], [1], [2]])
    candidates = np.array([[0, 1, 3, 4], [-1] * 4, [-1] * 4, [-1] * 4])
    batches = Batches(Y, batch_size=2, n_hard=4, ancestors=ANCESTORS, candidates=candidates)

    for epoch in range(20):
        for batch in batches.epoch(epoch):
            assert batch.is_own.any(axis=0).all()


def test_a_label_without_items_is_never_a_negative():
    Y = indicator([[3], [4], [6]])
    candidates = np.full((3, 2), 5)
    batches = Batches(Y, batch_size=2, n_hard=4, parents=PARENTS, candidates=candidates)

    assert not batches.has_items[5]
    for epoch in range(20):
        assert all(5 not in batch.labels for batch in batches.epoch(epoch))


def flat(batches, epoch, start=0):
    return [
        np.concatenate([batch.items, batch.labels, batch.is_own.ravel(), batch.is_negative.ravel()])
        for batch in batches.epoch(epoch, start=start)
    ]


def mined(seed):
    candidates = np.random.default_rng(0).integers(12, size=(40, 5))
    return Batches(random_labels(1), batch_size=8, n_hard=2, seed=seed, candidates=candidates)


def test_batches_depend_on_seed_and_epoch_only():

    np.testing.assert_equal(flat(mined(3), 1), flat(mined(3), 1))
    items = [
        [batch.items.tolist() for batch in mined(seed).epoch(epoch)]
        for seed, epoch in ((3, 1), (3, 2), (4, 1))
    ]
    assert items[0] != items[1]
    assert items[0] != items[2]


def test_an_epoch_goes_on_from_any_batch():
    batches = mined(0)

    np.testing.assert_equal(flat(batches, 2, start=3), flat(batches, 2)[3:])
    assert len(flat(batches, 2)) == len(batches) > 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 1}, "batch_size must be at least 2"),
        ({"n_hard": -1}, "n_hard at least 0"),
        ({"parents": PARENTS[:3]}, r"parents has shape \(3,\)"),
        ({"ancestors": ANCESTORS[:3]}, "ancestors has shape"),
        ({"candidates": np.zeros((2, 0), dtype=int)}, "candidates has shape"),
        ({"candidates": np.array([[7], [0]])}, "between -1 and 6"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Batches(indicator([[3], [4]]), **{"batch_size": 2, **options})


def test_items_without_labels_are_no_training():
    with pytest.raises(ValueError, match="none of 2 items has a label"):
        Batches(indicator([[], []]), batch_size=2)
