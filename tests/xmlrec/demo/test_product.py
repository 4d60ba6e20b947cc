from random import Random

from xmlrec.demo.product import write_bundle, write_product
from xmlrec.demo.vocabulary import Leaf, read_leaves, read_phrases

PHRASES = read_phrases()
LEAVES = {leaf.path: leaf for leaf in read_leaves()}
MICE = LEAVES["Electronics", "Computers", "Input Devices", "Mice"]
KEYBOARDS = LEAVES["Electronics", "Computers", "Input Devices", "Keyboards"]
CRIME = LEAVES["Books & Office", "Books", "Fiction", "Crime & Thrillers"]


def many_products(leaf: Leaf, n: int = 300):
    rng = Random(1)
    return [write_product(leaf, PHRASES, rng, neighbors=[KEYBOARDS]) for _ in range(n)]


def test_gaming_mouse_is_filed_under_computers_and_under_gaming():
    gaming = ["Toys & Games", "Video Gaming", "PC Gaming Gear"]
    named = [row for row in many_products(MICE) if "gaming mouse" in row["title"].lower()]

    assert len(named) > 20
    assert all(row["paths"] == [list(MICE.path), gaming] for row in named)


def test_other_mice_have_one_path():
    named = [row for row in many_products(MICE) if "trackball" in row["title"].lower()]

    assert len(named) > 20
    assert all(row["paths"] == [list(MICE.path)] for row in named)


def test_bundle_of_siblings_is_filed_under_their_parent():
    row = write_bundle(MICE, KEYBOARDS, PHRASES, Random(0))

    assert row["paths"] == [["Electronics", "Computers", "Input Devices"]]
    assert any(noun in row["title"].lower() for noun in MICE.nouns)
    assert any(noun in row["title"].lower() for noun in KEYBOARDS.nouns)


def test_no_kind_or_use_repeats_a_word_of_the_noun():
    titles = [row["title"].lower() for row in many_products(MICE)]

    assert any("wireless mouse" in title for title in titles)
    assert not any("wireless wireless" in title for title in titles)


def test_a_book_keeps_its_author():
    authors: dict[str, set[str]] = {}
    for row in many_products(CRIME):
        for name in CRIME.lines:
            if name in row["title"] and row["brand"]:
                authors.setdefault(name, set()).add(row["brand"])

    assert len(authors) == len(CRIME.lines)
    assert all(len(brands) == 1 for brands in authors.values())


def test_prices_stay_within_the_range_of_the_leaf():
    low, high = MICE.price
    prices = [row["price"] for row in many_products(MICE) if "price" in row]

    assert low <= min(prices) < max(prices) < high + 1
    assert all(price == round(price, 2) for price in prices)


def test_every_leaf_gives_products_without_holes():
    for leaf in LEAVES.values():
        for row in many_products(leaf, n=8):
            text = f"{row['title']} {row['description']}"
            assert row["title"] == row["title"].strip() != ""
            assert [hole for hole in ("{", "  ", " ,", "()") if hole in text] == []
