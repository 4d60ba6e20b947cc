import numpy as np

from xmlrec.recommend.content import FADING, N_EVENTS, N_LIKE, Content, fading
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.sessions import Sessions

ITEMS = ItemTable.from_items(
    [
        {"id": "kettle", "title": "red kettle", "brand": "Acme"},
        {"id": "pot", "title": "red pot"},
        {"id": "hose", "description": "garden hose"},
        {"id": "bare", "price": 3},
    ]
)


def unit(rows):
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1)


def test_a_session_is_like_items_by_the_cosine_with_its_faded_items():
    content = Content.of(ITEMS)
    X = content.X.toarray().astype(float)

    found = content.evidence(Sessions.of([[2, 0], [3], [], [0, 0]]))

    profiles = np.array([X[0] + FADING * X[2], X[3], 0 * X[0], X[0]])
    np.testing.assert_allclose(found.toarray(), unit(profiles) @ X.T, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), [1, 1, 1, 0], rtol=1e-6)
    assert 0 < found[0, 1] < found[0, 2] < found[0, 0]  # a common word, the faded item, the last
    assert found[0, 3] == 0


def test_the_last_events_fade():
    counts = fading(Sessions.of([[1, 0, 1], [], [2] * (N_EVENTS + 5)]), 3).toarray()

    np.testing.assert_allclose(counts[0], [FADING, 1 + FADING**2, 0])
    np.testing.assert_array_equal(counts[1], 0)
    np.testing.assert_allclose(counts[2, 2], sum(FADING**age for age in range(N_EVENTS)))


def test_the_items_most_like_a_session_are_kept_of_equal_ones_the_first():
    items = [{"id": str(item), "title": "same words"} for item in range(N_LIKE + 30)]
    items.append({"id": "other", "title": "same"})

    found = Content.of(ItemTable.from_items(items)).evidence(Sessions.of([[N_LIKE + 20]]))

    np.testing.assert_array_equal(found.indices, np.arange(N_LIKE))
    np.testing.assert_allclose(found.data, 1, rtol=1e-6)


def test_new_items_have_the_features_of_known_words():
    content = Content.of(ITEMS)

    extended = content.extended([{"title": "red kettle", "brand": "Acme"}, {"title": "unheard"}])

    np.testing.assert_array_equal(extended.X[[4]].toarray(), content.X[[0]].toarray())
    assert extended.X[[5]].nnz == 0
    assert content.X.shape[0] == 4
    assert extended.evidence(Sessions.of([[0]]))[0, 4] > 0.999


def test_items_without_words_have_no_content():
    for fields in ({}, {"price": 3}, {"title": "!!"}):
        assert Content.of(ItemTable.from_items([{"id": "a", **fields}])) is None


def test_no_session_has_no_evidence():
    assert Content.of(ITEMS).evidence(Sessions.of([])).shape == (0, 4)
