"""RecTools' SASRec, trained as its guide does: validation users, early stopping, best epoch.

Block, head, dropout and loss are those that its authors' benchmark uses for Amazon's histories
(blondered/transformer_benchmark, ``configs/paper/loo/s3_vanilla.yaml``). There it trains on a GPU
for up to 200 epochs, with 256 factors and 256 negatives a place.
"""

import tempfile
from functools import partial
from typing import Any

import numpy as np

from bench.recommend_rows import Fitted, Rows, padded

VALIDATION_USERS = 2048
PATIENCE = 5  # epochs without a better validation loss


def fit_sasrec(
    train: Rows, n_items: int, *, threads: int, seed: int, minutes: float, epochs: int, **model: Any
) -> Fitted:
    """Train for at most so many minutes and epochs, and say how many epochs it were.

    ``model`` are arguments of `SASRecModel`.
    """
    import torch
    from pytorch_lightning import Trainer, seed_everything
    from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
    from rectools.models import SASRecModel
    from rectools.models.nn.transformers.utils import leave_one_out_mask

    torch.set_num_threads(threads)
    seed_everything(seed)
    monitored = SASRecModel.val_loss_name
    with tempfile.TemporaryDirectory() as folder:

        def trainer() -> Trainer:
            return Trainer(
                max_epochs=epochs,
                max_time={"seconds": round(60 * minutes)},
                callbacks=[
                    EarlyStopping(monitored, patience=PATIENCE),
                    ModelCheckpoint(folder, monitor=monitored, save_weights_only=True),
                ],
                logger=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                devices=1,
            )

        sasrec = SASRecModel(
            **model,
            get_trainer_func=trainer,
            get_val_mask_func=leave_one_out_mask,
            get_val_mask_func_kwargs={"val_users": min(VALIDATION_USERS, len(train) // 10)},
        )
        sasrec.fit(dataset_of(train))
        best = sasrec.fit_trainer.checkpoint_callback
        if best.best_model_path:  # none if the time was over before the first epoch was
            sasrec.load_weights_from_checkpoint(best.best_model_path)
    return partial(rank, sasrec), {"epochs": sasrec.fit_trainer.current_epoch}


def dataset_of(rows: Rows) -> Any:
    """Return a RecTools dataset with a user a row; the place in it stands for the time."""
    import pandas as pd
    from rectools import Columns
    from rectools.dataset import Dataset

    lengths = np.diff(rows.indptr)
    places = np.arange(len(rows.items)) - np.repeat(rows.indptr[:-1], lengths)
    events = {
        Columns.User: np.repeat(np.arange(len(rows)), lengths),
        Columns.Item: rows.items,
        Columns.Weight: 1.0,
        Columns.Datetime: pd.to_datetime(places, unit="s"),
    }
    return Dataset.construct(pd.DataFrame(events))


def rank(model: Any, queries: Rows, k: int, may_repeat: bool) -> np.ndarray:
    """Rank for each query as for a user of its own; one without a known item gets no answer."""
    from rectools import Columns

    found = model.recommend(
        users=np.arange(len(queries)),
        dataset=dataset_of(queries),
        k=k,
        filter_viewed=not may_repeat,
        on_unsupported_targets="ignore",
    )
    lists: list[list[int]] = [[] for _ in range(len(queries))]
    for query, item in zip(found[Columns.User], found[Columns.Item], strict=True):
        lists[query].append(item)
    return padded(lists, k)
