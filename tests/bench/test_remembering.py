import numpy as np
import pytest

from bench.remembering import KeptEncoder, RememberingEncoder
from xmlrec.encode import packaged_encoder


def test_vectors_are_those_of_the_encoder_and_made_once():
    encoder, asked = packaged_encoder(), []

    class Counting(type(encoder)):
        def encode(self, texts, *, n_threads=None):
            asked.extend(texts)
            return encoder.encode(texts, n_threads=n_threads)

    counting = object.__new__(Counting)
    counting.__dict__.update(vars(encoder))
    remembering = RememberingEncoder(counting)

    first, again = remembering.encode(["saw", "drill", "saw"]), remembering.encode(["drill", "nut"])

    np.testing.assert_array_equal(first, encoder.encode(["saw", "drill", "saw"]))
    np.testing.assert_array_equal(again, encoder.encode(["drill", "nut"]))
    assert asked == ["saw", "drill", "nut"]
    assert remembering.encode([]).shape == (0, encoder.dim)
    assert (remembering.name, remembering.digest) == (encoder.name, encoder.digest)


def test_vectors_are_kept_for_the_next_run(tmp_path):
    encoder, path = packaged_encoder(), tmp_path / "kept.npz"
    first = KeptEncoder(encoder, path).encode(["saw", "drill"])

    class Silent:
        dim = encoder.dim

        def encode(self, texts, *, n_threads=None):
            raise AssertionError(f"{texts} are known")

    np.testing.assert_array_equal(KeptEncoder(Silent(), path).encode(["drill", "saw"]), first[::-1])
    with pytest.raises(AssertionError, match="are known"):
        KeptEncoder(Silent(), path, fresh=True).encode(["saw"])
