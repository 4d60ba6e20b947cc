"""The static encoder: sums of token vectors, the same bytes always, saved and found damaged."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.encode import encode_rows_reference
from tests.xmlrec.encode.cases import PIECES, small_encoder
from xmlrec.encode import StaticEncoder, Tokens, WordPieces
from xmlrec.encode.static import RUN_ROWS

TEXTS = ["red shoes", "", "garden hose - red", "unknown", "b", "a b", "日"]


@settings(deadline=None)
@given(
    seed=st.integers(0, 10_000),
    lengths=st.lists(st.integers(0, 5), max_size=6),
    dim=st.integers(1, 9),
)
def test_rows_match_the_reference(seed, lengths, dim):
    rng = np.random.default_rng(seed)
    few_values = rng.integers(-2, 3, size=(len(PIECES), dim)).astype(np.float32) / 3  # zero sums
    encoder = StaticEncoder(WordPieces(PIECES), few_values)
    indptr = np.cumsum([0, *lengths], dtype=np.int64)
    tokens = rng.integers(0, len(PIECES), size=indptr[-1]).astype(np.int32)

    rows = encoder.encode_tokens(Tokens(indptr, tokens))

    np.testing.assert_array_equal(rows, encode_rows_reference(indptr, tokens, few_values))


def test_rows_have_unit_length_and_texts_that_say_nothing_are_zero():
    rows = small_encoder().encode(TEXTS)

    assert rows.dtype == np.float32
    np.testing.assert_allclose(
        np.linalg.norm(rows, axis=1), [1, 0, 1, 0, 1, 0, 1], rtol=0, atol=1e-6
    )


def test_no_texts_make_no_rows():
    assert small_encoder(dim=3).encode([]).shape == (0, 3)


def test_bytes_do_not_depend_on_batch_order_or_threads():
    encoder = small_encoder(dim=7)
    texts = [f"{TEXTS[number % 7]} {'ab ' * (number % 5)}" for number in range(2 * RUN_ROWS + 5)]
    rows = encoder.encode(texts, n_threads=1)

    assert encoder.encode(texts, n_threads=3).tobytes() == rows.tobytes()
    assert encoder.encode(texts[::-1])[::-1].tobytes() == rows.tobytes()
    assert encoder.encode(texts[6:9]).tobytes() == rows[6:9].tobytes()


def test_encoding_tokens_is_encoding_texts():
    encoder = small_encoder()

    assert (
        encoder.encode_tokens(encoder.tokenize(TEXTS)).tobytes() == encoder.encode(TEXTS).tobytes()
    )


@pytest.mark.parametrize("token", [-1, len(PIECES)])
def test_a_token_without_vector_is_refused(token):
    tokens = Tokens(np.array([0, 1]), np.array([token], dtype=np.int32))

    with pytest.raises(ValueError, match="between 0 and 10"):
        small_encoder().encode_tokens(tokens)


@pytest.mark.parametrize(
    "vectors",
    [
        np.zeros((len(PIECES), 2)),
        np.zeros(len(PIECES), dtype=np.float32),
        np.zeros((len(PIECES), 0), dtype=np.float32),
        np.zeros((len(PIECES) + 1, 2), dtype=np.float32),
    ],
)
def test_vectors_that_do_not_fit_are_refused(vectors):
    with pytest.raises(ValueError, match="vectors"):
        StaticEncoder(WordPieces(PIECES), vectors)


def test_the_vectors_of_the_caller_stay_writable_and_those_of_the_encoder_are_not():
    vectors = np.ones((len(PIECES), 2), dtype=np.float32)
    encoder = StaticEncoder(WordPieces(PIECES), vectors)

    assert vectors.flags.writeable
    assert not encoder.vectors.flags.writeable


def test_with_vectors_keeps_tokens_and_name():
    encoder = small_encoder()
    other = encoder.with_vectors(np.ones((len(PIECES), 2), dtype=np.float32))

    assert (other.pieces, other.name, other.dim) == (encoder.pieces, "small", 2)
    assert other.digest != encoder.digest


def test_equal_encoders_have_one_digest_and_others_another():
    encoder = small_encoder()
    pieces = WordPieces(["x", *PIECES[1:]])

    assert small_encoder().digest == encoder.digest
    assert small_encoder(seed=1).digest != encoder.digest
    assert StaticEncoder(pieces, encoder.vectors).digest != encoder.digest
    assert encoder.with_vectors(encoder.vectors.reshape(len(PIECES), -1)).digest == encoder.digest


def test_a_loaded_encoder_is_the_same(tmp_path):
    encoder = small_encoder()
    encoder.save(tmp_path)
    loaded = StaticEncoder.load(tmp_path)

    assert loaded.encode(TEXTS).tobytes() == encoder.encode(TEXTS).tobytes()
    assert (loaded.name, loaded.digest) == (encoder.name, encoder.digest)
    assert loaded.with_vectors(loaded.vectors).digest == encoder.digest


def test_a_loaded_encoder_saves_the_same_bytes_over_itself(tmp_path):
    small_encoder().save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    StaticEncoder.load(tmp_path).save(tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.fixture
def saved(tmp_path):
    small_encoder().save(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["encoder.json", "tokens.txt", "vectors.npy"])
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"{}", b"\x93NUMPY\x01\x00v\x00{"])
def test_a_damaged_file_is_one_clear_error(saved, name, content):
    if content is None:
        (saved / name).unlink()
    else:
        (saved / name).write_bytes(content)

    with pytest.raises(ValueError, match=r"cannot be read|damaged") as raised:
        StaticEncoder.load(saved)
    assert str(saved) in str(raised.value)


@pytest.mark.parametrize("name", ["tokens.txt", "vectors.npy"])
def test_a_cut_file_is_found(saved, name):
    content = (saved / name).read_bytes()
    (saved / name).write_bytes(content[:-8])

    with pytest.raises(ValueError, match="damaged"):
        StaticEncoder.load(saved)


def test_vectors_of_another_encoder_are_found(saved):
    np.save(saved / "vectors.npy", np.ones((len(PIECES), 9), dtype=np.float32))

    with pytest.raises(ValueError, match="vectors of length 9"):
        StaticEncoder.load(saved)


def test_another_format_is_refused(saved):
    facts = json.loads((saved / "encoder.json").read_text())
    (saved / "encoder.json").write_text(json.dumps(facts | {"format": 2}))

    with pytest.raises(ValueError, match="format 2, this version reads 1"):
        StaticEncoder.load(saved)
