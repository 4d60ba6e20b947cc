import numpy as np
import pytest

from xmlrec.encode.sessions import SessionQueries, SessionSettings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"n_negatives": -1}, "n_negatives must be at least 0"),
        ({"weight_decay": float("nan")}, "weight_decay must be at least 0 and finite"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1"),
        ({"lr": 0.0}, "lr must be above 0"),
        ({"dim": 9}, "dim must be a multiple of n_heads, 2, got 9"),
        ({"category_feed": "both"}, "one of joint, stopped, none; got 'both'"),
        ({"category_weight": 0.0, "category_share": 0.5}, "needs a category_weight"),
    ],
)
def test_settings_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        SessionSettings(**change)


@pytest.mark.parametrize("n_targets", [0, 1, 3])
def test_validation_needs_a_target_for_each_session(n_targets):
    with pytest.raises(ValueError, match=f"got {n_targets} targets, 2 sessions and 3 events"):
        SessionQueries(indptr=np.array([0, 2, 3]), items=np.arange(3), targets=np.arange(n_targets))
