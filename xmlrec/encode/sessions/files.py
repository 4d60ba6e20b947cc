"""A session model in a folder: its weights as safetensors, and JSON of the rest. No pickle."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xmlrec.encode.sessions.settings import SessionSettings
from xmlrec.errors import EncoderError

if TYPE_CHECKING:
    from xmlrec.encode.sessions.network import SessionNetwork

FORMAT = 1
FACTS, WEIGHTS = "session_model.json", "session_model.safetensors"


def write_model(network: "SessionNetwork", temperature: float, folder: Path) -> None:
    """Write what `read_model` needs; the folder is made if it does not exist."""
    from safetensors.torch import save

    content = save({name: of.contiguous().cpu() for name, of in network.state_dict().items()})
    facts = {
        "format": FORMAT,
        "sha256": hashlib.sha256(content).hexdigest(),
        "temperature": temperature,
        "settings": dataclasses.asdict(network.settings),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(content)
    (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def read_model(folder: Path) -> tuple["SessionNetwork", float]:
    """Return the network that `write_model` wrote, and its temperature.

    Raises
    ------
    EncoderError
        If a file is missing or damaged, or of another format.
    """
    try:
        facts = dict(json.loads((folder / FACTS).read_text(encoding="utf-8")))
        content = (folder / WEIGHTS).read_bytes()
        if facts["format"] != FORMAT:
            problem = f"it is of format {facts['format']}, this xmlrec reads {FORMAT}"
            raise EncoderError(str(folder), problem)
        if hashlib.sha256(content).hexdigest() != facts["sha256"]:
            raise EncoderError(str(folder), f"{WEIGHTS} was changed, its digest is wrong")
        return _network(content, SessionSettings(**facts["settings"])), float(facts["temperature"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        problem = f"{FACTS} or {WEIGHTS} cannot be read ({error!r})"
        raise EncoderError(str(folder), problem) from None


def _network(content: bytes, settings: SessionSettings) -> "SessionNetwork":
    """Return a network with these weights, whose shapes say how many items and nodes it has."""
    import torch
    from safetensors.torch import load

    from xmlrec.encode.sessions.network import SessionNetwork

    weights = load(content)
    n_items, n_nodes = len(weights["ids.weight"]), len(weights["nodes.weight"])
    with torch.random.fork_rng(devices=[]):  # what is drawn at first is not kept
        network = SessionNetwork(
            n_items,
            weights["text.weight"].shape[1] if "text.weight" in weights else 0,
            weights["parents"].numpy(),
            weights["end_nodes"].numpy(),
            settings,
            is_seen=(np.zeros(n_items, np.bool_), np.zeros(n_nodes, np.bool_)),
        )
    network.load_state_dict(weights)
    return network
