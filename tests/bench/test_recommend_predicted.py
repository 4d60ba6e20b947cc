import numpy as np
import pytest
import scipy.sparse as sp

from bench.recommend_predicted import Predicted, cross_fitted
from bench.recommend_sets import EventSet, last_left_out
from bench.recommend_variants import item_table


def test_precision_is_of_the_likeliest_path_of_items_that_have_one():
    truth = sp.csr_array(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=np.float32))
    P = np.array([[0, 0.6, 0.3], [0.7, 0.2, 0], [0, 0, 0], [0, 0.9, 0]], dtype=np.float32)

    predicted = Predicted(sp.csr_array(P))

    assert predicted.precision(truth) == pytest.approx(100 / 3)
    expected = [[0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]]
    np.testing.assert_array_equal(predicted.likeliest().toarray(), expected)


@pytest.mark.slow
def test_predictions_stand_in_the_rows_of_their_items():
    rows = [
        {"id": f"i{item}", "title": word, "brand": "", "paths": [["All", word]]}
        for item, word in enumerate(["saw", "rose", "lamp"] * 20)
    ]
    split = last_left_out([[(0, ""), (1, "")]])
    tools = EventSet("tiny", tuple(row["id"] for row in rows), rows, split, split, True)
    items = item_table(tools, [[tuple(row["paths"][0])] for row in rows], with_texts=True)

    P = cross_fitted(tools, items.taxonomy)

    assert Predicted(P).precision(items.P) == 100
