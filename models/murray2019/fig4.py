"""Figure 4: movements learned by RFLO, and their order learned by reward in a loop of network and winner-take-all units.

N = 100 rate neurons, tau = 10 ms. First four tonic inputs come to mean four movements of a cursor, one at a time: 10 000 movements of
200 steps, each with a hold of 200. Then these weights are fixed, the units' choice is the input, and W^s learns which movement
follows which: 10 000 decisions, exploration 0.1, eta_s = 0.01, R = 1 for right -> up -> left -> down -> right.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import Network, NeuronGroup, StateMonitor, Synapses, defaultclock, ms, seed

from brian_rflo import RFLO, ChoiceMonitor, CursorMovements, FixedSynapses, LearningNetwork, LearningRule, PlasticSynapses, RateNeurons, RewardHebbian, WinnerTakeAll, schedule
from brian_rflo.devices import device
from brian_rflo.tasks.cursor import DIRECTIONS

N, TAU, MOVEMENT, HOLD = 100, 10 * ms, 200 * ms, 200 * ms
STEPS = 200
ORDER = np.tile([0, 1, 2, 3], 3)
BELL = np.concatenate([np.sin(np.pi * np.arange(1, STEPS + 1) / STEPS) ** 2, np.zeros(STEPS)])


@dataclass(frozen=True)
class Setting:
    """Height of the tonic input, the paper's eta in the first and in the last trial, trials of four movements."""

    height: float = 5.0
    eta: float = 0.005
    eta_end: float = 0.005
    trials: int = 2500


PLATEAU, BELLS = Setting(), Setting(height=2.0, eta=0.015, eta_end=0.0005, trials=7500)


@dataclass(frozen=True)
class GradedHebbian(LearningRule):
    """The rule as printed: z = W^s h itself, where `RewardHebbian` has the choice."""

    update = "deciding_post*reward_post*z_post*activity_pre"
    needs_post = ("deciding", "reward", "z")


#: A cursor on the corners of the square: (x, y) is where the movement just chosen will end.
CORNER = "x : 1\ny : 1\nnow : 1\nlast : 1"
MOVE = """x = x + int(now == 0) - int(now == 2)
          y = y + int(now == 1) - int(now == 3)"""
CHOSEN = """now_post = (i % 4)*winner_pre : 1 (summed)
            last_post = (i % 4)*before_pre : 1 (summed)"""
ANSWER = """allowed_post = int(j % 4 == 0)*(1 - x_pre) + int(j % 4 == 1)*(1 - y_pre) + int(j % 4 == 2)*x_pre + int(j % 4 == 3)*y_pre : 1 (summed)
            reward_post = int(now_pre == (last_pre + 1) % 4) : 1 (summed)"""


def train_movements(setting, networks, first_seed, target="cpp_standalone", report=None):
    """Phase 1. Returns the training's result."""
    task = CursorMovements(movement=MOVEMENT, hold=HOLD, n_movements=4, input_height=setting.height, seed=first_seed)
    syllables = task.n_steps / STEPS
    with device(target):
        defaultclock.dt = task.dt
        neurons = RateNeurons(networks * N, tau=TAU, initial=0.1)
        net = LearningNetwork(task, neurons, RFLO(learning_rate=syllables * setting.eta, tau=TAU), networks=networks, seed=first_seed)
        if setting.eta != setting.eta_end:
            for projection in net.trials.projections:
                net.trials.at_start(projection, f"learning_rate = learning_rate*{(setting.eta_end / setting.eta) ** (1 / setting.trials)!r}")
        return net.train(setting.trials, report=report)


