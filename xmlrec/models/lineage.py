"""Every version of a model's taxonomy, also those from before it was trained again.

The base of a model that was trained again keeps the log of the one before: ``base/history`` holds
the taxonomy that was trained on first, and a file for each change since, the training too.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from xmlrec.errors import ChangeError, ModelError
from xmlrec.models.model_dir import BASE, RETRAIN, read_manifest
from xmlrec.models.versions import (
    Version,
    read_versions,
    version_from_json,
    version_name,
    version_to_json,
)
from xmlrec.taxonomy import Taxonomy, read_taxonomy, write_taxonomy
from xmlrec.taxonomy.change_sets import Batch, Rollback, Update, replay
from xmlrec.taxonomy.changes import Add, Change
from xmlrec.taxonomy.state import TaxonomyState

HISTORY = "history"
TAXONOMY = "taxonomy.jsonl"


@dataclass(frozen=True, slots=True, eq=False)
class Lineage:
    """A taxonomy and all that became of it; version ``n`` is made by entry ``n - 1`` of the log.

    Attributes
    ----------
    origin : Taxonomy
        Version 0, the one first trained on.
    past : tuple of Version
        Up to the training of the model, without vectors; empty if it is the first.
    since : tuple of Version
        The changes after it.
    """

    origin: Taxonomy
    past: tuple[Version, ...] = ()
    since: tuple[Version, ...] = ()

    @property
    def log(self) -> tuple[Version, ...]:
        """All versions, the oldest first."""
        return (*self.past, *self.since)

    @property
    def number(self) -> int:
        """The number of the version in use."""
        return len(self.log)

    def state(self, number: int | None = None) -> TaxonomyState:
        """Return the state of a version, by default the one in use.

        Raises
        ------
        ChangeError
            If there is no such version.
        """
        number = self.number if number is None else number
        if not 0 <= number <= self.number:
            problem = f"there is no version {number}; the versions are 0 to {self.number}"
            raise ChangeError(problem, "see `xmlrec taxonomy log`")
        changes = [version.change for version in self.log[:number]]
        return replay(TaxonomyState(self.origin), changes)

    def base_state(self) -> TaxonomyState:
        """Return the state that the model was trained in."""
        return self.state(len(self.past))

    def with_version(self, version: Version) -> "Lineage":
        """Return the lineage after one more change."""
        return replace(self, since=(*self.since, version))

    def trained_again(self, version: Version) -> "Lineage":
        """Return the lineage of a model that is trained in this one's place."""
        log = [replace(v, columns=(), vectors=None) for v in (*self.log, version)]
        return Lineage(self.origin, tuple(log))

    def is_continued_by(self, other: "Lineage") -> bool:
        """Say whether ``other`` has the same origin and all versions of this one."""
        own, others = (list(map(version_to_json, lineage.log)) for lineage in (self, other))
        return self.origin == other.origin and own == others[: len(own)]

    def source(self, name: str) -> str:
        """Return what the taxonomy in use is called if that of the training was called ``name``."""
        names = [name]
        for version in self.since:
            change = version.change
            if isinstance(change, Update):
                names.append(change.source)
            elif isinstance(change, Rollback):
                names.append(names[max(0, change.version - len(self.past))])
            else:
                names.append(names[-1])
        return names[-1]

    def local_ids(self) -> set[str]:
        """Return the ids of the categories that were added by hand or by a catalog's rows."""
        return {add.id for version in self.log for add in _adds(version.change)}


def _adds(change: Change) -> Iterable[Add]:
    changes = change.changes if isinstance(change, Batch) else (change,)
    return [each for each in changes if isinstance(each, Add)]


def read_lineage(model_dir: Path, *, verify: bool = False) -> Lineage:
    """Return the lineage of a saved model; ``verify`` as for `read_versions`.

    Raises
    ------
    ModelError
        If there is no model, or what is needed of it is damaged.
    """
    manifest = read_manifest(model_dir)
    base = model_dir / BASE
    try:
        past = read_history(base, int(manifest.get("version", 0)))
        folder = base / HISTORY if past else base
        origin = read_taxonomy(folder / TAXONOMY)
    except Exception as error:  # JSON of another shape raises anything
        raise ModelError(str(model_dir), f"it is damaged ({error})", RETRAIN) from error
    return Lineage(origin, tuple(past), tuple(read_versions(model_dir, verify=verify)))


def read_history(base: Path, number: int) -> list[Version]:
    """Return the versions up to the training, whose version is ``number``; damage raises anything.

    The digests of the files are those of the base's manifest.
    """
    return [
        version_from_json(json.loads(path.read_text(encoding="utf-8")))
        for path in (base / HISTORY / f"{version_name(n)}.json" for n in range(1, number + 1))
    ]


def write_history(lineage: Lineage, base: Path) -> None:
    """Write what `read_history` reads, and the origin."""
    if not lineage.past:
        return
    folder = base / HISTORY
    folder.mkdir()
    write_taxonomy(lineage.origin, folder / TAXONOMY)
    for version in lineage.past:
        text = json.dumps(version_to_json(version), ensure_ascii=False, indent=1, sort_keys=True)
        path = folder / f"{version_name(version.number)}.json"
        path.write_text(text + "\n", encoding="utf-8")
