"""Items to features: normalised text, n-grams of words and characters, weighted and named."""

from xmlrec.text.blocks import NgramBlock
from xmlrec.text.features import TextFeatures
from xmlrec.text.normalize import MAX_CHARS, normalize_text
from xmlrec.text.presets import FAST_BLOCKS, fast_blocks
from xmlrec.text.texts import Item

__all__ = [
    "FAST_BLOCKS",
    "MAX_CHARS",
    "Item",
    "NgramBlock",
    "TextFeatures",
    "fast_blocks",
    "normalize_text",
]
