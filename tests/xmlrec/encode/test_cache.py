"""Cached vectors: read again, made again when damaged, never mixed up."""

import logging

import numpy as np
import pytest

from tests.xmlrec.encode.cases import small_encoder
from xmlrec.encode import cached_encode
from xmlrec.encode.cache import texts_digest

TEXTS = ["red shoes", "", "garden hose", "lone \ud800"]


class CountingEncoder:
    """An encoder that counts its calls."""

    def __init__(self, seed=0):
        self.inner = small_encoder(seed=seed)
        self.name, self.dim, self.digest = "counting", self.inner.dim, self.inner.digest
        self.n_calls = 0

    def encode(self, texts, *, n_threads=None):
        self.n_calls += 1
        return self.inner.encode(texts, n_threads=n_threads)


def test_texts_are_encoded_once(tmp_path):
    encoder = CountingEncoder()
    first = cached_encode(encoder, TEXTS, tmp_path / "cache")
    again = cached_encode(encoder, TEXTS, tmp_path / "cache")

    assert encoder.n_calls == 1
    assert first.tobytes() == again.tobytes() == encoder.inner.encode(TEXTS).tobytes()
    assert (again.dtype, again.shape) == (np.float32, (4, encoder.dim))


def test_no_texts_are_cached_too(tmp_path):
    encoder = CountingEncoder()

    assert cached_encode(encoder, [], tmp_path).shape == (0, 5)
    assert cached_encode(encoder, [], tmp_path).shape == (0, 5)
    assert encoder.n_calls == 1


def test_another_encoder_has_another_file(tmp_path):
    cached_encode(CountingEncoder(), TEXTS, tmp_path)
    other = CountingEncoder(seed=1)

    assert cached_encode(other, TEXTS, tmp_path).tobytes() == other.inner.encode(TEXTS).tobytes()
    assert (other.n_calls, len(list(tmp_path.iterdir()))) == (1, 2)


@pytest.mark.parametrize("others", [["ab", "c"], ["a", "bc", ""], ["a\ufffdb", "c"]])
def test_texts_that_join_alike_have_their_own_digest(others):
    assert texts_digest(["a", "bc"]) != texts_digest(others)


@pytest.mark.parametrize("where", [0, 9, -40, -1])
def test_a_changed_byte_is_found_and_the_file_made_again(tmp_path, where, caplog):
    encoder = CountingEncoder()
    expected = cached_encode(encoder, TEXTS, tmp_path)
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(content)

    assert cached_encode(encoder, TEXTS, tmp_path).tobytes() == expected.tobytes()
    assert "damaged" in caplog.text
    assert cached_encode(encoder, TEXTS, tmp_path).tobytes() == expected.tobytes()
    assert encoder.n_calls == 2


@pytest.mark.parametrize("n_bytes", [0, 10, 100])
def test_a_cut_file_is_made_again(tmp_path, n_bytes):
    encoder = CountingEncoder()
    expected = cached_encode(encoder, TEXTS, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:n_bytes])

    assert cached_encode(encoder, TEXTS, tmp_path).tobytes() == expected.tobytes()
    assert encoder.n_calls == 2


def test_a_folder_that_cannot_be_made_costs_a_warning_only(tmp_path, caplog):
    (tmp_path / "file").touch()
    encoder = CountingEncoder()
    with caplog.at_level(logging.WARNING):
        rows = cached_encode(encoder, TEXTS, tmp_path / "file" / "cache")

    assert rows.tobytes() == encoder.inner.encode(TEXTS).tobytes()
    assert "not kept" in caplog.text


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    cached_encode(CountingEncoder(), TEXTS, tmp_path)

    assert list(tmp_path.iterdir()) == []
