import numpy as np
import pytest

from tests.xmlrec.encode.tiny import needs_torch, open_tiny_encoder, save_tiny_model
from xmlrec.encode import JoinedEncoder, StaticEncoder, WordPieces, load_encoder, packaged_encoder
from xmlrec.encode.joined import FACTS
from xmlrec.errors import EncoderError

TEXTS = ["red hammer", "saw", "", "red", "big drill saw"]


def static_encoder(words, seed):
    vectors = np.random.default_rng(seed).normal(size=(len(words), 8)).astype(np.float32)
    return StaticEncoder(WordPieces(list(words)), vectors, name=f"static {seed}")


@pytest.fixture
def joined():
    words = ("hammer", "saw", "drill", "big")
    return JoinedEncoder(static_encoder(words, 0), static_encoder((*words, "red"), 1), share=0.25)


@pytest.fixture
def with_transformer(tmp_path):
    save_tiny_model(tmp_path / "tiny")
    return JoinedEncoder(open_tiny_encoder(tmp_path / "tiny"), packaged_encoder(), share=0.3)


def test_the_cosine_is_the_weighted_mean_of_both(joined):
    texts = ["hammer", "saw", "big drill"]

    E = joined.encode(texts)

    cosines = [part.encode(texts) @ part.encode(texts).T for part in (joined.first, joined.second)]
    np.testing.assert_allclose(E @ E.T, 0.75 * cosines[0] + 0.25 * cosines[1], atol=1e-6)
    assert E.shape == (3, joined.dim) == (3, 16)
    assert E.dtype == np.float32


def test_what_one_does_not_know_is_left_to_the_other(joined):
    E = joined.encode(["red", "", "red saw"])

    np.testing.assert_allclose(np.linalg.norm(E, axis=1), [1, 0, 1], atol=1e-6)
    assert not E[0, :8].any()
    np.testing.assert_allclose(E[0, 8:], joined.second.encode(["red"])[0], atol=1e-6)


def test_the_digest_depends_on_both_and_the_share(joined):
    others = [
        JoinedEncoder(joined.second, joined.second, share=0.25),
        JoinedEncoder(joined.first, joined.first, share=0.25),
        JoinedEncoder(joined.first, joined.second, share=0.5),
    ]

    assert len({encoder.digest for encoder in [joined, *others]}) == 4
    assert joined.name == "static 0 + static 1"


@needs_torch
def test_a_loaded_encoder_is_the_saved_one(with_transformer, tmp_path):
    with_transformer.save(tmp_path / "saved")

    loaded = load_encoder(tmp_path / "saved")

    assert isinstance(loaded, JoinedEncoder)
    assert (loaded.name, loaded.digest) == (with_transformer.name, with_transformer.digest)
    np.testing.assert_array_equal(loaded.encode(TEXTS), with_transformer.encode(TEXTS))


@needs_torch
@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"share": "much"}'])
def test_a_damaged_folder_is_refused(with_transformer, tmp_path, content):
    with_transformer.save(tmp_path / "saved")
    (tmp_path / "saved" / FACTS).write_text(content)

    with pytest.raises(EncoderError, match=f"{FACTS} cannot be read"):
        load_encoder(tmp_path / "saved")


def test_a_static_encoder_is_opened_as_one(tmp_path):
    packaged_encoder().save(tmp_path)

    assert load_encoder(tmp_path).digest == packaged_encoder().digest