class Loop(Network):
    """Phase 2: fixed network, units that choose, a cursor that answers."""

    def __init__(self, weights, choice, rule, height, exploration):
        networks = len(weights["recurrent"])
        self.neurons = RateNeurons(networks * N, tau=TAU, initial=0.1)
        self.units = WinnerTakeAll(4, period=MOVEMENT + HOLD, active=MOVEMENT, networks=networks, exploration=exploration, height=height)
        self.recurrent, self.inward = FixedSynapses(self.neurons, self.neurons, onto="I_rec"), FixedSynapses(self.units, self.neurons)
        self.choice = PlasticSynapses(self.neurons, self.units, rule, onto="z")
        for projection, matrix in ((self.recurrent, weights["recurrent"]), (self.inward, weights["input"]), (self.choice, choice)):
            projection.connect(networks=networks)
            projection.set_matrix(matrix)
        self.choices = ChoiceMonitor(self.units)
        super().__init__(self.neurons, self.units, self.recurrent, self.inward, self.choice, self.choices, *self.environment(networks))

    def environment(self, networks):
        """The cursor, in the corner to which the first movement leads, and its synapses with the units."""
        corner = NeuronGroup(networks, CORNER, name="corner")
        corner.x = 1
        chosen, answer = Synapses(self.units, corner, CHOSEN), Synapses(corner, self.units, ANSWER)
        chosen.connect(j="i // 4")
        answer.connect(j="k for k in range(4*i, 4*i + 4)")
        for synapses, phase in ((chosen, schedule.ACTION), (answer, schedule.REWARD)):
            for summed in synapses.summed_updaters.values():
                schedule.move(summed, phase)
        self.units.at_decision(corner, MOVE)
        return corner, chosen, answer


def learn_sequence(weights, height, first_seed, rule=RewardHebbian(0.01), decisions=10_000, target="cpp_standalone", report=None):
    """Phase 2. Returns the weights W^s ``[network, unit, neuron]`` and the reward of each decision ``[network, decision]``."""
    networks = len(weights["recurrent"])
    start = 0.01 * np.stack([np.random.default_rng((first_seed, network, 4)).standard_normal((4, N)) for network in range(networks)])
    with device(target):
        defaultclock.dt = 1 * ms
        seed(first_seed)
        loop = Loop(weights, start, rule, height, exploration=0.1)
        loop.run(decisions * (MOVEMENT + HOLD), report=report, namespace={})
        return loop.choice.matrix(networks=networks), np.array(loop.choices.reward)[::4]


def replay(weights, choice, height, target="numpy"):
    """Three rounds without learning or exploration: movements made ``[network, 12]``, velocity ``[network, step, 2]``."""
    networks, movements = len(choice), len(ORDER)
    with device(target):
        defaultclock.dt = 1 * ms
        loop = Loop(weights, np.where(np.isfinite(choice), choice, 0), RewardHebbian(0.0), height, exploration=0.0)  # the printed rule may diverge
        activity = StateMonitor(loop.neurons, "activity", record=True, when="end")
        loop.add(activity)
        loop.run(movements * (MOVEMENT + HOLD), namespace={})
        winners = np.array(loop.choices.winner).reshape(networks, 4, -1).argmax(axis=1)
        h = np.array(activity.activity).reshape(networks, N, -1)
    made = np.column_stack([np.zeros(networks, int), winners[:, :-1]])
    return made, np.einsum("koa,kat->kto", weights["output"], h)


def measures(made, velocity):
    """Each network's numbers, in sides of the square; `rms` and `end` of the first round and of three."""
    ideal = np.concatenate([BELL[:, None] * DIRECTIONS[number] for number in ORDER])
    side, networks = BELL.sum(), len(velocity)
    error = np.cumsum(velocity - ideal, axis=1) / side
    distance = np.linalg.norm(error, axis=2)
    moved = velocity.reshape(networks, len(ORDER), -1, 2).sum(axis=2) / side
    first = slice(4 * len(BELL))
    return dict(
        order=(made == ORDER).all(axis=1),
        rms=np.sqrt((distance[:, first] ** 2).mean(axis=1)),
        end=distance[:, first.stop - 1],
        rms_three=np.sqrt((distance**2).mean(axis=1)),
        end_three=distance[:, -1],
        displacement=np.linalg.norm(moved - DIRECTIONS[made], axis=2).max(axis=1),
        loss=((velocity - ideal) ** 2).sum(axis=(1, 2)) / (ideal**2).sum(),
    )

