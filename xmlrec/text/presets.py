"""The blocks of the presets."""

from collections.abc import Sequence

from xmlrec.text.blocks import NgramBlock


def fast_blocks(fields: Sequence[str]) -> tuple[NgramBlock, ...]:
    """Return the blocks of the preset ``fast`` over ``fields``, the first of which is the title.

    Words and word pairs are blocks of their own: in one block the many rare pairs drown the words.
    Characters are those of the title alone; a long description's blur the picture.
    """
    title, everything = fields[0], tuple(fields)
    name = "+".join(everything)
    return (
        NgramBlock(name=f"{name}|word", fields=everything, unit="word", n_min=1, n_max=1),
        NgramBlock(
            name=f"{name}|pair", fields=everything, unit="word", n_min=2, n_max=2, weight=0.5
        ),
        NgramBlock(
            name=f"{title}|char", fields=(title,), unit="char", n_min=2, n_max=5, weight=0.7
        ),
    )


FAST_BLOCKS = fast_blocks(("title", "description"))
"""The blocks of the preset ``fast`` for the usual columns."""
