"""Make the packaged static encoder from all-MiniLM-L6-v2, as model2vec does.

    python scripts/make_static_encoder.py

needs the extras ``encoder`` and ``offline`` and a minute or two. It writes tokens and vectors to
``xmlrec/encode/data/static`` and prints the digest that ``xmlrec/encode/packaged.py`` checks.
Running it again on one machine with one version of torch gives the same bytes.

Method: model2vec (van Dongen and Tulkens 2024, github.com/MinishLab/model2vec). Each token goes
through the transformer alone, between the two special tokens in both orders, and its vector is the
mean of the last layer. PCA keeps 256 of 384 dimensions: without the two largest, which tell
frequent tokens from rare ones (all-but-the-top, Mu and Viswanath 2018), and with the others
flattened. A frequent token is made short, by the smooth inverse frequency of Arora, Liang and Ma
2017 (section 3): a / (a + p), p from the token's rank (Zipf).
"""

import io
import re
import sys
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from xmlrec.encode import SentenceEncoder
from xmlrec.encode.packaged import FILES, FOLDER, files_digest

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DIM = 256
N_LEFT_OUT = 2
SIF_WEIGHT = 1e-4
LEFT_OUT = re.compile(r"\[(unused\d+|PAD|UNK|CLS|SEP|MASK)\]")
BATCH_TOKENS = 1024

Matrix = npt.NDArray[np.float64]


def main() -> None:
    """Write the files and print their digest."""
    model = SentenceEncoder.open(device="cpu").model
    vocabulary = model.tokenizer.get_vocab()
    pieces = sorted(vocabulary, key=vocabulary.__getitem__)
    pieces = [piece for piece in pieces if not LEFT_OUT.fullmatch(piece)]
    vectors = token_vectors(model, [vocabulary[piece] for piece in pieces])
    vectors = reduce_dimensions(vectors) * token_weights(len(pieces))[:, None]
    scales = (np.abs(vectors).max(axis=1) / 127).astype(np.float32)
    codes = np.rint(vectors / scales[:, None]).astype(np.int8)
    lines = "".join([f"{piece}\n" for piece in pieces]).encode()
    contents = [lines, npy_bytes(codes), npy_bytes(scales)]
    for name, content in zip(FILES, contents, strict=True):
        (FOLDER / name).write_bytes(content)
    n_bytes = sum(len(content) for content in contents)
    sys.stdout.write(f"{len(pieces)} tokens, {n_bytes} bytes, DIGEST = {files_digest(contents)}\n")


def token_vectors(model: "SentenceTransformer", tokens: list[int]) -> Matrix:
    """Return the mean of the last layer for each token between [CLS] and [SEP], both ways round."""
    import torch

    transformer = model[0].auto_model
    start, stop = model.tokenizer.cls_token_id, model.tokenizer.sep_token_id
    forward = torch.tensor([[start, token, stop] for token in tokens])
    means = []
    with torch.no_grad():
        for batch in torch.cat([forward, forward.flip(1)]).split(BATCH_TOKENS):
            states = transformer(input_ids=batch, attention_mask=torch.ones_like(batch))
            means.append(states.last_hidden_state.mean(dim=1))
    return torch.cat(means).numpy().astype(np.float64).reshape(2, len(tokens), -1).mean(axis=0)


def reduce_dimensions(vectors: Matrix) -> Matrix:
    """Return the kept principal components, largest first, of the same mean square as before.

    Each is divided by the square root of its standard deviation; its largest weight is positive.
    """
    centred = vectors - vectors.mean(axis=0)
    variances, components = np.linalg.eigh(centred.T @ centred)
    kept = slice(-1 - N_LEFT_OUT, -1 - N_LEFT_OUT - DIM, -1)
    axes = components[:, kept]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(DIM)])
    reduced = centred @ axes
    flat = reduced / variances[kept] ** 0.25
    return flat * (np.linalg.norm(reduced) / np.linalg.norm(flat))


def token_weights(n_tokens: int) -> Matrix:
    """Return a / (a + p) of each token, with p by Zipf's law: BERT lists frequent tokens first."""
    shares = 1 / np.arange(2, n_tokens + 2)
    shares /= shares.sum()
    return SIF_WEIGHT / (SIF_WEIGHT + shares)


def npy_bytes(array: npt.NDArray[np.generic]) -> bytes:
    """Return the contents of a ``.npy`` file."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
