import gzip

import numpy as np
import pytest
import scipy.sparse as sp

from bench.datasets import DataMissingError, TextSet, load_text_set, plain_tfidf, read_xc
from bench.trainers import write_xc


def test_what_the_peers_read_is_what_was_written(tmp_path):
    X = sp.csr_array(np.array([[0, 0.5, 0], [0.25, 0, 1], [0, 0, 0]], dtype=np.float32))
    Y = sp.csr_array(np.array([[1, 1], [0, 0], [0, 1]], dtype=np.float32))  # a row has no label
    write_xc(tmp_path / "plain.txt", X, Y)
    packed = tmp_path / "packed.txt.gz"
    packed.write_bytes(gzip.compress((tmp_path / "plain.txt").read_bytes()))

    X_read, Y_read = read_xc(packed)

    np.testing.assert_array_equal(X_read.toarray(), X.toarray())
    np.testing.assert_array_equal(Y_read.toarray(), Y.toarray())


def test_labels_of_test_rows_only_come_after_the_trained_ones():
    texts = TextSet(
        "tiny",
        train=[row("red", ["B"], ["A", "C"]), row("blue", ["B"])],
        test=[row("red", ["A"]), row("green", ["B"])],
    )

    problem = plain_tfidf(texts)

    np.testing.assert_array_equal(problem.Y.toarray(), [[1, 1], [0, 1]])  # A > C, B
    np.testing.assert_array_equal(problem.Y_test.toarray(), [[0, 0, 1], [0, 1, 0]])
    assert problem.X_test[[1]].nnz == 0


def test_digest_does_not_see_the_truth_of_the_test_rows():
    train = [row("red", ["A"]), row("blue", ["B"])]
    one, other, third = (
        plain_tfidf(TextSet("tiny", train, [row(text, path)]))
        for text, path in (("red", ["A"]), ("red", ["B"]), ("blue", ["A"]))
    )

    assert one.digest == other.digest != third.digest


def test_missing_data_set_says_where_it_was_sought(monkeypatch, tmp_path):
    monkeypatch.setenv("XMLREC_DATA", str(tmp_path))

    with pytest.raises(DataMissingError, match=rf"mwpd: no {tmp_path}.*XMLREC_DATA"):
        load_text_set("mwpd")


def row(title, *paths):
    return {"title": title, "description": "", "paths": list(paths)}
