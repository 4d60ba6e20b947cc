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
MAX_GRADIENT = 1.0

START_AGAIN = "remove the file to start again"


class TrainingState:
    """What AdamW (Loshchilov and Hutter, ICLR 2019) changes, and the rest.

    Parameters
    ----------
    model : torch module
        Weights that require no gradient are left alone.
    label_vectors : torch parameter
    lr, label_lr : float
        Step sizes after the warm-up; they fall linearly to 0.
    n_steps : int

    Attributes
    ----------
    step : int
        Updates made.
    best_score : float
        The highest score that `judge` was told; -inf before the first.
    is_over : bool
        Whether the last score was not the highest.
    """

    def __init__(
        self,
        model: "nn.Module",
        label_vectors: "nn.Parameter",
        *,
        lr: float,
        label_lr: float,
        n_steps: int,
    ) -> None:
        import torch

        of_model = {
            name: weights for name, weights in model.named_parameters() if weights.requires_grad
        }
        matrices = [weights for weights in of_model.values() if weights.ndim > 1]
        others = [weights for weights in of_model.values() if weights.ndim <= 1]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": WEIGHT_DECAY},
                {"params": others, "weight_decay": 0.0},  # biases and scales stay free
                {"params": [label_vectors], "weight_decay": 0.0},
            ],
            fused=True,
        )
        self._of_model = list(of_model.values())
        self._weights = of_model | {"label_vectors": label_vectors}
        self._rates = (lr, lr, label_lr)
        self._best: dict[str, Tensor] = {}
        self.n_steps = n_steps
        self.step = 0
        self.best_score = -np.inf
        self.is_over = False

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
        """Remember the weights if ``score`` is the highest so far; else training is over."""
        self.is_over = score <= self.best_score
        if not self.is_over:
            self.best_score = score
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
        facts = {"step": self.step, "best_score": self.best_score, "is_over": self.is_over}
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
        self.is_over = facts["is_over"]

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
