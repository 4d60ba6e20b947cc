"""What a training changes: weights, moments, how far it is, the best so far; and one file of it."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xmlrec.errors import EncoderError

if TYPE_CHECKING:
    from torch import Tensor, nn

WARMUP_SHARE = 0.1
WEIGHT_DECAY = 0.01
BETAS = (0.9, 0.999)
MAX_GRADIENT = 1.0

START_AGAIN = "remove the file to start again"


class TrainingState:
    """What AdamW (Loshchilov and Hutter, ICLR 2019) changes, and the rest.

    Parameters
    ----------
    model : torch module
        Weights that require no gradient are left alone.
    label_vectors : torch parameter, optional
        Trained beside the model, without weight decay and without a limit to its gradient.
    lr, label_lr : float
        Step sizes after the warm-up; they fall linearly to 0.
    n_steps : int
    weight_decay : float, default=0.01
        Of the matrices of the model.
    betas : pair of float
        What AdamW keeps of its first and second moments at a step.
    patience : int, default=1
        How many scores in a row may be no improvement; the last of them ends training.

    Attributes
    ----------
    step : int
        Updates made.
    best_score : float
        The highest score that `judge` was told; -inf before the first.
    n_worse : int
        Scores since the highest.
    """

    def __init__(
        self,
        model: "nn.Module",
        label_vectors: "nn.Parameter | None" = None,
        *,
        lr: float,
        label_lr: float = 0.0,
        n_steps: int,
        weight_decay: float = WEIGHT_DECAY,
        betas: tuple[float, float] = BETAS,
        patience: int = 1,
    ) -> None:
        import torch

        of_model = {
            name: weights for name, weights in model.named_parameters() if weights.requires_grad
        }
        matrices = [weights for weights in of_model.values() if weights.ndim > 1]
        others = [weights for weights in of_model.values() if weights.ndim <= 1]
        beside = {} if label_vectors is None else {"label_vectors": label_vectors}
        self._optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": weight_decay},
                {"params": others, "weight_decay": 0.0},  # biases and scales stay free
                {"params": list(beside.values()), "weight_decay": 0.0},
            ],
            betas=betas,
            fused=True,
        )
        self._of_model = list(of_model.values())
        self._weights = of_model | beside
        self._rates = (lr, lr, label_lr)
        self._patience = patience
        self._best: dict[str, Tensor] = {}
        self.n_steps = n_steps
        self.step = 0
        self.best_score = -np.inf
        self.n_worse = 0

    @property
    def is_over(self) -> bool:
        """Whether as many scores as ``patience`` have passed since the highest."""
        return self.n_worse >= self._patience

    def update(self, loss: "Tensor") -> None:
        """Make one step down the gradient of ``loss``."""
        import torch

        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * lr_share(self.step, self.n_steps)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._of_model, MAX_GRADIENT)
        self._optimizer.step()
        self.step += 1

    def judge(self, score: float) -> None:
        """Remember the weights if ``score`` is the highest so far; else count it."""
        self.n_worse += 1
        if score > self.best_score:
            self.best_score, self.n_worse = score, 0
            self._best = {name: weights.detach().clone() for name, weights in self._weights.items()}

    def take_best(self) -> None:
        """Put the weights of the highest score into the model, if any was judged."""
        self._put(self._best)

    def save(self, path: Path, digest: str) -> None:
        """Write all of it as safetensors, whole or not at all.

        Parameters
        ----------
        path : Path
            A file; its folder is made if it does not exist.
        digest : str
            Of all that the training depends on.
        """
        from safetensors.torch import save_file

        tensors = {f"weights/{name}": weights.detach() for name, weights in self._weights.items()}
        tensors |= {f"best/{name}": weights for name, weights in self._best.items()}
        for number, moments in self._optimizer.state_dict()["state"].items():
            tensors |= {f"moments/{number}/{name}": moment for name, moment in moments.items()}
        facts = {"step": self.step, "best_score": self.best_score, "n_worse": self.n_worse}
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{path.name}.part")
        save_file(tensors, aside, metadata={"digest": digest, "facts": json.dumps(facts)})
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)

    def resume(self, path: Path, digest: str) -> None:
        """Go on from what `save` wrote, if there is such a file.

        Raises
        ------
        EncoderError
            If the file is damaged, or of a training that depends on other things.
        """
        if not path.exists():
            return
        try:
            tensors, metadata = _read(path)
        except Exception as error:  # safetensors raises its own
            problem = f"the state of training is damaged ({error})"
            raise EncoderError(str(path), problem, START_AGAIN) from error
        if metadata["digest"] != digest:
            problem = "it is the state of a training on other rows, settings or weights"
            raise EncoderError(str(path), problem, START_AGAIN)
        self._put(_below("weights/", tensors))
        device = next(iter(self._weights.values())).device
        best = _below("best/", tensors)
        self._best = {name: weights.to(device) for name, weights in best.items()}
        self._put_moments(_below("moments/", tensors))
        facts = json.loads(metadata["facts"])
        self.step, self.best_score = facts["step"], facts["best_score"]
        self.n_worse = facts["n_worse"]

    def _put(self, tensors: "dict[str, Tensor]") -> None:
        for name, tensor in tensors.items():
            self._weights[name].data.copy_(tensor)

    def _put_moments(self, tensors: "dict[str, Tensor]") -> None:
        moments: dict[int, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            number, name = key.split("/")
            moments.setdefault(int(number), {})[name] = tensor
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": moments, "param_groups": groups})


def lr_share(step: int, n_steps: int) -> float:
    """Return the share of the full step size: up to 1 in a tenth of the steps, then down to 0."""
    n_warmup = max(1, round(WARMUP_SHARE * n_steps))
    return min((step + 1) / n_warmup, (n_steps - step) / max(1, n_steps - n_warmup))


def _read(path: Path) -> "tuple[dict[str, Tensor], dict[str, str]]":
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        names = file.keys()
        return {name: file.get_tensor(name) for name in names}, dict(file.metadata())


def _below(prefix: str, tensors: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """Return the tensors whose names begin with ``prefix``, without it."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
