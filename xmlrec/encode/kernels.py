"""Characters to word pieces, and token vectors to text vectors, row by row.

The word pieces are a trie. A node's children lie in a hash table of open addresses: ``keys`` hold
``node << CHAR_BITS | character``, or -1, and ``children`` the nodes. Node 0 begins a word, node 1
what follows within it.
"""

import numpy as np
from numba import njit

CHAR_BITS = 21
MAX_WORD = 100
"""Characters of a word that has tokens: BERT's limit."""

SPACE = 32
BEGIN, WITHIN = 0, 1
ONE = np.uint64(1)
SHIFT, MIX = np.uint64(29), np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)
def slot_of(keys, node, char):
    """Return where the child of ``node`` by ``char`` lies, or would lie."""
    key = (np.int64(node) << CHAR_BITS) | np.int64(char)
    last = np.uint64(keys.shape[0] - 1)
    mixed = np.uint64(key) * MIX
    slot = (mixed ^ (mixed >> SHIFT)) & last
    while keys[slot] != key and keys[slot] != -1:
        slot = (slot + ONE) & last
    return slot


@njit(cache=True)
def grow_trie(indptr, chars, is_within, keys, children, tokens):
    """Fill a trie with pieces; returns the number of nodes.

    Piece ``t`` is ``chars[indptr[t]:indptr[t + 1]]``. ``keys`` and ``tokens`` hold -1.
    """
    n_nodes = 2
    for token in range(indptr.shape[0] - 1):
        node = WITHIN if is_within[token] else BEGIN
        for p in range(indptr[token], indptr[token + 1]):
            slot = slot_of(keys, node, chars[p])
            if keys[slot] == -1:
                keys[slot] = (np.int64(node) << CHAR_BITS) | np.int64(chars[p])
                children[slot] = n_nodes
                n_nodes += 1
            node = children[slot]
        tokens[node] = token
    return n_nodes


@njit(cache=True, nogil=True)
def split_word(chars, start, stop, keys, children, tokens, out):
    """Write the longest pieces of a word from the left to ``out``; return how many, -1 for none."""
    n_found, begin = 0, start
    if stop - start > MAX_WORD:
        return -1
    while begin < stop:
        node = BEGIN if begin == start else WITHIN
        end = -1
        for p in range(begin, stop):
            slot = slot_of(keys, node, chars[p])
            if keys[slot] == -1:
                break
            node = children[slot]
            if tokens[node] >= 0:
                end = p + 1
                out[n_found] = tokens[node]
        if end < 0:
            return -1
        n_found += 1
        begin = end
    return n_found


@njit(cache=True, nogil=True)
def split_rows(indptr, chars, is_punctuation, trie, max_tokens, lengths, out):
    """Write the tokens of texts to ``out`` one after the other, and how many each has.

    Text ``t`` is ``chars[indptr[t]:indptr[t + 1]]``; its words lie between spaces, and each
    character of ``is_punctuation`` (of the first 128) is a word. A word without pieces is left out
    but counts as one of ``max_tokens``.
    """
    keys, children, tokens = trie
    pieces = np.empty(MAX_WORD, dtype=np.int32)
    n_written = 0
    for row in range(indptr.shape[0] - 1):
        first, n_left = n_written, max_tokens
        p, stop = indptr[row], indptr[row + 1]
        while p < stop and n_left > 0:
            if chars[p] == SPACE:
                p += 1
                continue
            end = p + 1
            if not (chars[p] < 128 and is_punctuation[chars[p]]):
                while end < stop and chars[end] != SPACE:
                    if chars[end] < 128 and is_punctuation[chars[end]]:
                        break
                    end += 1
            n_pieces = split_word(chars, p, end, keys, children, tokens, pieces)
            for piece in range(min(n_pieces, n_left)):
                out[n_written] = pieces[piece]
                n_written += 1
            n_left -= max(n_pieces, 1)
            p = end
        lengths[row] = n_written - first
    return n_written


@njit(cache=True, nogil=True)
def encode_rows(indptr, tokens, vectors, start, stop, rows):
    """Fill ``rows[start:stop]`` (zeros) with the sums of the texts' token vectors, unit length.

    Sums are float64, in the order of the tokens; a sum of zero stays zero.
    """
    dim = vectors.shape[1]
    total = np.empty(dim, dtype=np.float64)
    for row in range(start, stop):
        total[:] = 0.0
        for p in range(indptr[row], indptr[row + 1]):
            vector = vectors[tokens[p]]
            for d in range(dim):
                total[d] += vector[d]
        squared = 0.0
        for d in range(dim):
            squared += total[d] * total[d]
        if squared > 0.0:
            length = np.sqrt(squared)
            for d in range(dim):
                rows[row, d] = total[d] / length
