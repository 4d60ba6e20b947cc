import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.metrics import path_reference
from tests.xmlrec.metrics.cases import random_case
from xmlrec.metrics.paths import path_matrix, primary_paths


@given(seed=st.integers(0, 10_000))
def test_row_of_a_node_holds_its_primary_path(seed):
    case = random_case(seed)
    n_nodes = len(case.parents)

    matrix = path_matrix(primary_paths(**case.tree, n_nodes=n_nodes)).toarray()

    for node in range(n_nodes):
        assert set(np.flatnonzero(matrix[node])) == set(path_reference(node, case.parents))
