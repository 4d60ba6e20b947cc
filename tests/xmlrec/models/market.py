"""The shop's categories with items that are not all easy, and models that are calibrated on them.

An item has three words, each by chance of its own category or of any other: the best model is often
unsure.
"""

from functools import cache

import numpy as np

from tests.xmlrec.models.shop import BRANDS, PATHS, WORDS, shop_taxonomy
from xmlrec.models import TaxonomyClassifier

N_ITEMS = 600


def market_items(n_items=N_ITEMS, seed=0, *, more_paths=0.0):
    """Return items of all categories; a share ``more_paths`` has a second one, and its words."""
    rng = np.random.default_rng(seed)
    label_ids, items = list(WORDS), []
    for number in range(n_items):
        own = [label_ids[at] for at in rng.permutation(len(label_ids))[:2]]
        own = own[: 2 if rng.random() < more_paths else 1]
        is_own = rng.random(3 * len(own)) < rng.choice([0.4, 0.7, 1.0])
        words = [
            rng.choice(WORDS[own[at % len(own)] if kept else rng.choice(label_ids)].split())
            for at, kept in enumerate(is_own)
        ]
        title = " ".join([BRANDS[number % len(BRANDS)], *words])
        items.append({"id": f"m{number}", "title": title, "paths": [PATHS[one] for one in own]})
    return items


def nonsense(n_items, seed=1):
    """Return items without a path; their words are of no category."""
    rng, words = np.random.default_rng(seed), ["zebra", "quark", "violin", "stapler", "glacier"]
    return [
        {"id": f"n{number}", "title": " ".join(rng.choice(words, 3)), "paths": []}
        for number in range(n_items)
    ]


@cache
def market(preset="fast", *, n_items=N_ITEMS, more_paths=0.0, n_nonsense=0):
    """Return a trained classifier; tests do not change it."""
    items = [*market_items(n_items, more_paths=more_paths), *nonsense(n_nonsense)]
    return TaxonomyClassifier(preset=preset).fit(items, shop_taxonomy())
