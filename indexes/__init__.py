"""Label indexes: float32 unit vectors and int64 ids in, nearest ids out.

`FaissIndex` serves, and imports faiss when first named; `ExactIndex` needs numpy only and is what
every other index is compared with.
"""

from typing import TYPE_CHECKING, Any

from indexes.contract import Found, Ids, LabelIndex, Vectors
from indexes.exact import ExactIndex

if TYPE_CHECKING:
    from indexes.faiss_index import FaissIndex

__all__ = ["ExactIndex", "FaissIndex", "Found", "Ids", "LabelIndex", "Vectors"]


def __getattr__(name: str) -> Any:
    if name == "FaissIndex":
        from indexes.faiss_index import FaissIndex

        return FaissIndex
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
