"""The hand-written words: what each leaf of the taxonomy sells, and how products are phrased.

``taxonomy.csv`` holds the categories, ``departments/*.toml`` one department each with a table per
leaf, ``phrases.toml`` the sentences. In the tables a list is one string, split at ", ".
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

_DATA = files("xmlrec.demo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What one category without children sells.

    Attributes
    ----------
    path : tuple of str
        Names from the department down.
    style : str
        The table of ``phrases.toml`` that words its products: ``goods`` or ``book``.
    kinds, features, uses : tuple of str
        What fits before the noun, after "with" and after "for".
    model_codes : tuple of str
        Patterns of model numbers; each # becomes a digit.
    pitches : tuple of str
        Sentences that are true of everything in the department or its branch.
    price : tuple of float
        Lowest and highest.
    also : mapping of str to tuple of str
        Nouns whose products belong to a second category too, with its path.
    """

    path: tuple[str, ...]
    style: str
    nouns: tuple[str, ...]
    kinds: tuple[str, ...]
    features: tuple[str, ...]
    uses: tuple[str, ...]
    sizes: tuple[str, ...]
    colors: tuple[str, ...]
    brands: tuple[str, ...]
    lines: tuple[str, ...]
    model_codes: tuple[str, ...]
    pitches: tuple[str, ...]
    price: tuple[float, float]
    also: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The phrases for one kind of product: templates with {fields}."""

    titles: tuple[str, ...]
    short_titles: tuple[str, ...]
    leads: tuple[str, ...]
    details: tuple[str, ...]
    asides: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """All phrases: by style, for every product, and what dirties them."""

    styles: Mapping[str, Style]
    closings: tuple[str, ...]
    bundles: tuple[str, ...]
    noise: tuple[str, ...]
    emoji: tuple[str, ...]
    tags: tuple[str, ...]
    foreign: tuple[Mapping[str, str], ...]


def taxonomy_csv() -> bytes:
    """Return the demo's taxonomy: CSV in UTF-8 with ``id,parent_id,name,definition``."""
    return (_DATA / "taxonomy.csv").read_bytes()


def read_leaves() -> list[Leaf]:
    """Return what every leaf sells, in the order of the departments' file names."""
    tables = sorted((_DATA / "departments").iterdir(), key=lambda table: table.name)
    return [
        leaf for table in tables for leaf in _department(tomllib.loads(table.read_text("utf-8")))
    ]


def read_phrases() -> Phrases:
    """Return the phrases of all products."""
    tables = tomllib.loads((_DATA / "phrases.toml").read_text("utf-8"))
    styles = {name: Style(**_tuples(tables[name])) for name in ("goods", "book")}
    foreign = tuple(tables["foreign"].values())
    return Phrases(
        styles=styles, foreign=foreign, **_tuples(tables["every"]), **_tuples(tables["dirt"])
    )


def _department(table: dict[str, Any]) -> list[Leaf]:
    pitches = table.pop("pitches")
    leaves = {name: value for name, value in table.items() if isinstance(value, dict)}
    return [
        Leaf(
            path=(table["name"], *name.split(" > ")),
            style=leaf.get("style", "goods"),
            nouns=_words(leaf["nouns"]),
            kinds=_words(leaf["kinds"]),
            features=_words(leaf["features"]),
            uses=_words(leaf["uses"]),
            sizes=_words(leaf["sizes"]),
            colors=_words(leaf.get("colors", table["colors"])),
            brands=_words(leaf.get("brands", table["brands"])),
            lines=_words(leaf.get("lines", table["lines"])),
            model_codes=_words(table["model_codes"]),
            pitches=(*pitches["every"], *pitches[name.split(" > ")[0]]),
            price=tuple(leaf["price"]),
            also={noun: tuple(path.split(" > ")) for noun, path in leaf.get("also", {}).items()},
        )
        for name, leaf in leaves.items()
    ]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(", ")) if text else ()


def _tuples(table: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(values) for key, values in table.items()}
