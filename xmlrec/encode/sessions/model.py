"""A trained session model: sessions to queries and next categories, items to vectors, and why.

Vectors of items are not kept here: who asks holds those of its catalog, adds rows for new items,
and takes the products of queries and vectors as scores.
"""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import scipy.sparse as sp

from xmlrec.encode.batches import IntArray
from xmlrec.encode.contract import Vectors
from xmlrec.encode.sentence import INSTALL_ENCODER
from xmlrec.encode.sessions.content import ItemContent, depths, paths
from xmlrec.encode.sessions.files import read_model, write_model
from xmlrec.encode.sessions.windows import last_items
from xmlrec.errors import EncoderError

if TYPE_CHECKING:
    from torch import Tensor

    from xmlrec.encode.sessions.network import SessionNetwork

NAME = "session model"
CHUNK = 1024


class SessionStates(NamedTuple):
    """What a model makes of sessions.

    Attributes
    ----------
    queries : float32 array, shape (n_sessions, dim)
        Their products with item vectors are scores; zeros for a session without items.
    categories : float32 array, shape (n_sessions, n_ends)
        Probability that the next item ends in each of ``end_nodes``; a row sums to 1, or is zeros
        for a session without items.
    """

    queries: Vectors
    categories: Vectors


class SessionModel:
    """A trained network; `train_session_model` makes it.

    Parameters
    ----------
    network : SessionNetwork
        Kept, not copied, in evaluation mode; what is training calls for `refresh` after a step.
    temperature : float, default=1.0
        Category logits are divided by it, though not where they feed the next item.

    Attributes
    ----------
    end_nodes : int array, shape (n_ends,)
        Nodes in which items end that training saw, rising.
    """

    def __init__(self, network: "SessionNetwork", *, temperature: float = 1.0) -> None:
        self.network, self.temperature = network, temperature
        self.settings = network.settings
        self.end_nodes = network.end_nodes.cpu().numpy()
        self.refresh()

    def refresh(self) -> None:
        """Take over the weights of the network as they are now."""
        import torch

        network = self.network.eval()
        self._ids, self._nodes = _array(network.ids.weight), _array(network.nodes.weight)
        self._text = None if network.text is None else _array(network.text.weight)
        with torch.inference_mode():
            self._end_vectors = network.end_vectors()

    @property
    def dim(self) -> int:
        """Length of every vector."""
        return self.settings.dim

    @property
    def n_items(self) -> int:
        """Number of items at training."""
        return len(self._ids)

    def encode(self, indptr: IntArray, items: IntArray, vectors: Vectors) -> SessionStates:
        """Return what the model makes of sessions, each on its own.

        Parameters
        ----------
        indptr, items : int array
            Sessions as rows of ``vectors``.
        vectors : float32 array, shape (n_items, dim)
            What `item_vectors` gave, of items that training saw or did not.
        """
        n = indptr.size - 1
        states = SessionStates(
            np.zeros((n, self.dim), np.float32), np.zeros((n, self.end_nodes.size), np.float32)
        )
        rows, lengths = last_items(indptr, items, self.settings.max_length)
        order = np.argsort(lengths, kind="stable")
        order = order[lengths[order] > 0]
        for at in range(0, order.size, CHUNK):
            chosen = order[at : at + CHUNK]
            longest = lengths[chosen[-1]]
            inputs = vectors[rows[chosen, :longest]]  # where a row has ended, nothing looks at it
            states.queries[chosen], states.categories[chosen] = self._answer(
                inputs, lengths[chosen]
            )
        return states

    def _answer(self, inputs: Vectors, lengths: IntArray) -> tuple[Vectors, Vectors]:
        import torch

        device = self._end_vectors.device
        with torch.inference_mode():
            h = self.network.read(torch.from_numpy(inputs).to(device))
            h = h[torch.arange(len(h), device=device), torch.from_numpy(lengths - 1).to(device)]
            queries, logits = self.network.answer(h, self._end_vectors)
            return _array(queries), _array((logits / self.temperature).softmax(-1))

    def node_probabilities(self, categories: Vectors) -> Vectors:
        """Return the probabilities (n, n_nodes) of all nodes at training, ancestors included.

        A node's is the sum of those of the end nodes in and below it, so none has more than its
        parent.
        """
        above = paths(self.network.parents.cpu().numpy())[self.end_nodes]
        probabilities: Vectors = np.minimum(categories @ above, np.float32(1))
        return probabilities

    def item_vectors(self, content: ItemContent, ids: IntArray | None = None) -> Vectors:
        """Return the vectors of items, float32 of shape (n_items, dim).

        Parameters
        ----------
        content : ItemContent
            Its nodes are those at training, and may have others after them, which are where their
            parents are.
        ids : int array, shape (n_items,), optional
            Which item each was at training, -1 for none; by default item ``i`` was item ``i``, and
            those after the last one were none.

        Raises
        ------
        ValueError
            If ``content`` has fewer nodes than at training, or texts of another length.
        """
        if ids is None:
            ids = np.arange(len(content))
            ids[self.n_items :] = -1
        vectors = self._sums(content, ids)
        return vectors / _lengths(vectors) if self.settings.cosine else vectors

    def parts(self, query: Vectors, content: ItemContent, ids: IntArray) -> Vectors:
        """Return the terms of which the score of each item for a query is the sum.

        Parameters
        ----------
        query : float32 array, shape (dim,)
        content, ids
            See `item_vectors`.

        Returns
        -------
        parts : float32 array, shape (n_items, n_levels + 2)
            Of the id, of each level of the paths from the roots on, and of the text.
        """
        levels = depths(content.parents)
        at_level = sp.csr_array(
            (self._deltas(content) @ query, (np.arange(levels.size), levels)),
            shape=(levels.size, levels.max(initial=-1) + 1),
        )
        parts = np.zeros((len(content), at_level.shape[1] + 2), dtype=np.float32)
        parts[:, 0] = self._id_vectors(ids) @ query
        parts[:, 1:-1] = (content.node_shares() @ at_level).toarray()
        if self._text is not None and content.text is not None:
            parts[:, -1] = content.text @ (query @ self._text)
        if self.settings.cosine:
            parts /= _lengths(self._sums(content, ids))
        return parts

    def _sums(self, content: ItemContent, ids: IntArray) -> Vectors:
        """Return the vectors of items before they are scaled."""
        sums: Vectors = self._id_vectors(ids) + content.node_shares() @ self._deltas(content)
        if self._text is not None and content.text is not None:
            if content.text.shape[1] != self._text.shape[1]:
                raise ValueError(
                    f"texts have {content.text.shape[1]} numbers, training had "
                    f"{self._text.shape[1]}"
                )
            sums += content.text @ self._text.T
        return sums

    def _id_vectors(self, ids: IntArray) -> Vectors:
        """Return the vectors of items at training, zeros for -1."""
        vectors = np.zeros((ids.size, self.dim), dtype=np.float32)
        vectors[ids >= 0] = self._ids[ids[ids >= 0]]
        return vectors

    def _deltas(self, content: ItemContent) -> Vectors:
        """Return what each node adds to its parent: zeros for one that training did not have."""
        n_new = content.parents.size - len(self._nodes)
        if n_new < 0:
            raise ValueError(
                f"there are {content.parents.size} nodes, training had {len(self._nodes)}"
            )
        return np.pad(self._nodes, ((0, n_new), (0, 0)))

    def save(self, folder: Path) -> None:
        """Write the model into ``folder``, which is made if it does not exist."""
        write_model(self.network, self.temperature, folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote, on the processor.

        Raises
        ------
        EncoderError
            If torch is not installed, or the folder is damaged.
        """
        check_torch()
        network, temperature = read_model(folder)
        return cls(network, temperature=temperature)


def check_torch() -> None:
    """Raise `EncoderError` if torch is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise EncoderError(NAME, "torch is not installed", INSTALL_ENCODER)


def _array(tensor: "Tensor") -> Vectors:
    array: Vectors = tensor.detach().cpu().numpy()
    return array


def _lengths(vectors: Vectors) -> Vectors:
    """Return the length of each row, 1 for one of zeros, (n, 1)."""
    lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    return lengths
