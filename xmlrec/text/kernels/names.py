"""Compiled loops that write the names of n-grams as UTF-8."""

from numba import njit

SPACE = 32


@njit(cache=True, nogil=True)
def write_utf8(code, out, at):
    """Write one code point as UTF-8 at ``out[at]``; return the place after it."""
    if code < 0x80:
        out[at] = code
        return at + 1
    n_more = 1 if code < 0x800 else 2 if code < 0x10000 else 3
    out[at] = ((0xFF00 >> (n_more + 1)) & 0xFF) | (code >> (6 * n_more))
    for k in range(1, n_more + 1):
        out[at + k] = 0x80 | ((code >> (6 * (n_more - k))) & 0x3F)
    return at + n_more + 1


@njit(cache=True, nogil=True)
def write_names(texts, is_word, spans, out, offsets):
    """Write the UTF-8 name of every span at ``out[offsets[i]:offsets[i + 1]]``, filling both."""
    at = 0
    for i in range(spans.shape[0]):
        offsets[i] = at
        if is_word[i]:
            for word in range(spans[i, 0], spans[i, 1]):
                if word > spans[i, 0]:
                    at = write_utf8(SPACE, out, at)
                for p in range(texts.word_starts[word], texts.word_stops[word]):
                    at = write_utf8(texts.chars[p], out, at)
        else:
            for p in range(spans[i, 0], spans[i, 1]):
                at = write_utf8(texts.chars[p], out, at)
    offsets[-1] = at


@njit(cache=True, nogil=True)
def gather_bytes(source, offsets, order, out, out_offsets):
    """Copy the strings ``source[offsets[i]:offsets[i + 1]]`` to ``out`` in the given order."""
    at = 0
    for i in range(order.shape[0]):
        out_offsets[i] = at
        for p in range(offsets[order[i]], offsets[order[i] + 1]):
            out[at] = source[p]
            at += 1
    out_offsets[-1] = at
