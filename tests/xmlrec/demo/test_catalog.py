from collections import Counter

import pytest

from tests.xmlrec.demo.test_vocabulary import leaf_paths, paths
from xmlrec.demo import make_catalog


def first_paths(products) -> Counter[tuple[str, ...]]:
    return Counter(tuple(product["paths"][0]) for product in products)


def test_same_seed_gives_the_same_products_and_another_seed_others():
    assert make_catalog(400) == make_catalog(400)
    assert make_catalog(400) != make_catalog(400, seed=1)


def test_catalog_has_6000_products_with_ids_of_their_own(catalog):
    assert len({product["id"] for product in catalog}) == len(catalog) == 6000


def test_ids_of_two_seeds_do_not_meet(catalog):
    others = make_catalog(500, seed=1)
    assert {product["id"] for product in catalog}.isdisjoint(product["id"] for product in others)


def test_every_leaf_has_at_least_six_products(catalog):
    counts = first_paths(catalog)
    assert min(counts[path] for path in leaf_paths()) >= 6


def test_category_sizes_are_skewed_like_zipf(catalog):
    counts = sorted(first_paths(catalog).values(), reverse=True)
    assert counts[0] > 10 * counts[len(counts) // 2]
    assert sum(counts[:33]) > 0.3 * sum(counts)  # a tenth of the leaves


def test_popular_categories_are_the_same_for_every_seed(catalog):
    top = [path for path, _ in first_paths(catalog).most_common(5)]
    assert top == [path for path, _ in first_paths(make_catalog(4500, seed=7)).most_common(5)]


def test_every_path_of_every_product_is_in_the_taxonomy(catalog):
    known = set(paths().values())
    assert all(tuple(path) in known for product in catalog for path in product["paths"])


def test_some_products_have_two_paths_and_some_an_inner_node(catalog):
    leaves = leaf_paths()
    n_inner = sum(tuple(product["paths"][0]) not in leaves for product in catalog)
    n_two = sum(len(product["paths"]) == 2 for product in catalog)

    assert n_inner == 90  # 1.5 % of 6,000
    assert 100 <= n_two <= 300


def test_titles_vary(catalog):
    assert len({product["title"] for product in catalog}) > 5500


def test_six_products_a_leaf_are_kept_down_to_4100():
    counts = first_paths(make_catalog(4100))
    assert min(counts[path] for path in leaf_paths()) >= 6


@pytest.mark.parametrize("n", [0, 1, 400])
def test_small_catalogs_have_exactly_the_size_asked_for(n):
    assert len(make_catalog(n)) == n
