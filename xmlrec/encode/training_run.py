"""The steps of a fine-tuning, its measurements, and what is logged of it."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xmlrec.encode.batches import Batch, Batches, IntArray
from xmlrec.encode.contrastive import (
    contrastive_loss,
    embed,
    embed_all,
    start_training,
    token_rows,
)
from xmlrec.encode.finetune_settings import FinetuneSettings, ValidationRows
from xmlrec.encode.label_texts import nearest_labels
from xmlrec.encode.training_state import TrainingState
from xmlrec.metrics import precision_at_k, recall_at_k

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

SAVE_S = 180.0
LOG_S = 30.0


class TrainingRun:
    """One fine-tuning: texts as tokens, and the state that it changes."""

    def __init__(
        self,
        model: "SentenceTransformer",
        batches: Batches,
        settings: FinetuneSettings,
        valid: ValidationRows | None,
    ) -> None:
        self.model, self.batches, self.settings, self.valid = model, batches, settings, valid
        n_steps = settings.epochs * len(batches)
        self.state = TrainingState(model, lr=settings.lr, n_steps=n_steps)

    def read(self, item_texts: Sequence[str], label_texts: Sequence[str]) -> None:
        """Turn all texts into tokens."""
        valid_texts = [] if self.valid is None else self.valid.texts
        self.items, self.labels, self.valid_items = (
            token_rows(self.model, texts, self.settings.max_length)
            for texts in (item_texts, label_texts, valid_texts)
        )

    def train(self, save: Callable[[], None]) -> None:
        """Make the steps that are left and take the best weights; ``save`` now and then."""
        state, n_batches = self.state, len(self.batches)
        if state.best_score == -np.inf:
            self.judge()
        save_clock, progress = _Clock(SAVE_S), _Progress(state)
        for epoch in range(state.step // n_batches, self.settings.epochs):
            if state.is_over:
                break
            start_training(self.model)
            for batch in self.batches.epoch(epoch, start=state.step % n_batches):
                if save_clock.is_due():
                    save()
                progress.add(self.make_step(batch), batch.items.size)
            self.judge()
        state.take_best()
        save()

    def make_step(self, batch: Batch) -> float:
        """Train on one batch and return its loss."""
        import torch

        torch.manual_seed((self.settings.seed << 32) + self.state.step)  # the same after a kill
        texts = [self.items[item] for item in batch.items.tolist()]
        texts += [self.labels[label] for label in batch.labels.tolist()]
        vectors = embed(self.model, texts)
        items, labels = vectors[: batch.items.size], vectors[batch.items.size :]
        is_own, is_negative = (
            torch.from_numpy(mask).to(items.device) for mask in (batch.is_own, batch.is_negative)
        )
        loss = contrastive_loss(items @ labels.T / self.settings.temperature, is_own, is_negative)
        self.state.update(loss)
        return float(loss.item())

    def judge(self) -> None:
        """Measure the model on the validation rows, if there are any."""
        if self.valid is None:
            return
        self.model.eval()
        is_known = self.batches.has_items.copy()
        is_known[self.valid.Y.indices] = True
        columns = np.flatnonzero(is_known)
        vectors = embed_all(self.model, [self.labels[label] for label in columns.tolist()])
        L = np.zeros((is_known.size, vectors.shape[1]), dtype=np.float32)
        L[columns] = vectors
        ranked = nearest_labels(embed_all(self.model, self.valid_items), L, 10)
        figures = measure_apart(ranked, self.valid)
        self.state.judge(float(np.mean(figures)))
        logger.info(
            "step %d of %d: P@1 and recall@10 of validation rows %s",
            self.state.step,
            self.state.n_steps,
            ", of new labels ".join(f"{p:.1f} and {recall:.1f}" for p, recall in figures),
        )


def measure_apart(ranked: IntArray, valid: ValidationRows) -> list[tuple[float, float]]:
    """Return P@1 and recall@10 in percent, of rows that are not new, then of those that are.

    Only one pair where there are no others. Rows without a label are left out.

    Parameters
    ----------
    ranked : int array, shape (n_rows, 10)
    """
    has_labels = np.diff(valid.Y.indptr) > 0
    is_new = np.zeros_like(has_labels) if valid.is_new is None else valid.is_new
    return [
        (
            precision_at_k(ranked[rows], valid.Y[rows], 1),
            recall_at_k(ranked[rows], valid.Y[rows], 10),
        )
        for rows in (has_labels & ~is_new, has_labels & is_new)
        if rows.any()
    ]


class _Clock:
    """Says when ``seconds`` have passed since it last said so, or since it was made."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._since = seconds, time.monotonic()

    def is_due(self) -> bool:
        """Return whether it is time, and if so start again."""
        now = time.monotonic()
        if now - self._since < self._seconds:
            return False
        self._since = now
        return True


class _Progress:
    """Logs how far a training is."""

    def __init__(self, state: TrainingState) -> None:
        self._state, self._first_step = state, state.step
        self._began, self._clock = time.monotonic(), _Clock(LOG_S)
        self._n_items = 0
        self._losses: list[float] = []

    def add(self, loss: float, n_items: int) -> None:
        """Count one step."""
        self._losses.append(loss)
        self._n_items += n_items
        if not self._clock.is_due():
            return
        state, passed_s = self._state, time.monotonic() - self._began
        left_s = passed_s / (state.step - self._first_step) * (state.n_steps - state.step)
        logger.info(
            "step %d of %d, loss %.3f, %.0f items a second, %.1f minutes left",
            state.step,
            state.n_steps,
            np.mean(self._losses),
            self._n_items / passed_s,
            left_s / 60,
        )
        self._losses.clear()
