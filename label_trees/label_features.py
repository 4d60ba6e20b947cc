"""Label features: what a label looks like in the space of the instances.

PIFA, positive instance feature aggregation (Prabhu et al., WWW 2018, section 3.1; Yu et al.,
JMLR 23, 2022, section 3.1): the sum of a label's instances, scaled to unit length.
"""

import numpy as np
import scipy.sparse as sp


def pifa(X: sp.csr_array, Y: sp.csr_array) -> sp.csr_array:
    """Return PIFA label features of shape (n_labels, n_features), rows of unit length.

    Parameters
    ----------
    X : csr_array of float32, shape (n_instances, n_features)
    Y : csr_array of float32, shape (n_instances, n_labels)
        An instance counts for each of its labels with the value that stands in Y.

    Returns
    -------
    csr_array of float32
        A label without instances has an empty row.
    """
    Z = sp.csr_array(Y.T.tocsr() @ X)
    Z.sort_indices()
    squares = np.append(Z.data.astype(np.float64) ** 2, 0.0)  # float32 would under- and overflow
    norms = np.sqrt(np.add.reduceat(squares, Z.indptr[:-1]))
    norms[norms == 0] = 1.0
    Z.data /= np.repeat(norms, np.diff(Z.indptr)).astype(np.float32)
    return Z
