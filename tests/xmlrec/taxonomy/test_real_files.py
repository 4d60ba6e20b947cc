"""The real files that the readers are for."""

import gzip
import json
import time
from collections import Counter

import pytest

from tests.data_sets import data_file
from xmlrec.errors import TaxonomyError
from xmlrec.taxonomy import extend_with_paths, lint_file, read_taxonomy, write_taxonomy
from xmlrec.taxonomy.change_files import read_mapping
from xmlrec.taxonomy.change_sets import Update, replay
from xmlrec.taxonomy.releases import diff_releases
from xmlrec.taxonomy.state import TaxonomyState

pytestmark = pytest.mark.slow

SIZES = {
    "gpc/taxonomy.csv": (6_073, 4),
    "tate/taxonomy.csv": (16_632, 3),
    "onet-tasks/taxonomy.csv": (2_456, 3),
    "onet-unspsc/taxonomy.csv": (5_299, 4),
    "off/categories.full.json.gz": (12_651, 10),
    "google/taxonomy-with-ids.en-US.txt": (5_582, 7),
    "google/taxonomy-with-ids.de-DE.txt": (5_427, 7),
    "google/taxonomy-with-ids.fr-FR.txt": (5_427, 7),
    "google/taxonomy-with-ids.ja-JP.txt": (5_442, 7),
    "shopify/categories.2025-08.en.txt": (10_595, 8),
    "shopify/categories.2025-08.de.txt": (10_595, 8),
    "shopify/categories.2025-08.fr.txt": (10_595, 8),
    "shopify/categories.2025-08.ja.txt": (10_595, 8),
    "shopify/versions/full_names.2024-07.yml.gz": (10_281, 8),
    "shopify/versions/full_names.2024-10.yml.gz": (10_365, 8),
    "shopify/versions/full_names.2025-03.yml.gz": (10_595, 8),
    "shopify/versions/ids.2026-01.csv": (12_372, 8),
}


@pytest.mark.parametrize("name", SIZES)
def test_a_real_file_is_read_whole_and_written_again(name, tmp_path):
    taxonomy = read_taxonomy(data_file(name))
    write_taxonomy(taxonomy, tmp_path / "taxonomy.jsonl")

    assert (len(taxonomy), taxonomy.depths.max()) == SIZES[name]
    assert read_taxonomy(tmp_path / "taxonomy.jsonl") == taxonomy


@pytest.mark.parametrize("language", ["en", "de", "fr", "ja"])
def test_parents_by_path_are_those_of_the_shopify_ids(language):
    taxonomy = read_taxonomy(data_file(f"shopify/categories.2025-08.{language}.txt"))
    for node in taxonomy:
        assert "".join(node.parents) == node.id.rpartition("-")[0]


def test_open_food_facts_is_a_dag():
    taxonomy = read_taxonomy(data_file("off/categories.full.json.gz"))
    assert sum(len(taxonomy.parents(column)) > 1 for column in range(len(taxonomy))) == 1_982


def test_the_three_paths_of_2022_without_a_parent_are_orphans():
    path = data_file("shopify/versions/full_names.2022-02.yml.gz")
    with pytest.raises(TaxonomyError) as caught:
        read_taxonomy(path)
    assert len(caught.value.problems) == 3
    assert len(read_taxonomy(path, strict=False)) == 5_595 + 1


@pytest.mark.parametrize(("name", "n_groups"), [("gpc", 177), ("tate", 22)])
def test_siblings_that_share_a_name_are_warnings(name, n_groups):
    counts = Counter((p.severity, p.code) for p in lint_file(data_file(f"{name}/taxonomy.csv")))
    assert counts["warning", "duplicate_siblings"] == n_groups
    assert counts["error", "duplicate_siblings"] == 0


def rows_of(name):
    for part in ("train", "valid", "test"):
        if (name, part) == ("mwpd", "valid") or part != "valid":
            with gzip.open(data_file(f"{name}/{part}.jsonl.gz"), "rt", encoding="utf-8") as rows:
                yield from map(json.loads, rows)


