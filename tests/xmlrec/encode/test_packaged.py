"""The packaged encoder: small, whole, quick to open, and its neighbours make sense."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from xmlrec.encode import packaged_encoder
from xmlrec.encode.packaged import FILES, FOLDER
from xmlrec.errors import EncoderError

MAX_BYTES = 8_000_000
ENCODER_DIGEST = "88ce485fc28be476ce823c06ae03bea7111c865cd468c94abb7bb91b5216069d"


@pytest.fixture(scope="module")
def encoder():
    return packaged_encoder()


def test_the_packaged_files_have_at_most_8_megabytes():
    assert sum(path.stat().st_size for path in Path(str(FOLDER)).iterdir()) <= MAX_BYTES


def test_origin_and_licence_stand_beside_the_vectors():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert "Apache-2.0" in text
    assert "sentence-transformers/all-MiniLM-L6-v2" in text


def test_its_vectors_are_the_same_everywhere(encoder):
    assert encoder.digest == ENCODER_DIGEST


def test_every_token_has_a_vector_of_256_dimensions(encoder):
    assert encoder.vectors.shape == (len(encoder.pieces), 256)
    assert np.linalg.norm(encoder.vectors, axis=1).min() > 0


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("sofa", "couch", "printer"),
        ("running shoes for women", "ladies sneakers", "garden hose"),
        ("laptop", "notebook computer", "coffee table"),
        ("repair engines of trucks", "maintain vehicle motors", "write news articles"),
        ("headphones", "wireless earbuds", "winter jacket"),
    ],
)
def test_texts_of_one_meaning_are_nearer(encoder, text, near, far):
    query, *others = encoder.encode([text, near, far])
    near_score, far_score = (float(query @ other) for other in others)

    assert near_score > far_score + 0.1


def test_a_text_without_letters_or_digits_it_knows_says_nothing(encoder):
    assert not encoder.encode(["", "\u200b", "\U0001f6cb"]).any()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "cut", "one bit"])
def test_damage_is_one_clear_error(tmp_path, name, damage):
    shutil.copytree(str(FOLDER), tmp_path / "static")
    path = tmp_path / "static" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "cut" else content)

    with pytest.raises(EncoderError, match="install xmlrec again"):
        packaged_encoder(tmp_path / "static")
