import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.models.shop import queries, shop_taxonomy
from xmlrec.recommend.path_finding import (
    MAX_PATHS,
    MIN_PROBABILITY,
    carried_over,
    find_paths,
    predicted_paths,
)
from xmlrec.taxonomy import Node, Taxonomy


def test_predicted_paths_are_few_and_likely(classifier):
    items = [item if isinstance(item, dict) else {"title": item} for item in queries()]
    P = predicted_paths(items, classifier)

    assert P.shape == (len(items), len(classifier.taxonomy_))
    assert 1 < np.diff(P.indptr).max() <= MAX_PATHS
    assert P.data.min() >= MIN_PROBABILITY
    labels, all_P = classifier.probabilities(items, 20)
    wanted = (all_P >= MIN_PROBABILITY).sum(axis=1).clip(max=MAX_PATHS)
    np.testing.assert_array_equal(np.diff(P.indptr), wanted)
    for row in np.flatnonzero(wanted).tolist():
        assert P[row, labels[row, 0]] == all_P[row, 0]


def test_refused_and_added_paths_are_named():
    nodes = [Node("1", "Home"), Node("2", "Home"), Node("3", "Garden")]
    taxonomy = Taxonomy.from_nodes(nodes, source="shop.csv")
    found = find_paths([{"paths": [["Home"], ["Garden", "Hoses"]]}], taxonomy)

    assert found.added == ("Garden > Hoses",)
    ((number, text, refusal),) = found.refused
    assert (number, text, refusal.code) == (0, "Home", "AMBIGUOUS_PATH")
    assert found.P.toarray().tolist() == [[0, 0, 0, 1]]


def test_predictions_are_carried_over_by_path_to_another_taxonomy():
    source = shop_taxonomy()
    target = Taxonomy.from_nodes(
        [Node("x", "Kitchen"), Node("y", "Kettles", ("x",)), Node("z", "Home")], source="b.csv"
    )
    P = np.zeros((2, len(source)), dtype=np.float32)
    P[0, [source.column("6"), source.column("2")]] = 0.75, 0.25
    taxonomy, carried, added = carried_over(sp.csr_array(P), source, target)

    assert added == ("Shoes", "Shoes > Boots")
    assert taxonomy.ids[:3] == target.ids
    rows, columns = carried.nonzero()
    found = {taxonomy.path_text(column): carried[0, column] for column in columns.tolist()}
    assert found == {"Kitchen > Kettles": 0.75, "Shoes > Boots": 0.25}
    assert set(rows.tolist()) == {0}


def test_predictions_stay_where_the_other_taxonomy_only_goes_on():
    source = shop_taxonomy()
    target = source.with_nodes([Node("new", "Boots", ("9",))])
    P = sp.csr_array(np.eye(1, len(source), dtype=np.float32))
    taxonomy, carried, added = carried_over(P, source, target)

    assert taxonomy is target
    assert added == ()
    assert carried.toarray().tolist() == [[1] + [0] * len(source)]


def test_probabilities_are_those_of_classify(classifier):
    texts = queries()
    labels, P = classifier.probabilities(texts, 4)
    rows = classifier.classify(texts, 4)

    assert labels.shape == P.shape == (len(texts), 4)
    assert labels.dtype == np.int32
    assert P.dtype == np.float32
    n_checked = 0
    for row, of_labels, of_P in zip(rows, labels.tolist(), P.tolist(), strict=True):
        given = [*row["paths"], *row["alternatives"]]
        known = [label for label in of_labels if label >= 0]
        assert [path["category_id"] for path in given] == [
            classifier.taxonomy_.ids[label] for label in known
        ]
        assert [path["confidence"] for path in given] == pytest.approx(of_P[: len(known)], abs=5e-5)
        assert of_P[len(known) :] == [0] * (4 - len(known))
        n_checked += len(known)
    assert n_checked > len(texts)
