"""A transformer of random weights that is small enough to train in a test."""

import json
from importlib.util import find_spec

import pytest

HAS_TORCH = find_spec("torch") is not None and find_spec("sentence_transformers") is not None
needs_torch = pytest.mark.skipif(
    not HAS_TORCH, reason='torch is not installed: pip install "xmlrec[encoder]"'
)

WORDS = (
    "hammer", "saw", "drill", "paint", "brush", "roller", "shoe", "boot", "sandal", "red", "blue",
    "big", "small", "old", "new", "sofa", "table", "chair", "lamp", "desk", "bed", "shelf",
)  # fmt: skip


def save_tiny_model(folder, *, n_layers=2, seed=0):
    """Write a BERT of 32 dimensions that knows `WORDS`, the same for equal seeds."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, "."]
    tokenizer = Tokenizer(models.WordLevel({p: i for i, p in enumerate(pieces)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", model_max_length=64,
    ).save_pretrained(folder)  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertModel(
            BertConfig(
                vocab_size=len(pieces), hidden_size=32, num_hidden_layers=n_layers,
                num_attention_heads=2, intermediate_size=64, max_position_embeddings=64,
            )
        )  # fmt: skip
    model.save_pretrained(folder)
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.{kind}"}
        for number, (path, kind) in enumerate(
            [("", "models.Transformer"), ("1_Pooling", "models.Pooling")]
        )
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))


def open_tiny_encoder(folder):
    """Return a `SentenceEncoder` around what `save_tiny_model` wrote: mean of token vectors."""
    from xmlrec.encode import SentenceEncoder

    return SentenceEncoder.open(folder, device="cpu")
