"""Two encoders as one: their vectors side by side.

With vectors ``u`` and ``v`` of a text the joined one is ``(sqrt(1 - s) u, sqrt(s) v)``, so that the
cosine of two texts is the mean of both cosines with the weights ``1 - s`` and ``s``. Where one of
the two knows no token of a text, the other's vector stands alone.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from xmlrec.encode.contract import Encoder, Vectors
from xmlrec.encode.label_texts import scale_rows
from xmlrec.encode.sentence import SentenceEncoder
from xmlrec.encode.static import StaticEncoder
from xmlrec.errors import EncoderError

FACTS = "joined.json"
FIRST, SECOND = "first", "second"


class JoinedEncoder:
    """An `Encoder` of a transformer and a static encoder.

    Parameters
    ----------
    first : SentenceEncoder
    second : StaticEncoder
    share : float
        What the second one counts for, between 0 and 1.
    """

    def __init__(self, first: SentenceEncoder, second: StaticEncoder, *, share: float) -> None:
        self.first, self.second, self.share = first, second, share

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.first.name} + {self.second.name}"

    @property
    def dim(self) -> int:
        """Length of every vector."""
        return self.first.dim + self.second.dim

    @property
    def digest(self) -> str:
        """The sha256 of both digests and the share, in hexadecimal digits."""
        text = f"{self.first.digest} {self.second.digest} {self.share}"
        return hashlib.sha256(text.encode()).hexdigest()

    def encode(self, texts: Sequence[str], *, n_threads: int | None = None) -> Vectors:
        """Return one vector a text; see `Encoder.encode`."""
        vectors = (part.encode(texts, n_threads=n_threads) for part in (self.first, self.second))
        return self.join(*vectors)

    def join(self, first: Vectors, second: Vectors) -> Vectors:
        """Return the vectors of both, of unit length or zeros, as joined ones."""
        weighted = np.sqrt(1 - self.share) * first, np.sqrt(self.share) * second
        return scale_rows(np.concatenate(weighted, axis=1).astype(np.float32))

    def save(self, folder: Path) -> None:
        """Write both encoders into ``folder``, which is made if it does not exist."""
        for part, name in ((self.first, FIRST), (self.second, SECOND)):
            (folder / name).mkdir(parents=True, exist_ok=True)
            part.save(folder / name)
        (folder / FACTS).write_text(json.dumps({"share": self.share}) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what `save` wrote.

        Raises
        ------
        EncoderError
            If the folder is damaged, or a package that the transformer needs is not installed.
        """
        try:
            share = float(json.loads((folder / FACTS).read_text(encoding="utf-8"))["share"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise EncoderError(str(folder), f"{FACTS} cannot be read ({error!r})") from None
        first, second = SentenceEncoder.load(folder / FIRST), StaticEncoder.load(folder / SECOND)
        return cls(first, second, share=share)


def load_encoder(folder: Path) -> Encoder:
    """Open what the ``save`` of an encoder of a model wrote, of whatever kind it is.

    Raises
    ------
    EncoderError
        If the folder is damaged, or a package that a transformer needs is not installed.
    """
    kind = JoinedEncoder if (folder / FACTS).is_file() else StaticEncoder
    return kind.load(folder)
