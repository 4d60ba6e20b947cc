"""The network of a session model, after HierSRec (arXiv 2309.06533) and NISER (arXiv 1909.04276).

An item is the sum of a vector of its own, of one for each node on its paths, and of its text. So a
node adds to its parent: a child starts where its parent is, and one that is rarely seen stays near.
A Transformer reads the items of a session. Its last output ``h`` gives the next category, a softmax
over the nodes in which items end; the expected vector ``c`` of that node gives the next item:

    h' = h + W [h; c],    score of an item = s h' . e / (|h'| |e|)

This module imports torch at once, so others import it inside functions.
"""

import math

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xmlrec.encode.batches import BoolArray, IntArray
from xmlrec.encode.contract import Vectors
from xmlrec.encode.sessions.content import paths
from xmlrec.encode.sessions.settings import SessionSettings

SCALE = 14.0
INPUT_SCALE = 0.3
"""Of items as input, beside the root of the dimension: their length beside what blocks add."""


class SparseRows(nn.Module):
    """Rows of a CSR matrix, for products that read only the rows asked for."""

    def __init__(self, matrix: sp.csr_array) -> None:
        super().__init__()
        for name, array, dtype in (
            ("indptr", matrix.indptr, np.int64),
            ("indices", matrix.indices, np.int64),
            ("data", matrix.data, np.float32),
        ):
            self.register_buffer(name, torch.from_numpy(array.astype(dtype)), persistent=False)

    def entries(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return how many entries each row has, and the columns and values of all of them."""
        starts = self.indptr[rows]
        counts = self.indptr[rows + 1] - starts
        shifts = (starts - counts.cumsum(0) + counts).repeat_interleave(counts)
        at = shifts + torch.arange(shifts.numel(), device=rows.device)
        return counts, self.indices[at], self.data[at]

    def times(self, table: Tensor, rows: Tensor) -> Tensor:
        """Return the product of some rows and a dense table, (n_rows, dim)."""
        counts, columns, values = self.entries(rows)
        if not columns.numel():
            return table.new_zeros(len(rows), table.shape[1])
        return F.embedding_bag(
            columns, table, counts.cumsum(0) - counts, per_sample_weights=values, mode="sum"
        )


class Block(nn.Module):
    """Attention to items before, biased by how far back they are, and two dense layers."""

    def __init__(self, settings: SessionSettings) -> None:
        super().__init__()
        dim, length = settings.dim, settings.max_length
        self.n_heads, self.dropout = settings.n_heads, settings.dropout
        self.attention_norm, self.dense_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention_in, self.attention_out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.dense_in, self.dense_out = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.bias = nn.Parameter(torch.zeros(self.n_heads, length))
        back = torch.arange(length)[:, None] - torch.arange(length)
        self.register_buffer("back", back.clamp(min=0), persistent=False)
        self.register_buffer("is_later", back < 0, persistent=False)

    def forward(self, h: Tensor) -> Tensor:
        """Return (n, length, dim) of the same."""
        n, length, dim = h.shape
        qkv = self.attention_in(self.attention_norm(h))
        q, k, v = qkv.view(n, length, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        bias = self.bias[:, self.back[:length, :length]]
        bias = bias.masked_fill(self.is_later[:length, :length], -math.inf)
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=bias[None])
        h = h + self._drop(self.attention_out(seen.transpose(1, 2).reshape(n, length, dim)))
        return h + self._drop(self.dense_out(F.gelu(self.dense_in(self.dense_norm(h)))))

    def _drop(self, h: Tensor) -> Tensor:
        return F.dropout(h, self.dropout, self.training)


class SessionNetwork(nn.Module):
    """Weights of a session model.

    Parameters
    ----------
    n_items, n_text : int
    parents : int array, shape (n_nodes,)
    end_nodes : int array
        Nodes among which the next category is.
    is_seen : pair of bool arrays, shapes (n_items,) and (n_nodes,)
        Items and nodes of which training has examples. Others have vectors of zeros and keep them.
    """

    def __init__(
        self,
        n_items: int,
        n_text: int,
        parents: IntArray,
        end_nodes: IntArray,
        settings: SessionSettings,
        *,
        is_seen: tuple[BoolArray, BoolArray],
    ) -> None:
        super().__init__()
        dim = settings.dim
        self.settings = settings
        self.ids, self.nodes = nn.Embedding(n_items, dim), nn.Embedding(parents.size, dim)
        for table, is_random in (
            (self.ids, is_seen[0]),
            (self.nodes, is_seen[1] & (parents < 0)),
        ):
            nn.init.normal_(table.weight, std=dim**-0.5)
            table.weight.data[torch.from_numpy(~is_random)] = 0
        self.text = nn.Linear(n_text, dim, bias=False) if n_text else None
        self.input_scale = nn.Parameter(torch.tensor(INPUT_SCALE * math.sqrt(dim)))
        self.blocks = nn.ModuleList([Block(settings) for _ in range(settings.n_blocks)])
        self.norm = nn.LayerNorm(dim)
        self.category = nn.Linear(dim, dim)
        self.category_bias = nn.Parameter(torch.zeros(end_nodes.size))
        self.feed = nn.Linear(2 * dim, dim)
        nn.init.zeros_(self.feed.weight)
        nn.init.zeros_(self.feed.bias)
        self.item_scale, self.category_scale = (
            nn.Parameter(torch.tensor(SCALE if settings.cosine else 1.0)) for _ in range(2)
        )
        self.paths = SparseRows(paths(parents))
        self.register_buffer("end_nodes", torch.from_numpy(end_nodes.astype(np.int64)))
        self.register_buffer("parents", torch.from_numpy(parents.astype(np.int64)))

    def start_from(self, items: Vectors, nodes: Vectors) -> None:
        """Take vectors of items and nodes, where they are not zeros, before the first step."""
        with torch.no_grad():
            for table, vectors in ((self.ids, items), (self.nodes, nodes)):
                is_given = torch.from_numpy(np.abs(vectors).sum(axis=1) > 0)
                table.weight[is_given] = torch.from_numpy(vectors)[is_given]

    def node_vectors(self, rows: Tensor) -> Tensor:
        """Return the sums of the vectors on the paths to some nodes."""
        return self.paths.times(self.nodes.weight, rows)

    def end_vectors(self) -> Tensor:
        """Return the vectors of ``end_nodes`` that the category head compares with."""
        return self.scaled(self.node_vectors(self.end_nodes))

    def item_vectors(
        self, rows: Tensor, has_id: Tensor, ends: SparseRows, text: Tensor | None
    ) -> Tensor:
        """Return the vectors of some items, whose content is given for all."""
        of_nodes = self.node_vectors(torch.arange(len(self.parents), device=rows.device))
        vectors = self.ids(rows) * has_id[:, None] + ends.times(of_nodes, rows)
        if self.text is not None and text is not None:
            vectors = vectors + self.text(text[rows])
        return self.scaled(vectors)

    def scaled(self, vectors: Tensor) -> Tensor:
        """Return vectors of unit length, or as they are where scores are products."""
        return F.normalize(vectors, dim=-1) if self.settings.cosine else vectors

    def read(self, vectors: Tensor) -> Tensor:
        """Return what is known after each item, from item vectors (n, length, dim)."""
        h = self._drop(vectors * self.input_scale)
        for block in self.blocks:
            h = block(h)
        return self._drop(self.norm(h))

    def answer(self, h: Tensor, end_vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Return queries (n, dim), whose products with items are scores, and category logits."""
        logits = self.scaled(self.category(h)) @ end_vectors.T * self.category_scale
        logits = logits + self.category_bias
        if self.settings.category_feed != "none":
            shares = logits.softmax(-1)
            if self.settings.category_feed == "stopped":
                shares = shares.detach()
            expected = shares @ end_vectors * math.sqrt(self.settings.dim)
            h = h + self.feed(torch.cat([h, expected], dim=-1))
        return self.scaled(h) * self.item_scale, logits

    def _drop(self, h: Tensor) -> Tensor:
        return F.dropout(h, self.settings.dropout, self.training)
