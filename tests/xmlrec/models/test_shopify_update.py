"""A model of the Shopify taxonomy, as large as real ones are: what changes cost."""

import random
import time

import numpy as np
import pytest

from tests.data_sets import data_file
from xmlrec.models import TaxonomyClassifier
from xmlrec.taxonomy import read_taxonomy

pytestmark = pytest.mark.slow

WORDS = ("red", "large", "steel", "wooden", "mini", "classic", "soft", "outdoor")


@pytest.fixture(scope="module", params=["fast", "balanced"])
def folder(request, tmp_path_factory):
    """A model trained on two made-up items for each leaf of the release of 2025-03."""
    taxonomy = read_taxonomy(data_file("shopify/versions/full_names.2025-03.yml.gz"))
    rng = random.Random(0)
    rows = [
        {
            "title": f"{rng.choice(WORDS)} {taxonomy.names[column]}",
            "paths": [[taxonomy.ids[column]]],
        }
        for column in np.flatnonzero(taxonomy.is_leaf).tolist()
        for _ in range(2)
    ]
    folder = tmp_path_factory.mktemp("shopify") / request.param
    TaxonomyClassifier(preset=request.param, text=("title",)).fit(rows, taxonomy).save(folder)
    return folder


def test_a_category_is_added_and_used_by_an_open_process_within_a_second_each(folder):
    writer, reader = TaxonomyClassifier.load(folder), TaxonomyClassifier.load(folder)
    writer.classify(["kettle"]), reader.classify(["kettle"])

    start = time.process_time()
    label_id = writer.add_category("Home & Garden > Axolotl Hats")
    added = time.process_time()
    reader.reload()
    (row,) = reader.classify(["tiny axolotl hats"])
    used = time.process_time()

    found = [path["category_id"] for path in row["paths"] + row["alternatives"]]
    assert label_id in found
    assert added - start < 1
    assert used - added < 1


def test_an_update_takes_seconds_and_every_old_id_resolves(folder):
    model = TaxonomyClassifier.load(folder)
    old_ids, n_own = model.taxonomy_.ids, len(model.log())
    new = read_taxonomy(data_file("shopify/versions/ids.2026-01.csv"))

    start = time.process_time()
    version = model.update_taxonomy(new)
    again = TaxonomyClassifier.load(folder)
    seconds = time.process_time() - start

    assert version.text == "update to ids.2026-01.csv: 8 renamed, 1,778 added, 1 removed"
    taxonomy = again.taxonomy_
    gone = [i for i in old_ids if not taxonomy.successors(taxonomy.column(i))]
    assert gone == ["hb-2-2-3"]
    assert taxonomy.is_active.sum() == 12_372 + n_own  # what was added by hand stays
    assert seconds < 10
    (row,) = again.classify(["classic ong choy"], 1)
    assert row["paths"][0]["category_id"] == "fb-2-10-8-26-9"
