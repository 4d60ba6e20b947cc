"""Who answers a catalog: this machine, a Dask cluster, or shards of it."""

import pytest

from tests.xmlrec.models.shop import shop_items


def categorize(xmlrec, model, *options, out="out.jsonl"):
    return xmlrec("categorize", "shop.csv", "--model", model, "--out", out, *options)


def test_a_cluster_of_this_machine_gives_the_same_and_says_no_more(xmlrec, shop, model):
    pytest.importorskip("distributed", reason="needs the extra dask")
    alone = categorize(xmlrec, model, out="alone.jsonl")
    on_dask = categorize(xmlrec, model, "--engine", "dask")

    assert on_dask.code == 0
    assert on_dask.err == alone.err.replace("alone.jsonl", "out.jsonl")
    assert (shop / "out.jsonl").read_bytes() == (shop / "alone.jsonl").read_bytes()


def test_a_scheduler_is_one_of_dask(xmlrec, shop, model):
    line = categorize(xmlrec, model, "--scheduler", "tcp://127.0.0.1:8786").refused(2)
    assert line == "error: --scheduler: it belongs to a Dask cluster; say --engine dask too"


def test_shards_and_then_the_whole(xmlrec, shop, model):
    n_rows = len(shop_items())
    first = categorize(xmlrec, model, "--shard", "1/2")
    second = categorize(xmlrec, model, "--shard", "2/2")
    assert not (shop / "out.jsonl").exists()
    whole = categorize(xmlrec, model)

    assert (first.code, second.code, whole.code) == (0, 0, 0)
    assert first.err.startswith(f"out.jsonl, shard 1-of-2: {n_rows} rows")
    assert second.err.startswith("out.jsonl, shard 2-of-2: 0 rows")
    assert len((shop / "out.jsonl").read_text().splitlines()) == n_rows


@pytest.mark.parametrize(
    ("out", "options", "line"),
    [
        ("-", [], "--shard: shards leave their parts beside a file, not '-'; name a file with"),
        ("out.jsonl", ["--restart"], "--restart: one shard cannot do away with the others'"),
        ("out.jsonl", ["--shard", "3/2"], "--shard: '3/2' is no share; say 1/8 to 8/8"),
    ],
)
def test_what_does_not_go_with_a_shard_is_a_usage_error(xmlrec, shop, model, out, options, line):
    result = categorize(xmlrec, model, "--shard", "1/2", *options, out=out)
    assert result.refused(2).startswith(f"error: {line}")
