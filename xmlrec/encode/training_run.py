"""The steps of a fine-tuning, its measurements, and what is logged of it."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xmlrec.encode.batches import Batch, Batches, IntArray
from xmlrec.encode.clock import Clock
from xmlrec.encode.contract import Vectors
from xmlrec.encode.contrastive import (
    contrastive_loss,
    embed,
    embed_all,
    start_training,
    token_rows,
)
from xmlrec.encode.finetune_settings import FinetuneSettings, ValidationRows
from xmlrec.encode.label_texts import nearest_labels, scale_rows
from xmlrec.encode.training_state import TrainingState
from xmlrec.metrics import precision_at_k, recall_at_k

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

SAVE_S = 180.0
LOG_S = 30.0


class TrainingRun:
    """One fine-tuning: documents as tokens, and the state that it changes.

    Parameters
    ----------
    texts : sequence of str
        Items, then labels.
    start : float32 array, shape (n_labels, dim), optional
        The label vectors to go on from; by default those of the labels' texts.
    """

    def __init__(
        self,
        model: "SentenceTransformer",
        texts: Sequence[str],
        batches: Batches,
        settings: FinetuneSettings,
        *,
        valid: ValidationRows | None,
        start: Vectors | None,
        n_labels: int,
    ) -> None:
        import torch

        self.model, self.batches, self.settings, self.valid = model, batches, settings, valid
        self.documents, self.valid_items = (
            token_rows(model, of_kind, settings.max_length)
            for of_kind in (texts, [] if valid is None else valid.texts)
        )
        self.n_labels = n_labels
        model.eval()
        first = self.of_texts(batches.labels) if start is None else start[batches.labels]
        self.label_vectors = torch.nn.Parameter(torch.from_numpy(first).to(model.device))
        self.state = TrainingState(
            model,
            self.label_vectors,
            lr=settings.lr,
            label_lr=settings.label_lr,
            n_steps=settings.epochs * len(batches),
        )

    def of_texts(self, labels: IntArray) -> Vectors:
        """Return the vectors of the texts of some labels, at least one."""
        n_items = len(self.documents) - self.n_labels
        return embed_all(self.model, [self.documents[n_items + label] for label in labels.tolist()])

    def trained_vectors(self) -> Vectors:
        """Return unit vectors (n_labels, dim): trained ones, zeros for labels without items."""
        vectors = np.zeros((self.n_labels, self.label_vectors.shape[1]), dtype=np.float32)
        trained = self.label_vectors.detach().cpu().numpy()
        vectors[self.batches.labels] = scale_rows(trained)
        return vectors

    def train(self, save: Callable[[], None]) -> None:
        """Make the steps that are left and take the best weights; ``save`` now and then."""
        state, n_batches = self.state, len(self.batches)
        if state.best_score == -np.inf:
            self.judge()
        save_clock, progress = Clock(SAVE_S), _Progress(state)
        for epoch in range(state.step // n_batches, self.settings.epochs):
            if state.is_over:
                break
            start_training(self.model)
            for batch in self.batches.epoch(epoch, start=state.step % n_batches):
                if save_clock.is_due():
                    save()
                progress.add(self.make_step(batch), batch.documents.size)
            self.judge()
        state.take_best()
        save()

    def make_step(self, batch: Batch) -> float:
        """Train on one batch and return its loss."""
        import torch

        torch.manual_seed((self.settings.seed << 32) + self.state.step)  # the same after a kill
        vectors = embed(self.model, [self.documents[row] for row in batch.documents.tolist()])
        labels = torch.nn.functional.normalize(self.label_vectors, dim=1)
        is_own, is_negative = (
            torch.from_numpy(mask).to(vectors.device) for mask in (batch.is_own, batch.is_negative)
        )
        loss = contrastive_loss(vectors @ labels.T / self.settings.temperature, is_own, is_negative)
        self.state.update(loss)
        return float(loss.item())

    def judge(self) -> None:
        """Measure the model on the validation rows, if there are any."""
        if self.valid is None:
            return
        self.model.eval()
        vectors = self.trained_vectors()
        if (new := np.setdiff1d(self.valid.Y.indices, self.batches.labels)).size:
            vectors[new] = self.of_texts(new)
        ranked = nearest_labels(embed_all(self.model, self.valid_items), vectors, 10)
        figures = measure_apart(ranked, self.valid)
        weights = [2.0 if name == "P@1" else 1.0 for name in figures]
        self.state.judge(float(np.average(list(figures.values()), weights=weights)))
        logger.info(
            "step %d of %d: %s",
            self.state.step,
            self.state.n_steps,
            ", ".join(f"{name} {value:.1f}" for name, value in figures.items()),
        )


def measure_apart(ranked: IntArray, valid: ValidationRows) -> dict[str, float]:
    """Return figures of validation rows in percent.

    They are P@1 and recall@10 of labels that training saw, and recall@10 of those that it did not.
    (Which of the two kinds comes first is for fusion to weigh, so P@1 of the latter says little.)
    Rows without a label are left out. Their mean, P@1 counted twice, says when to stop: recall of
    new labels falls from the first epoch on, but in fusion with other scores hardly.

    Parameters
    ----------
    ranked : int array, shape (n_rows, 10)
    """
    has_labels = np.diff(valid.Y.indptr) > 0
    is_new = np.zeros_like(has_labels) if valid.is_new is None else valid.is_new
    known, new = np.flatnonzero(has_labels & ~is_new), np.flatnonzero(has_labels & is_new)
    figures = {}
    if known.size:
        figures["P@1"] = precision_at_k(ranked[known], valid.Y[known], 1)
        figures["recall@10"] = recall_at_k(ranked[known], valid.Y[known], 10)
    if new.size:
        figures["recall@10 of new labels"] = recall_at_k(ranked[new], valid.Y[new], 10)
    return figures


class _Progress:
    """Logs how far a training is."""

    def __init__(self, state: TrainingState) -> None:
        self._state, self._first_step = state, state.step
        self._began, self._clock = time.monotonic(), Clock(LOG_S)
        self._n_documents = 0
        self._losses: list[float] = []

    def add(self, loss: float, n_documents: int) -> None:
        """Count one step."""
        self._losses.append(loss)
        self._n_documents += n_documents
        if not self._clock.is_due():
            return
        state, passed_s = self._state, time.monotonic() - self._began
        left_s = passed_s / (state.step - self._first_step) * (state.n_steps - state.step)
        logger.info(
            "step %d of %d, loss %.3f, %.0f texts a second, %.1f minutes left",
            state.step,
            state.n_steps,
            np.mean(self._losses),
            self._n_documents / passed_s,
            left_s / 60,
        )
        self._losses.clear()
