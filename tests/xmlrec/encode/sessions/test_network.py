import numpy as np
import pytest
import scipy.sparse as sp

from tests.xmlrec.encode.sessions.world import PARENTS, SMALL
from tests.xmlrec.encode.tiny import needs_torch

pytestmark = needs_torch


@pytest.fixture
def network():
    import torch

    from xmlrec.encode.sessions.network import SessionNetwork

    torch.manual_seed(0)
    is_seen = np.arange(6) != 4, np.arange(len(PARENTS)) != 1
    return SessionNetwork(6, 0, PARENTS, np.array([4, 5]), SMALL, is_seen=is_seen).eval()


def test_products_with_rows_are_those_of_the_whole_matrix():
    import torch

    from xmlrec.encode.sessions.network import SparseRows

    rng = np.random.default_rng(0)
    matrix = sp.random_array((9, 5), density=0.3, rng=rng, format="csr", dtype=np.float32)
    table = rng.normal(size=(5, 4)).astype(np.float32)
    rows = np.array([3, 0, 8, 3, 5])

    product = SparseRows(matrix).times(torch.from_numpy(table), torch.from_numpy(rows))
    none = SparseRows(sp.csr_array((2, 5))).times(torch.from_numpy(table), torch.tensor([1]))

    np.testing.assert_allclose(product, (matrix @ table)[rows], atol=1e-6)
    np.testing.assert_array_equal(none, np.zeros((1, 4)))


def test_what_training_has_not_seen_starts_at_zero_and_a_child_at_its_parent(network):
    import torch

    nodes = network.node_vectors(torch.arange(len(PARENTS))).detach().numpy()

    assert np.flatnonzero(~network.ids.weight.detach().numpy().any(axis=1)).tolist() == [4]
    assert np.flatnonzero(~nodes[:4].any(axis=1)).tolist() == [1]
    np.testing.assert_array_equal(nodes[4:], nodes[PARENTS[4:]])


def test_later_items_change_nothing_before_them(network):
    import torch

    torch.nn.init.normal_(network.blocks[0].bias)
    vectors = torch.randn(1, 5, SMALL.dim)
    others = torch.cat([vectors[:, :3], torch.randn(1, 2, SMALL.dim)], dim=1)

    before, after = (network.read(of).detach() for of in (vectors, others))

    np.testing.assert_allclose(before[:, :3], after[:, :3], atol=1e-6)
    assert not np.allclose(before[:, 3:], after[:, 3:], atol=1e-2)


def test_the_order_of_items_counts(network):
    import torch

    torch.nn.init.normal_(network.blocks[0].bias)
    vectors = torch.randn(1, 5, SMALL.dim)
    swapped = vectors[:, [1, 0, 2, 3, 4]]

    ends = [network.read(of)[:, -1].detach() for of in (vectors, swapped)]

    assert not np.allclose(*ends, atol=1e-3)


@pytest.mark.parametrize(("feed", "is_joint"), [("joint", True), ("stopped", False)])
def test_items_teach_categories_unless_stopped(feed, is_joint):
    import dataclasses

    import torch

    from xmlrec.encode.sessions.network import SessionNetwork

    settings = dataclasses.replace(SMALL, category_feed=feed)
    seen = np.ones(6, np.bool_), np.ones(len(PARENTS), np.bool_)
    network = SessionNetwork(6, 0, PARENTS, np.array([4, 6]), settings, is_seen=seen)
    torch.nn.init.normal_(network.feed.weight)

    queries, _ = network.answer(torch.randn(3, SMALL.dim), network.end_vectors())
    (queries @ torch.randn(SMALL.dim)).sum().backward()

    gradient = network.category.weight.grad
    assert (gradient is not None and bool(gradient.any())) == is_joint
