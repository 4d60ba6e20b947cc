"""Recommenders of others: what each is, where it runs, and its lists, kept once they are made."""

import hashlib
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.datasets import WORK
from bench.peers import THREADS, made, peer_versions, python_of, run_command
from bench.recommend_sets import EventSet

K = 20  # items asked for every query
SEED = 0

Settings = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """A method of `bench.recommend_worker`; of several ``settings`` the tuning split chooses.

    Its ``package`` lies in an environment of its own, None is the bench itself.
    """

    name: str
    method: str
    settings: tuple[Settings, ...] = ({},)
    package: str | None = None
    is_slow: bool = False

    def version(self) -> str | None:
        """Return the pinned version of the package."""
        return self.package and peer_versions(self.package.lower())[self.package]


@dataclass(frozen=True)
class Answers:
    """Lists of items, int32 of shape (n_queries, K) padded with -1, and what they took."""

    lists: np.ndarray
    fit_s: float
    ms_a_query: float
    settings: Settings
    day: str


POPULARITY = Peer("popularity", "popularity")
SESSION_POPULARITY = Peer("session popularity", "session popularity")
NEIGHBOURS = Peer(
    "implicit, item-kNN",
    "neighbours",
    tuple({"weighting": kind, "K": n} for kind in ("cosine", "bm25") for n in (20, 200, 1_000)),
    "implicit",
)
ALS = Peer(
    "implicit, ALS",
    "als",
    tuple({"factors": n, "alpha": alpha} for n in (64, 256) for alpha in (10.0, 40.0, 160.0)),
    "implicit",
)
SASREC = {
    "n_blocks": 1,
    "n_heads": 1,
    "dropout_rate": 0.2,
    "loss": "sampled_softmax",
    "n_factors": 64,
    "epochs": 200,
    "minutes": 20,
}
SASREC_SIZES = {
    "diginetica": {"session_max_len": 20, "n_negatives": 64},
    "amazon-sports": {"session_max_len": 20, "n_negatives": 64},
    "completejourney": {"session_max_len": 50, "n_negatives": 256},
}
"""What lets two cores go through many epochs in the minutes that they have; of the sessions of the
first two sets, 99 and 97 % have at most 20 events."""


def peers_of(event_set: EventSet) -> list[Peer]:
    """Return the peers for a set; popularity in a session needs items that may come again."""
    own = [POPULARITY, SESSION_POPULARITY] if event_set.may_repeat else [POPULARITY]
    sasrec = SASREC | SASREC_SIZES[event_set.name]
    return [*own, NEIGHBOURS, ALS, Peer("RecTools, SASRec", "sasrec", (sasrec,), "RecTools", True)]


def answers_once(event_set: EventSet, peer: Peer, *, fresh: bool, run_slow: bool) -> Answers | None:
    """Return the answers kept for these events and settings, making them if there are none.

    None stands for a slow peer without kept answers where ``run_slow`` is false.
    """
    facts = [event_set.digest, peer.method, peer.version(), peer.settings, SEED, THREADS, K]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    kept = made(WORK / "cache") / f"{key}.recommend.json"
    may_run = run_slow or not peer.is_slow
    if not kept.exists() or (fresh and may_run):
        if not may_run:
            return None
        measure(event_set, peer, kept)
    found = json.loads(kept.read_text(encoding="utf-8"))
    return Answers(np.load(kept.with_suffix(".npy")), **found["measures"], **found["facts"])


def measure(event_set: EventSet, peer: Peer, kept: Path) -> None:
    """Fit and rank in a fresh process, and keep what it answers."""
    print(f"{event_set.name}: {peer.name}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=made(WORK)) as name:
        out = Path(name)
        job = {
            "method": peer.method,
            "package": peer.package,
            "version": peer.version(),
            "settings": peer.settings,
            "arrays": str(event_set.folder()),
            "n_items": len(event_set.item_ids),
            "may_repeat": event_set.may_repeat,
            "threads": THREADS,
            "seed": SEED,
            "k": K,
            "out": name,
        }
        (out / "job.json").write_text(json.dumps(job), encoding="utf-8")
        python = sys.executable if peer.package is None else python_of(peer.package.lower())
        run_command(
            [python, "-m", "bench.recommend_worker", str(out / "job.json")],
            threads=THREADS,
            log=made(WORK / "logs") / f"{event_set.name}-{peer.method.replace(' ', '-')}.log",
        )
        found = json.loads((out / "measures.json").read_text(encoding="utf-8"))
        np.save(kept.with_suffix(".npy"), np.load(out / "lists.npy"))
    facts = {"settings": found["settings"], "day": time.strftime("%Y-%m-%d")}
    kept.write_text(json.dumps({"measures": found["measures"], "facts": facts}), encoding="utf-8")