@pytest.mark.parametrize(
    ("name", "taxonomy_name", "n_unknown", "n_ambiguous", "n_added"),
    [
        ("mwpd", "gpc", 310 + 88 + 119, 0, 15),  # 11 classes, 3 families and a segment
        ("tate", "tate", 0, 58, 0),
        ("onet-tasks", "onet-tasks", 0, 0, 0),
        ("onet-unspsc", "onet-unspsc", 0, 0, 0),
    ],
)
def test_the_paths_of_real_rows_resolve(name, taxonomy_name, n_unknown, n_ambiguous, n_added):
    taxonomy = read_taxonomy(data_file(f"{taxonomy_name}/taxonomy.csv"))
    paths = [path for row in rows_of(name) for path in row["paths"]]

    strict = extend_with_paths(taxonomy, paths, strict=True)
    resolved = extend_with_paths(taxonomy, paths)

    codes = Counter(refusal.code for refusal in strict.refused.values())
    assert (codes["UNKNOWN_PATH"], codes["AMBIGUOUS_PATH"]) == (n_unknown, n_ambiguous)
    assert len(resolved.added) == n_added
    assert len(resolved.refused) == n_ambiguous
    assert (resolved.columns < 0).sum() == n_ambiguous


def release(version):
    names = {"2025-08": "categories.2025-08.en.txt", "2026-01": "versions/ids.2026-01.csv"}
    name = names.get(version, f"versions/full_names.{version}.yml.gz")
    return read_taxonomy(data_file(f"shopify/{name}"))


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("2025-03", "2026-01", {"added": 1_778, "renamed": 8, "removed": 1}),
        ("2025-03", "2025-08", {}),
    ],
)
def test_releases_of_shopify_differ_as_known(old, new, counts):
    old, new = release(old), release(new)

    changes = diff_releases(old, new)
    state = replay(TaxonomyState(old), [Update("new", tuple(changes))])

    assert Counter(change.done for change in changes) == counts
    assert diff_releases(state.taxonomy, new) == []
    assert state.taxonomy.ids[: len(old)] == old.ids


def test_with_the_mapping_of_shopify_no_category_is_lost():
    old, new = release("2024-10"), release("2025-08")
    path = data_file("shopify/versions/shopify_2024-10_to_shopify_2025-08.txt.gz")

    targets, unknown = read_mapping(path, old, new)
    changes = diff_releases(old, new, targets)
    state = replay(TaxonomyState(old), [Update("new", tuple(changes))])

    assert (len(targets), unknown) == (50, [])
    assert Counter(change.done for change in changes) == {"added": 280, "renamed": 2, "merged": 50}
    assert all(state.taxonomy.successors(column) for column in range(len(old)))


def test_an_update_in_another_language_or_to_another_taxonomy_is_complete():
    english = release("2025-08")
    german = read_taxonomy(data_file("shopify/categories.2025-08.de.txt"))
    google = read_taxonomy(data_file("google/taxonomy-with-ids.en-US.txt"))

    assert {change.done for change in diff_releases(english, german)} == {"renamed"}
    changes = diff_releases(google, english)
    state = replay(TaxonomyState(google), [Update("new", tuple(changes))])
    assert diff_releases(state.taxonomy, english) == []
    assert state.taxonomy.is_active.sum() == len(english)


def test_a_million_categories_are_read_and_linted_within_a_minute(tmp_path):
    n_nodes = 1_000_000
    path = tmp_path / "big.csv"
    with path.open("w") as file:
        file.write("id,parent_id,name\n")
        for i in range(n_nodes):
            parent = f"N{(i - 20) // 8}" if i >= 20 else ""
            file.write(f"N{i},{parent},category number {i}\n")

    start = time.process_time()  # one thread; other work on the machine does not count
    taxonomy = read_taxonomy(path)
    problems = lint_file(path)
    matrix = taxonomy.ancestor_matrix()
    seconds = time.process_time() - start

    assert len(taxonomy) == n_nodes
    assert problems == []
    assert matrix.nnz == taxonomy.depths.sum()
    assert seconds < 60
