"""The whole catalog: how many products each category has, and which are dirty or bundled."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

from xmlrec.demo.dirt import soil
from xmlrec.demo.product import Product, write_bundle, write_product
from xmlrec.demo.vocabulary import Leaf, read_leaves, read_phrases

BUNDLE_SHARE = 0.015
FEWEST_PER_LEAF = 6
_ZIPF_EXPONENT, _ZIPF_SHIFT = 0.9, 4


def make_catalog(n: int = 6000, seed: int = 0) -> list[Product]:
    """Make ``n`` products, the same for the same seed.

    Category sizes follow Zipf's law with at least 6 products in every leaf (fewer where ``n`` is
    below 4,100); the popular categories are the same for every seed. 1.5 % of the products are
    bundles that belong to an inner node, about 2 % belong to two leaves.

    Returns
    -------
    list of Product
        In random order; ids are unique within a seed and differ between seeds.
    """
    rng = Random(seed)
    leaves, phrases = read_leaves(), read_phrases()
    branches = _group(leaves, end=2)
    families = _group(leaves, end=-1)
    siblings = [family for family in families.values() if len(family) > 1]
    n_bundles = int(BUNDLE_SHARE * n)
    products = [
        write_product(leaf, phrases, rng, neighbors=branches[leaf.path[:2]])
        for leaf, size in zip(leaves, _zipf_sizes(len(leaves), n - n_bundles), strict=True)
        for _ in range(size)
    ]
    for _ in range(n_bundles):
        first, second = rng.sample(rng.choice(siblings), 2)
        products.append(write_bundle(first, second, phrases, rng))
    rng.shuffle(products)
    for number, product in enumerate(products):
        product["id"] = f"{seed:02d}-{number:05d}"
        soil(product, phrases, rng)
    return products


def _group(leaves: Sequence[Leaf], *, end: int) -> dict[tuple[str, ...], list[Leaf]]:
    """Group leaves by the first names of their paths, up to ``end``."""
    groups: dict[tuple[str, ...], list[Leaf]] = defaultdict(list)
    for leaf in leaves:
        groups[leaf.path[:end]].append(leaf)
    return groups


def _zipf_sizes(n_leaves: int, n: int) -> list[int]:
    """Share ``n`` products out: the same floor for every leaf, the rest by popularity."""
    floor = min(FEWEST_PER_LEAF, n // (2 * n_leaves))
    ranks = list(range(n_leaves))
    Random("popularity").shuffle(ranks)
    weights = [(rank + _ZIPF_SHIFT) ** -_ZIPF_EXPONENT for rank in ranks]
    spread, total = n - floor * n_leaves, sum(weights)
    sizes = [floor + int(spread * weight / total) for weight in weights]
    for leaf in sorted(range(n_leaves), key=lambda leaf: ranks[leaf])[: n - sum(sizes)]:
        sizes[leaf] += 1
    return sizes
