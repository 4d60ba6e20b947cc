import numpy as np

from xmlrec.encode.soft_labels import soft_labels


def test_soft_labels_are_shares_of_the_candidates():
    labels = np.array([[4, 1, 0], [2, -1, -1], [-1, -1, -1], [0, 1, 2]], dtype=np.int32)
    scores = np.array(
        [[0.9, 0.8, 0.1], [-0.2, -np.inf, -np.inf], [-np.inf] * 3, [0.5, 0.5, 0.5]],
        dtype=np.float32,
    )

    soft = soft_labels((labels, scores), 6, temperature=0.1).toarray()

    share = 1 / (1 + np.exp(-1) + np.exp(-8))
    expected = np.zeros((4, 6))
    expected[0, [4, 1]] = [share, share * np.exp(-1)]
    expected[1, 2] = 1
    expected[3, :3] = 1 / 3
    np.testing.assert_allclose(soft, expected, rtol=1e-5)
    assert soft.dtype == np.float32
