"""One clean product: words drawn from a leaf's vocabulary, put into phrases."""

import re
from collections.abc import Sequence
from random import Random
from typing import NotRequired, TypedDict

from xmlrec.demo.vocabulary import Leaf, Phrases

SHORT_TITLE_SHARE = 0.12  # titles such as "Terra Set, White": nobody could be sure
TERSE_SHARE = 0.35  # descriptions that never name the thing
SENTENCE_SHARE = 0.75
CLOSING_SHARE = 0.3
TITLE_CASE_SHARE = 0.65
BRAND_MISSING_SHARE = 0.08
PRICE_MISSING_SHARE = 0.1

_CENTS = (0.99, 0.95, 0.49, 0.0)
_FIELD = re.compile(r"\{(\w+)\}")
_AFTER_HEAD = re.compile(r" (?:and|for|to|with) ")
_SMALL_WORD = re.compile(r"a|and|by|cm|for|from|g|h|in|kg|km/h|l|m|ml|mm|of|on|or|the|to|with|x")


class Product(TypedDict):
    """A row of the catalog; ``price`` is absent where the shop gave none."""

    id: str
    title: str
    brand: str
    description: str
    price: NotRequired[float]
    paths: list[list[str]]


def write_product(
    leaf: Leaf, phrases: Phrases, rng: Random, *, neighbors: Sequence[Leaf]
) -> Product:
    """Write one product of a leaf; its description may name a product of a neighbor."""
    words = _draw_words(leaf, rng, other=rng.choice(neighbors))
    style = phrases.styles[leaf.style]
    is_short = rng.random() < SHORT_TITLE_SHARE
    is_terse = is_short or rng.random() < TERSE_SHARE
    choices = [style.details] if is_terse else [style.leads, style.details, style.asides]
    choices = [templates for templates in choices if rng.random() < SENTENCE_SHARE]
    choices.append(leaf.pitches)
    if rng.random() < CLOSING_SHARE:
        choices.append(phrases.closings)
    second_path = leaf.also.get(words["noun"])
    return _assemble(
        leaf,
        words,
        rng,
        title=_fill(style.short_titles if is_short else style.titles, words, rng),
        description=" ".join(_capital(_fill(templates, words, rng)) for templates in choices),
        paths=[leaf.path, second_path] if second_path else [leaf.path],
    )


def write_bundle(first: Leaf, second: Leaf, phrases: Phrases, rng: Random) -> Product:
    """Write a set of products of two sibling leaves, which belongs to their parent."""
    words = _draw_words(first, rng, other=second)
    return _assemble(
        first,
        words,
        rng,
        title=_fill(phrases.bundles, words, rng),
        description=_capital(_fill(phrases.styles[first.style].details, words, rng)),
        paths=[first.path[:-1]],
    )


def _assemble(
    leaf: Leaf,
    words: dict[str, str],
    rng: Random,
    *,
    title: str,
    description: str,
    paths: Sequence[tuple[str, ...]],
) -> Product:
    product = Product(
        id="",
        title=_title_case(title) if rng.random() < TITLE_CASE_SHARE else _capital(title),
        brand="" if rng.random() < BRAND_MISSING_SHARE else words["brand"],
        description=description,
        paths=[list(path) for path in paths],
    )
    if rng.random() >= PRICE_MISSING_SHARE:
        low, high = leaf.price
        whole = int(low * (high / low) ** rng.random())
        product["price"] = round(whole + rng.choice(_CENTS), 2)
    return product


def _draw_words(leaf: Leaf, rng: Random, *, other: Leaf) -> dict[str, str]:
    """Draw a word for every {field} of the phrases; "" where the leaf has none."""
    noun, line = rng.choice(leaf.nouns), rng.choice(leaf.lines)
    features = _draw(leaf.features, noun, rng)
    pattern = rng.choice(leaf.model_codes or ("",))
    brand = rng.choice(leaf.brands)
    if leaf.style == "book":  # a title keeps its author
        brand = leaf.brands[leaf.lines.index(line) % len(leaf.brands)]
    return {
        "noun": noun,
        "head": _AFTER_HEAD.split(noun)[0].split()[-1],
        "kind": _draw(leaf.kinds, noun, rng)[0],
        "feature": features[0],
        "feature2": features[1],
        "feature3": features[2],
        "use": _draw(leaf.uses, noun, rng)[0],
        "size": rng.choice(leaf.sizes),
        "color": rng.choice(leaf.colors or ("",)),
        "brand": brand,
        "line": line,
        "model": "".join(str(rng.randrange(1, 10)) if c == "#" else c for c in pattern),
        "other": rng.choice(other.nouns),
    }


def _draw(choices: Sequence[str], noun: str, rng: Random) -> list[str]:
    """Draw three phrases that repeat no word of the noun: no wireless wireless mouse."""
    stems = _stems(noun)
    fresh = [choice for choice in choices if stems.isdisjoint(_stems(choice))]
    rng.shuffle(fresh)
    return [*fresh, "", "", ""][:3]


def _stems(text: str) -> set[str]:
    words = text.lower().replace("'s", "").replace("-", " ").split()
    return {word.removesuffix("s") for word in words}


def _fill(templates: Sequence[str], words: dict[str, str], rng: Random) -> str:
    """Fill a template, drawn from those whose fields the product all has."""
    usable = [text for text in templates if all(words[name] for name in _FIELD.findall(text))]
    return rng.choice(usable).format_map(words)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _title_case(text: str) -> str:
    words = text.split(" ")
    return _capital(
        " ".join(
            _capital(word) if word.islower() and not _SMALL_WORD.fullmatch(word) else word
            for word in words
        )
    )
