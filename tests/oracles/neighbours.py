"""A slow, obvious twin of `xmlrec.recommend.neighbours`: one session, one item at a time."""

import math
from collections import defaultdict

import numpy as np

from xmlrec.recommend.neighbours.building import MAX_SUCCESSORS, N_STEPS
from xmlrec.recommend.neighbours.tables import LEAST, MAX_REACH, N_EVENTS


class SlowNeighbours:
    """Lists of ``(item, weight)`` pairs, oldest session first, searched from end to end."""

    def __init__(self, sessions, n_items, settings):
        rows = [
            (list(zip(row, weights, strict=True)), name, None if times is None else times[-1])
            for row, weights, times, name in events_of(sessions)
            if row
        ]
        if sessions.times is not None:
            rows.sort(key=lambda row: row[2])  # stable
        self.sessions = [row[0] for row in rows]
        self.ids = [row[1] for row in rows]
        self.n_items, self.settings = n_items, settings

    def holders(self, item):
        """Return the sessions with an item, newest first."""
        newest_first = reversed(range(len(self.sessions)))
        return [s for s in newest_first if any(item == other for other, _ in self.sessions[s])]

    def idf(self, item):
        return math.log(1 + len(self.sessions) / len(self.holders(item)))

    def decay(self, events, span):
        value = (
            math.exp(-events / span) if self.settings.decay == "exponential" else 1 - events / span
        )
        return value if value >= LEAST else 0.0

    def events(self, row, weights):
        """Return ``(item, events since, weight)`` of the known items, the last one first."""
        known = [
            (item, weight) for item, weight in zip(row, weights, strict=True) if self.holders(item)
        ]
        found = {}
        for since, (item, weight) in enumerate(known[::-1][:N_EVENTS]):
            found.setdefault(item, (since, weight))
        return [(item, since, weight) for item, (since, weight) in found.items()]

    def neighbours(self, events):
        """Return ``{session: (similarity, first common item)}``."""
        settings, sums, common = self.settings, defaultdict(float), {}
        for item, since, weight in events:
            worth = self.decay(since, settings.span) * self.idf(item) ** settings.idf_exponent
            if worth > 0:
                for session in self.holders(item)[: settings.n_recent]:
                    sums[session] += worth * weight
                    common.setdefault(session, item)
        for session in sums:
            age = (len(self.sessions) - 1 - session) / len(self.sessions)
            sums[session] *= len(self.sessions[session]) ** -settings.length_exponent
            sums[session] *= math.exp(-settings.age_decay * age)
        best = sorted(sums, key=lambda session: (-np.float32(sums[session]), -session))
        return {s: (sums[s], common[s]) for s in best[: settings.n_neighbours]}

    def place(self, distance):
        """Return what an item ``distance`` events after the common one counts."""
        if distance == 0:
            return self.settings.repeat
        value = math.exp(-(abs(distance) - 1) / self.settings.distance_span)
        if abs(distance) > MAX_REACH or value < LEAST:
            return 0.0
        return value if distance > 0 else value * self.settings.before

    def suggested(self, events):
        """Return ``{item: score}`` of the neighbours."""
        scores = defaultdict(float)
        for session, (similarity, item) in self.neighbours(events).items():
            row = self.sessions[session]
            at = max(p for p, (other, _) in enumerate(row) if other == item)
            for p, (other, weight) in enumerate(row):
                value = similarity**self.settings.sharpness * self.place(p - at) * weight
                scores[other] += value * self.idf(other) ** self.settings.rarity_exponent
        return shares_of(scores)

    def successors(self, item):
        """Return ``{item: share}`` of what follows an item."""
        counts = defaultdict(float)
        for row in self.sessions:
            for p, (first, _) in enumerate(row):
                for step, (other, weight) in enumerate(row[p + 1 : p + 1 + N_STEPS], 1):
                    if first == item:
                        counts[other] += weight / step
        best = sorted(counts, key=lambda other: (-np.float32(counts[other]), other))
        return shares_of({other: counts[other] for other in best[:MAX_SUCCESSORS]})

    def rules(self, events):
        scores = defaultdict(float)
        for item, since, weight in events:
            for other, share in self.successors(item).items():
                scores[other] += self.decay(since, self.settings.rules_span) * weight * share
        return shares_of(scores)

    def evidence(self, row, weights, rules_share):
        """Return the dense row of evidence."""
        events = self.events(row, weights)
        rules, suggested = self.rules(events), {} if rules_share == 1 else self.suggested(events)
        share = rules_share if rules else 0.0
        share = share if suggested or not rules_share else 1.0
        found = np.zeros(self.n_items)
        for item, value in suggested.items():
            found[item] += (1 - share) * value
        for item, value in rules.items():
            found[item] += share * value
        return found


def events_of(sessions):
    """Yield items, weights, times and id of each session."""
    for number, name in enumerate(sessions.ids):
        at = slice(sessions.indptr[number], sessions.indptr[number + 1])
        times = None if sessions.times is None else sessions.times[at].tolist()
        yield sessions.items[at].tolist(), sessions.weights[at].tolist(), times, name


def shares_of(scores):
    """Return the scores above 0, divided by their sum."""
    total = sum(scores.values())
    return {item: score / total for item, score in scores.items() if score > 0}


def evidence_reference(sessions, n_items, settings, queries, rules_share):
    """Return the dense evidence (n_queries, n_items)."""
    slow = SlowNeighbours(sessions, n_items, settings)
    rows = [slow.evidence(row, weights, rules_share) for row, weights, *_ in events_of(queries)]
    return np.array(rows).reshape(len(queries), n_items)
