"""Tasks of neurogym: an adapter for anything with its interface; and neurogym itself, where it is
installed.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import defaultclock, ms, seed
from environments import Decisions, Environment, Reaching, box, discrete

from brian_rflo import RFLO, Adam, LearningNetwork, PerTrial, RateNeurons
from brian_rflo.credit import TDError
from brian_rflo.readouts import ActorCritic, Softmax
from brian_rflo.rules import Rewarded
from brian_rflo.tasks import NeurogymTask


def test_observations_are_held_and_actions_are_classes():
    task, env = NeurogymTask(env=Decisions(), dt=5 * ms, seed=3), Decisions()
    assert (task.n_steps, task.n_inputs, task.n_outputs, task.is_classification) == (36, 3, 3, True)
    sides = set()
    for number in range(10):
        env.seed(int(np.random.default_rng((3, number)).integers(2**31)))
        env.new_trial()
        inputs, target, mask = task.trial(number)
        np.testing.assert_array_equal(inputs, np.repeat(env.ob, 4, axis=0))
        np.testing.assert_array_equal(target, np.repeat(np.eye(3)[env.gt], 4, axis=0))
        np.testing.assert_array_equal(mask, np.arange(36) >= 24)
        sides.add(env.side)
    assert sides == {1, 2}


def test_a_trial_needs_only_its_number():
    task = NeurogymTask(env=Decisions(), dt=20 * ms)
    late = task.trial(9)
    task.trial(2)
    assert all(np.array_equal(a, b) for a, b in zip(late, task.trial(9)))
    assert (task.trial(8)[0] != late[0]).any() and (
        replace(task, seed=1).trial(9)[0] != late[0]
    ).any()


def test_shorter_trials_are_filled_up():
    task = NeurogymTask(env=Reaching(), length=600 * ms, period=None, dt=10 * ms)
    assert (task.n_steps, task.n_inputs, task.n_outputs, task.is_classification) == (
        60,
        4,
        2,
        False,
    )
    lengths = set()
    for number in range(20):
        inputs, target, mask = task.trial(number)
        end = int(mask.sum())
        assert (
            (mask == (np.arange(60) < end)).all()
            and not inputs[end:].any()
            and not target[end:].any()
        )
        np.testing.assert_allclose(target[:end], inputs[:end].reshape(end, 2, 2).sum(axis=2))
        lengths.add(end)
    assert len(lengths) > 5 and all(10 <= end < 50 for end in lengths)


def test_parts_of_a_trial_that_count():
    masks = [
        NeurogymTask(env=Decisions(), period=period, dt=20 * ms).trial()[2]
        for period in ("stimulus", None)
    ]
    np.testing.assert_array_equal(masks, [[0, 0, 1, 1, 1, 1, 0, 0, 0], np.ones(9)])


def test_a_dataset_stands_for_its_environment():
    inner = SimpleNamespace(env=Decisions(), batch_size=2)
    np.testing.assert_array_equal(
        NeurogymTask(env=inner).trial(4)[0], NeurogymTask(env=Decisions()).trial(4)[0]
    )


def test_a_network_takes_it_as_any_other_task():
    task = NeurogymTask(env=Decisions(), dt=20 * ms)
    defaultclock.dt = task.dt
    net = LearningNetwork(
        task,
        RateNeurons(10, tau=40 * ms),
        RFLO(0.01, tau=40 * ms),
        readout=Softmax(20 * ms),
        learn=PerTrial(Adam()),
    )
    result = net.train(5)
    assert np.isfinite(result.losses).all() and all(
        (result.weights_after[name] != result.weights_before[name]).any()
        for name in ("recurrent", "input", "output")
    )
    assert "0x" not in str(net.settings["task"])


class Blocks(Decisions):
    """The side is kept for a while."""

    trials = 0

    def fill(self, n):
        super().fill(n)
        self.trials += 1
        self.ob[0, 1] = self.trials // 4


class Interactive(Environment):
    def fill(self, n):
        pass


class WithoutGroundTruth(Environment):
    def fill(self, n):
        self.ob = np.ones((n, 3))


class TooManyActions(Decisions):
    action_space = discrete(2)

    def fill(self, n):
        super().fill(n)
        self.gt[-1] = 2


class Uneven(Decisions):
    def fill(self, n):
        super().fill(n)
        self.gt = self.gt[1:]


class Texts(Decisions):
    observation_space = SimpleNamespace(shape=None)


BAD = {
    "no environment": (
        lambda: NeurogymTask(env=box(3)),
        TypeError,
        "SimpleNamespace lacks new_trial, seed, dt, observation_space, action_space",
    ),
    "spaces without shape": (
        lambda: NeurogymTask(env=Texts()),
        ValueError,
        "observation_space must be a space of arrays",
    ),
    "lengths differ": (
        lambda: NeurogymTask(env=Reaching(), period=None, dt=10 * ms),
        ValueError,
        (
            r"must have the same length; they last from 100. ms to 0.48 s .the first 20.*"
            r"length=720\*ms"
        ),
    ),
    "too long": (
        lambda: NeurogymTask(env=Reaching(), length=200 * ms, period=None, dt=10 * ms),
        ValueError,
        (
            r"a trial lasts .* longer than length = 200. ms; write length=\d+\*ms or more"
            r" \(trial \d of seed 0\)"
        ),
    ),
    "no such period": (
        lambda: NeurogymTask(env=Decisions(), period="delay"),
        ValueError,
        (
            "Decisions has no period 'delay'; it has fixation, stimulus, decision: write"
            " period=..., or period=None"
        ),
    ),
    "depends on trials before": (
        lambda: NeurogymTask(env=Blocks()),
        ValueError,
        "of Blocks differs when it is drawn a second time",
    ),
    "interactive": (
        lambda: NeurogymTask(env=Interactive()),
        ValueError,
        "Interactive has no 'ob' after new_trial",
    ),
    "no ground truth": (
        lambda: NeurogymTask(env=WithoutGroundTruth()),
        ValueError,
        "WithoutGroundTruth has no 'gt' after new_trial",
    ),
    "too many actions": (
        lambda: NeurogymTask(env=TooManyActions()),
        ValueError,
        "TooManyActions has action 2 as ground truth, but its action_space has the actions 0 to 1",
    ),
    "uneven": (
        lambda: NeurogymTask(env=Uneven()),
        ValueError,
        "Uneven has observations for 9 steps, but ground truth for 8",
    ),
    "time step": (
        lambda: NeurogymTask(env=Decisions(), dt=3 * ms),
        ValueError,
        "env.dt = 20. ms is not a whole number of time steps of 3. ms",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_refused_with_the_reason(case):
    make, kind, words = BAD[case]
    with pytest.raises(kind, match=words):
        make()


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")
def test_neurogym_itself():
    """Needs `pip install neurogym torch`; not among the extras, since neurogym asks for one version
    of NumPy and of matplotlib.
    """
    neurogym = pytest.importorskip("neurogym")
    from brian_rflo.checks import check_task

    for name, args in {
        "PerceptualDecisionMaking-v0": {},
        "ReadySetGo-v0": dict(length=6000 * ms, period="production"),
        "ReachingDelayResponse-v0": dict(length=6000 * ms),
    }.items():
        check_task(NeurogymTask(env=neurogym.make(name, dt=20), dt=10 * ms, **args))
    task = NeurogymTask(
        env=neurogym.Dataset(
            "PerceptualDecisionMaking-v0", env_kwargs=dict(dt=20), batch_size=1, seq_len=100
        ),
        dt=20 * ms,
    )
    defaultclock.dt = task.dt
    net = LearningNetwork(
        task,
        RateNeurons(10 * 30, tau=100 * ms),
        RFLO(5e-3, tau=100 * ms),
        readout=Softmax(50 * ms),
        learn=PerTrial(Adam(), copies=10),
    )
    losses = net.train(1000).losses[0]
    assert losses[-200:].mean() < 0.8 * losses[:50].mean()


@pytest.mark.parametrize("value", [0.5, np.nan])
def test_ground_truth_that_is_no_action(value):
    class Graded(Decisions):
        """Ground truth that is no whole number, in one step."""

        def new_trial(self):
            made = super().new_trial()
            self.gt = np.where(np.arange(len(self.gt)) == 3, value, self.gt)
            return made

    with pytest.raises(ValueError, match=f"Graded has {value} as ground truth, but its actions"):
        NeurogymTask(env=Graded(), dt=20 * ms).trial()


def test_one_action_is_chosen_and_a_step_is_left_for_its_reward():
    task, other = (
        NeurogymTask(env=Decisions(), dt=5 * ms, one_action=flag) for flag in (True, False)
    )
    assert (task.n_steps, task.n_outputs) == (37, 3)
    for number in range(3):
        for value, plain in zip(task.trial(number)[:2], other.trial(number)):
            assert np.array_equal(value[:-1], plain) and not value[-1].any()
        assert np.array_equal(task.trial(number)[2], np.arange(37) == 35)


@pytest.mark.model
def test_choices_are_learned_from_reward():
    task = NeurogymTask(env=Decisions(), dt=20 * ms, one_action=True)
    defaultclock.dt = task.dt
    seed(1)
    net = LearningNetwork(
        task,
        RateNeurons(4 * 20, tau=60 * ms),
        Rewarded(RFLO(0.05, tau=60 * ms), discount=0.99),
        ActorCritic(),
        credit=TDError(0.99),
        networks=4,
    )
    result = net.train(250)
    first, last = result.rewards[:, :50].mean(), result.rewards[:, -50:].mean()
    assert first < 0.45 and last > 0.7  # a third at random, half without the evidence
