"""The parts of contrastive training that need torch: vectors of texts, the loss, fixed layers.

For a document ``i`` with the own label ``p``, its cosines ``s`` with the vectors of labels divided
by a temperature, and its negatives ``N(i)``, the loss is

    -log( exp(s_ip) / (exp(s_ip) + sum_{n in N(i)} exp(s_in)) ) ,

averaged over a document's own labels, then over documents: own labels do not compete with each
other (Gupta et al., ICLR 2024, "Dual-Encoders for Extreme Multi-Label Classification", the
decoupled softmax over all labels). Label vectors are trained with the model: they start as the
vectors of the labels' texts. To encode every label in every step, as that paper does, takes twice
the time of a step and more, and was less accurate in equal time.
"""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xmlrec.encode.contract import Vectors
from xmlrec.encode.tokens import clean_texts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor
    from torch.nn import ModuleList

TokenRow = np.ndarray[Any, np.dtype[np.int32]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

ROWS_AT_ONCE = 1024
CHUNK_TOKENS = 96
"""What a processor spends on a chunk of texts besides its tokens, in tokens."""

LOWEST = -1e4
"""The score of no negative; finite, so that its gradient is 0 and not NaN."""


def token_rows(
    model: "SentenceTransformer", texts: Sequence[str], max_length: int
) -> list[TokenRow]:
    """Return the tokens of each text with the special ones, ``max_length`` at most."""
    if not texts:
        return []
    limit = min(max_length, model.max_seq_length or max_length)
    tokens = model.tokenizer(clean_texts(texts), truncation=True, max_length=limit, verbose=False)[
        "input_ids"
    ]
    return [np.array(row, dtype=np.int32) for row in tokens]


def embed(model: "SentenceTransformer", rows: Sequence[TokenRow]) -> "Tensor":
    """Return float32 unit vectors (n_rows, dim) of token rows, on the model's device."""
    import torch

    order = np.argsort([row.size for row in rows], kind="stable")
    sizes = np.array([rows[row].size for row in order.tolist()])
    ends = chunk_ends(sizes) if model.device.type == "cpu" else [len(rows)]
    with torch.autocast(model.device.type, torch.bfloat16, enabled=model.device.type == "cuda"):
        parts = [
            _embed_chunk(model, [rows[row] for row in order[start:end]])
            for start, end in itertools.pairwise([0, *ends])
        ]
    places = torch.from_numpy(np.argsort(order)).to(model.device)
    return torch.nn.functional.normalize(torch.cat(parts).float(), dim=1)[places]


def chunk_ends(sizes: IntArray) -> list[int]:
    """Return where to cut texts of rising sizes into chunks that cost least (dynamic programming).

    Every text of a chunk is padded to the longest, and a chunk costs `CHUNK_TOKENS` besides.
    """
    costs = np.zeros(sizes.size + 1)
    starts = np.zeros(sizes.size + 1, dtype=np.int64)
    for end in range(1, sizes.size + 1):
        padded = costs[:end] + np.arange(end, 0, -1) * sizes[end - 1]
        starts[end] = padded.argmin()
        costs[end] = padded[starts[end]] + CHUNK_TOKENS
    ends, end = [], sizes.size
    while end:
        ends.append(end)
        end = int(starts[end])
    return ends[::-1]


def embed_all(model: "SentenceTransformer", rows: Sequence[TokenRow]) -> Vectors:
    """Return what `embed` does, without gradients, for any number of rows from 1 up."""
    import torch

    with torch.no_grad():
        parts = [
            embed(model, rows[start : start + ROWS_AT_ONCE]).cpu().numpy()
            for start in range(0, len(rows), ROWS_AT_ONCE)
        ]
    return np.concatenate(parts)


def _embed_chunk(model: "SentenceTransformer", rows: Sequence[TokenRow]) -> "Tensor":
    import torch

    shape = (len(rows), max(row.size for row in rows))
    tokens = np.full(shape, model.tokenizer.pad_token_id or 0, dtype=np.int64)
    mask = np.zeros(shape, dtype=np.int64)
    for i, row in enumerate(rows):
        tokens[i, : row.size] = row
        mask[i, : row.size] = 1
    features = {"input_ids": torch.from_numpy(tokens), "attention_mask": torch.from_numpy(mask)}
    on_device = {name: values.to(model.device) for name, values in features.items()}
    vectors: Tensor = model(on_device)["sentence_embedding"]
    return vectors


def contrastive_loss(S: "Tensor", is_own: "Tensor", is_negative: "Tensor") -> "Tensor":
    """Return the mean loss of documents, which have an own label each; see the module.

    Parameters
    ----------
    S : float tensor, shape (n_documents, n_labels)
        Cosines divided by the temperature.
    is_own, is_negative : bool tensors, shape (n_documents, n_labels)
        See `Batch`.
    """
    import torch

    wrong = torch.where(is_negative, S, LOWEST).logsumexp(dim=1, keepdim=True)
    losses = (torch.nn.functional.softplus(wrong - S) * is_own).sum(dim=1)
    return (losses / is_own.sum(dim=1)).mean()


def layers_of(model: "SentenceTransformer") -> "ModuleList":
    """Return the layers of a model without the embeddings; none if it has no list of them."""
    import torch

    lists = [part for part in model.modules() if isinstance(part, torch.nn.ModuleList)]
    return max(lists, key=len) if lists else torch.nn.ModuleList()


def freeze_layers(model: "SentenceTransformer", n: int) -> None:
    """Fix the lowest ``n`` layers of a model, the embeddings being the first.

    Raises
    ------
    ValueError
        If no layer would be left to train.
    """
    layers = layers_of(model)
    if not 0 <= n <= len(layers):
        raise ValueError(f"frozen_layers must lie between 0 and {len(layers)}, got {n}")
    if n == 0:
        return
    first_trained = next(layers[n - 1].parameters())
    for weights in model.parameters():  # in the order of the layers
        if weights is first_trained:
            break
        weights.requires_grad_(False)


def start_training(model: "SentenceTransformer") -> None:
    """Switch dropout on, but not in fixed layers."""
    model.train()
    for part in model.modules():
        weights = list(part.parameters())
        if weights and not any(of_part.requires_grad for of_part in weights):
            part.eval()
