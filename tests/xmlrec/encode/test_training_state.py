import numpy as np
import pytest

from tests.xmlrec.encode.tiny import needs_torch
from xmlrec.encode.training_state import TrainingState, lr_share
from xmlrec.errors import EncoderError

pytestmark = needs_torch

N_STEPS = 20


def small_module():
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))


def weights_of(module):
    every = [*module.parameters(), *module.labels]
    return np.concatenate([w.detach().numpy().ravel() for w in every])


def new_state(module, **rates):
    import torch

    labels = torch.nn.Parameter(torch.zeros(1, 1))
    state = TrainingState(module, labels, **{"lr": 0.05, "label_lr": 0.1} | rates, n_steps=N_STEPS)
    module.labels = [labels]  # beside its weights, not among them
    return state


def train(module, state, stop):
    import torch

    while state.step < stop:
        x = torch.from_numpy(np.random.default_rng(state.step).normal(size=(5, 3)).astype("f4"))
        state.update(((module(x) - 1 + module.labels[0]) ** 2).mean())


def test_the_step_size_rises_then_falls_to_zero():
    shares = [lr_share(step, N_STEPS) for step in range(N_STEPS + 1)]

    assert shares[:3] == [0.5, 1.0, 1.0]
    np.testing.assert_allclose(np.diff(shares[2:]), -1 / 18)
    assert shares[-1] == 0
    assert lr_share(0, 1) == 1


def test_training_lowers_the_loss():
    module = small_module()
    state = new_state(module)
    import torch

    x = torch.ones(5, 3)
    before = ((module(x) - 1) ** 2).mean().item()
    train(module, state, N_STEPS)

    assert ((module(x) - 1) ** 2).mean().item() < 0.2 * before


def test_a_resumed_training_comes_to_the_same_weights(tmp_path):
    whole = small_module()
    train(whole, new_state(whole), N_STEPS)
    first = small_module()
    state = new_state(first)
    train(first, state, 7)
    state.judge(3.5)
    train(first, state, 9)
    state.save(tmp_path / "new" / "state.safetensors", "digest")

    second = small_module()
    resumed = new_state(second)
    resumed.resume(tmp_path / "new" / "state.safetensors", "digest")
    assert (resumed.step, resumed.best_score, resumed.is_over) == (9, 3.5, False)
    train(second, resumed, N_STEPS)

    np.testing.assert_allclose(weights_of(second), weights_of(whole), rtol=0, atol=1e-7)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["state.safetensors"]


def test_the_best_weights_are_kept_and_survive_a_file(tmp_path):
    module = small_module()
    state = new_state(module)
    train(module, state, 5)
    state.judge(2.0)
    best = weights_of(module)
    train(module, state, 8)
    assert not state.is_over
    state.judge(2.0)
    assert state.is_over
    state.save(tmp_path / "state", "digest")
    other = small_module()
    resumed = new_state(other)
    resumed.resume(tmp_path / "state", "digest")

    state.take_best()
    resumed.take_best()

    np.testing.assert_array_equal(weights_of(module), best)
    np.testing.assert_array_equal(weights_of(other), best)
    assert resumed.is_over


def test_label_vectors_have_a_step_size_of_their_own():
    moved = []
    for label_lr in (1e-9, 0.1):
        module = small_module()
        train(module, new_state(module, label_lr=label_lr), N_STEPS)
        moved.append(abs(module.labels[0].item()))

    assert moved[0] < 1e-6 < 0.1 < moved[1]


def test_fixed_weights_stay():
    module = small_module()
    module[0].requires_grad_(False)
    before = module[0].weight.clone()
    state = new_state(module)
    train(module, state, N_STEPS)

    assert (module[0].weight == before).all()


def test_without_a_file_a_training_starts(tmp_path):
    module = small_module()
    state = new_state(module)
    state.resume(tmp_path / "none", "digest")

    assert state.step == 0


def test_the_state_of_another_training_is_refused(tmp_path):
    state = new_state(small_module())
    state.save(tmp_path / "state", "one")

    with pytest.raises(EncoderError, match="on other rows, settings or weights; remove the file"):
        state.resume(tmp_path / "state", "two")


@pytest.mark.parametrize("n_bytes", [0, 5, -4])
def test_a_damaged_file_is_refused(tmp_path, n_bytes):
    state = new_state(small_module())
    state.save(tmp_path / "state", "one")
    content = (tmp_path / "state").read_bytes()
    (tmp_path / "state").write_bytes(content[:n_bytes])

    with pytest.raises(EncoderError, match="damaged"):
        state.resume(tmp_path / "state", "one")


def test_a_model_alone_is_trained_and_resumed(tmp_path):
    whole, module = small_module(), small_module()
    states = []
    for of in (whole, module):
        of.labels = [0.0]
        states.append(TrainingState(of, lr=0.05, n_steps=N_STEPS, weight_decay=0.0))
    train(whole, states[0], 12)
    train(module, states[1], 5)
    states[1].save(tmp_path / "state", "digest")

    second = small_module()
    second.labels = [0.0]
    resumed = TrainingState(second, lr=0.05, n_steps=N_STEPS, weight_decay=0.0)
    resumed.resume(tmp_path / "state", "digest")
    train(second, resumed, 12)

    for weights, others in zip(whole.parameters(), second.parameters(), strict=True):
        np.testing.assert_allclose(weights.detach(), others.detach(), rtol=0, atol=1e-7)


def test_training_is_over_when_patience_is(tmp_path):
    state = TrainingState(small_module(), lr=0.05, n_steps=N_STEPS, patience=2)
    verdicts = []
    for score in (1.0, 0.5, 2.0, 2.0):
        state.judge(score)
        verdicts.append(state.is_over)
    state.save(tmp_path / "state", "digest")

    resumed = TrainingState(small_module(), lr=0.05, n_steps=N_STEPS, patience=2)
    resumed.resume(tmp_path / "state", "digest")
    resumed.judge(1.9)

    assert verdicts == [False, False, False, False]
    assert resumed.is_over
