"""The steps of a session model's training, and its measurements; imports torch at once."""

import logging
from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
import torch

from xmlrec.encode.batches import IntArray
from xmlrec.encode.clock import Clock
from xmlrec.encode.sessions.content import ItemContent
from xmlrec.encode.sessions.judging import K, figures_of, target_ranks
from xmlrec.encode.sessions.losses import category_loss, fit_temperature, item_loss
from xmlrec.encode.sessions.model import SessionModel
from xmlrec.encode.sessions.network import SessionNetwork, SparseRows
from xmlrec.encode.sessions.settings import SessionQueries, SessionSettings
from xmlrec.encode.sessions.windows import Windows
from xmlrec.encode.training_state import TrainingState

logger = logging.getLogger(__name__)

SAVE_S = 180.0
LOG_S = 30.0
BETAS = (0.9, 0.98)
"""Short memory of squares: with a long one, an item seen rarely moves too far when it is."""


class SessionRun:
    """One training: the catalog as tensors, and the state that it changes."""

    def __init__(
        self,
        network: SessionNetwork,
        content: ItemContent,
        windows: Windows,
        settings: SessionSettings,
        valid: SessionQueries | None,
    ) -> None:
        self.network, self.content, self.windows = network, content, windows
        self.settings, self.valid = settings, valid
        self.model = SessionModel(network)
        self.target_shares = end_distributions(content, self.model.end_nodes)
        device = network.item_scale.device
        self.seen = torch.from_numpy(windows.seen).to(device)
        self.ends = SparseRows(content.end_shares()).to(device)
        self.targets = SparseRows(self.target_shares).to(device)
        self.text = None if content.text is None else torch.from_numpy(content.text).to(device)
        self.first_item_epoch = round(settings.category_share * settings.epochs)
        self.state = TrainingState(
            network,
            lr=settings.lr,
            n_steps=settings.epochs * len(windows),
            weight_decay=settings.weight_decay,
            betas=BETAS,
            patience=settings.patience,
        )

    def train(self, save: Callable[[], None], on_step: Callable[[int, int], None] | None) -> None:
        """Make the steps that are left and take the best weights; ``save`` now and then."""
        state, n_batches = self.state, len(self.windows)
        save_clock, log_clock = Clock(SAVE_S), Clock(LOG_S)
        for epoch in range(state.step // n_batches, self.settings.epochs):
            if state.is_over:
                break
            self.network.train()
            for batch in self.windows.epoch(epoch, start=state.step % n_batches):
                if save_clock.is_due():
                    save()
                loss = self.make_step(batch, with_items=epoch >= self.first_item_epoch)
                if on_step is not None:
                    on_step(state.step, state.n_steps)
                if log_clock.is_due():
                    logger.info("step %d of %d, loss %.3f", state.step, state.n_steps, loss)
            if epoch >= self.first_item_epoch:
                self.judge()
        state.take_best()
        save()

    def make_step(self, batch: IntArray, *, with_items: bool) -> float:
        """Train on one batch and return its loss."""
        torch.manual_seed((self.settings.seed << 32) + self.state.step)  # the same after a kill
        rows = torch.from_numpy(batch).to(self.seen.device)
        is_there = rows >= 0
        drawn = self.draw()
        items, at = torch.cat([rows[is_there], drawn]).unique(return_inverse=True)
        at_drawn = at[-len(drawn) :]
        at_rows = torch.full_like(rows, len(items)).masked_scatter(is_there, at[: -len(drawn)])
        has_id = torch.rand(len(items), device=items.device) >= self.settings.id_dropout
        vectors = self.network.item_vectors(items, has_id, self.ends, self.text)
        padded = torch.nn.functional.pad(vectors, (0, 0, 0, 1))
        is_target = is_there[:, 1:]
        h = self.network.read(torch.nn.functional.embedding(at_rows[:, :-1], padded))[is_target]
        queries, logits = self.network.answer(h, self.network.end_vectors())
        at_targets = at_rows[:, 1:][is_target]
        loss = queries.new_zeros(())
        if with_items:
            of_targets, of_drawn = (
                torch.nn.functional.embedding(of, vectors) for of in (at_targets, at_drawn)
            )
            same = at_targets[:, None] == at_drawn
            loss = item_loss(queries, of_targets, of_drawn, same, len(self.seen))
        if self.settings.category_weight:
            entries = self.targets.entries(items[at_targets])
            loss = loss + self.settings.category_weight * category_loss(logits, *entries)
        self.state.update(loss)
        return float(loss.item())

    def draw(self) -> torch.Tensor:
        """Return items as wrong answers: random ones, or all that training saw."""
        n = self.settings.n_negatives
        if n == 0 or n >= len(self.seen):
            return self.seen
        return self.seen[torch.randint(len(self.seen), (n,), device=self.seen.device)]

    def judge(self) -> None:
        """Measure the model on the validation queries, if there are any."""
        if self.valid is None:
            return
        self.model.refresh()
        vectors = self.model.item_vectors(self.content)
        states = self.model.encode(self.valid.indptr, self.valid.items, vectors)
        figures = figures_of(target_ranks(states.queries, vectors, self.valid))
        self.state.judge(figures[f"NDCG@{K}"])
        shown = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
        logger.info("step %d of %d: %s", self.state.step, self.state.n_steps, shown)

    def trained(self) -> SessionModel:
        """Return the model on the processor, its temperature fitted on the validation queries."""
        model, valid = SessionModel(self.network.cpu()), self.valid
        if valid is None:
            return model
        states = model.encode(valid.indptr, valid.items, model.item_vectors(self.content))
        is_known = np.diff(valid.indptr) > 0
        shares = self.target_shares[valid.targets[is_known]]
        temperature = fit_temperature(states.categories[is_known], shares)
        return SessionModel(model.network, temperature=temperature)


def end_distributions(content: ItemContent, end_nodes: IntArray) -> sp.csr_array:
    """Return what each of ``end_nodes`` counts for an item, (n_items, n_ends), in total 1."""
    P = sp.csr_array(content.P[:, end_nodes])
    sums = np.asarray(P.sum(axis=1), dtype=np.float32)
    return sp.csr_array(sp.diags_array(1 / np.where(sums > 0, sums, np.float32(1))) @ P)
