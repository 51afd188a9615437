"""Figure 4: movements learned by RFLO, and their order learned by reward in a loop of network and
winner-take-all units.

N = 100 rate neurons, tau = 10 ms. First four tonic inputs come to mean four movements of a cursor,
one at a time: 10 000 movements of 200 steps, each with a hold of 200. Then these weights are fixed,
the units' choice is the input, and W^s learns which movement follows which: 10 000 decisions,
exploration 0.1, eta_s = 0.01, R = 1 for right -> up -> left -> down -> right. At last the sequence
is replayed for three rounds. Beside it networks without the loop, trained by RFLO and BPTT on the
whole round of 1600 steps, eta = .003.

What the paper does not say: input height 5 and eta falling from .01 to .0005 (S4), or 2 (which
keeps the bell shape of the velocity) and from .015 over three times the movements; activity is
carried on, and begins anew at .1 every four movements; W^s begins at .01 N(0, 1).
"""

from dataclasses import dataclass

import numpy as np
from brian2 import Network, NeuronGroup, StateMonitor, Synapses, defaultclock, ms, seed

from brian_rflo import (
    RFLO,
    FixedSynapses,
    LearningNetwork,
    LearningRule,
    PlasticSynapses,
    RateNeurons,
    plotting,
    schedule,
)
from brian_rflo.brian.devices import device
from brian_rflo.crews.experiment import Experiment, Outcome, Row, all_arrays, listed
from brian_rflo.crews.part import Part
from brian_rflo.network import Murray2019
from brian_rflo.readouts import ChoiceMonitor, WinnerTakeAll
from brian_rflo.rules import RewardHebbian
from brian_rflo.tasks import ArrayTask, CursorMovements
from brian_rflo.tasks.cursor import DIRECTIONS

from .trainings import baseline, part, rflo

N, TAU, MOVEMENT, HOLD = 100, 10 * ms, 200 * ms, 200 * ms
STEPS = 200
ROUND, ROUNDS = np.arange(4), 3
BELL = np.concatenate([np.sin(np.pi * np.arange(1, STEPS + 1) / STEPS) ** 2, np.zeros(STEPS)])


@dataclass(frozen=True)
class Setting:
    """Height of the tonic input, the paper's eta at the beginning and at the end, and how many
    times the paper's movements are learned.
    """

    height: float
    eta: float
    eta_end: float
    longer: int = 1


S4, BELLS = Setting(5.0, 0.01, 0.0005), Setting(2.0, 0.015, 0.0005, longer=3)


@dataclass(frozen=True)
class GradedHebbian(LearningRule):
    """The rule as printed, with z = W^s h instead of the choice as in `RewardHebbian`."""

    update = "deciding_post*reward_post*z_post*activity_pre"


#: A cursor on the corners of the square: (x, y) is where the movement just chosen will end.
CORNER = "x : 1\ny : 1\nnow : 1\nlast : 1"
MOVE = """x = x + int(now == 0) - int(now == 2)
          y = y + int(now == 1) - int(now == 3)"""
CHOSEN = """now_post = (i % 4)*winner_pre : 1 (summed)
            last_post = (i % 4)*before_pre : 1 (summed)"""
ANSWER = (
    "allowed_post = int(j % 4 == 0)*(1 - x_pre) + int(j % 4 == 1)*(1 - y_pre)"
    " + int(j % 4 == 2)*x_pre + int(j % 4 == 3)*y_pre : 1 (summed)\n"
    "reward_post = int(now_pre == (last_pre + 1) % 4) : 1 (summed)"
)


def train_movements(setting, movements, networks, seed, target, **run_args):
    """Phase 1. Returns the training's result."""
    trials = max(1, setting.longer * movements // 4)
    task = CursorMovements(
        movement=MOVEMENT, hold=HOLD, n_movements=4, input_height=setting.height, seed=seed
    )
    syllables = task.n_steps / STEPS
    with device(target):
        defaultclock.dt = task.dt
        neurons = RateNeurons(networks * N, tau=TAU, initial=0.1)
        net = LearningNetwork(
            task,
            neurons,
            RFLO(learning_rate=syllables * setting.eta, tau=TAU),
            initial=Murray2019(seed=seed),
            networks=networks,
        )
        for projection in net.trials.projections:
            net.trials.at_start(
                projection,
                "learning_rate ="
                f" learning_rate*{(setting.eta_end / setting.eta) ** (1 / trials)!r}",
            )
        return net.train(trials, namespace={}, **run_args)


class Loop(Network):
    """Phase 2: fixed network, units that choose, a cursor that answers."""

    def __init__(self, weights, choice, rule, height, exploration):
        networks = len(weights["recurrent"])
        self.neurons = RateNeurons(networks * N, tau=TAU, initial=0.1)
        self.units = WinnerTakeAll(
            4,
            period=MOVEMENT + HOLD,
            active=MOVEMENT,
            networks=networks,
            exploration=exploration,
            height=height,
        )
        self.recurrent, self.inward = (
            FixedSynapses(self.neurons, self.neurons, onto="I_rec"),
            FixedSynapses(self.units, self.neurons),
        )
        self.choice = PlasticSynapses(self.neurons, self.units, rule, onto="z")
        for projection, matrix in (
            (self.recurrent, weights["recurrent"]),
            (self.inward, weights["input"]),
            (self.choice, choice),
        ):
            projection.connect(networks=networks)
            projection.set_matrix(matrix)
        self.choices = ChoiceMonitor(self.units)
        super().__init__(
            self.neurons,
            self.units,
            self.recurrent,
            self.inward,
            self.choice,
            self.choices,
            *self.environment(networks),
        )

    def environment(self, networks):
        """The cursor, in the corner to which the first movement leads, and its synapses with the
        units.
        """
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


def learn_sequence(weights, height, rule, decisions, first_seed, target, **run_args):
    """Phase 2. Returns the weights W^s ``[network, unit, neuron]`` and the reward of each decision
    ``[network, decision]``.
    """
    networks = len(weights["recurrent"])
    start = 0.01 * np.stack(
        [
            np.random.default_rng((first_seed, network, 4)).standard_normal((4, N))
            for network in range(networks)
        ]
    )
    with device(target):
        defaultclock.dt = 1 * ms
        seed(first_seed)
        loop = Loop(weights, start, rule, height, exploration=0.1)
        loop.run(decisions * (MOVEMENT + HOLD), namespace={}, **run_args)
        return (
            loop.choice.matrix(networks=networks).reshape(networks, 4, N),
            np.array(loop.choices.reward)[::4],
        )


def replay(weights, choice, height):
    """Three rounds without learning or exploration: movements made ``[network, 12]``, velocity
    ``[network, step, 2]``.
    """
    networks, movements = len(choice), ROUNDS * len(ROUND)
    with device("numpy"):
        defaultclock.dt = 1 * ms
        loop = Loop(
            weights,
            np.where(np.isfinite(choice), choice, 0),
            RewardHebbian(0.0),
            height,
            exploration=0.0,
        )  # the printed rule may diverge
        activity = StateMonitor(loop.neurons, "activity", record=True, when="end")
        loop.add(activity)
        loop.run(movements * (MOVEMENT + HOLD), namespace={})
        winners = np.array(loop.choices.winner).reshape(networks, 4, -1).argmax(axis=1)
        h = np.array(activity.activity).reshape(networks, N, -1)
    made = np.column_stack([np.zeros(networks, int), winners[:, :-1]])
    return made, np.einsum("koa,kat->kto", weights["output"], h)


def train_loop(progress, device, setting, movements, networks, seed, graded):
    """Arrays of a part: both phases and the replay; with `graded` also the rule as printed."""
    first = train_movements(
        setting, movements, networks, seed, device, **progress.between(0, 0.7).report(device)
    )
    arrays = {"losses": first.losses}
    for number, (name, rule) in enumerate(
        (("one_hot", RewardHebbian(0.01)), ("graded", GradedHebbian(0.01)))[: 2 if graded else 1]
    ):
        stage = progress.between(0.7 + 0.15 * number, 0.85 + 0.15 * number)
        choice, reward = learn_sequence(
            first.weights_after,
            setting.height,
            rule,
            movements,
            seed,
            device,
            **stage.report(device),
        )
        made, velocity = replay(first.weights_after, choice, setting.height)
        arrays |= {
            f"{name}_choice": choice,
            f"{name}_reward": reward,
            f"{name}_made": made,
            f"{name}_velocity": velocity,
        }
    return arrays | {f"weights_{name}": matrix for name, matrix in first.weights_after.items()}


def ideal(made):
    """The velocity of movements without error, ``[step, 2]``."""
    return np.concatenate([BELL[:, None] * DIRECTIONS[number] for number in made])


def measures(made, velocity):
    """Each network's numbers, in sides of the square; `rms` and `end` are of the first round."""
    networks, movements = made.shape
    wanted, side = np.tile(ROUND, movements // len(ROUND)), BELL.sum()
    target = ideal(wanted)
    distance = np.linalg.norm(np.cumsum(velocity - target, axis=1) / side, axis=2)
    moved = velocity.reshape(networks, movements, -1, 2).sum(axis=2) / side
    first = slice(len(ROUND) * len(BELL))
    return dict(
        order=(made == wanted).all(axis=1),
        rms=np.sqrt((distance[:, first] ** 2).mean(axis=1)),
        end=distance[:, first.stop - 1],
        displacement=np.linalg.norm(moved - DIRECTIONS[made], axis=2).max(axis=1),
        loss=((velocity - target) ** 2).sum(axis=(1, 2)) / (target**2).sum(),
    )


def whole_round():
    """The sequence as a task of its own, without input."""
    return ArrayTask(target=ideal(ROUND), dt=1 * ms)


def parts(settings):
    """The loop in two settings, and the whole sequence without it."""

    def loop(name, setting, graded):
        steps = (
            settings.trials
            * settings.networks
            * 400
            * (setting.longer * 5e-6 + (1 + graded) * 2e-6)
        )
        arguments = dict(
            device=settings.device,
            setting=setting,
            movements=settings.trials,
            networks=settings.networks,
            seed=settings.seed,
            graded=graded,
        )
        return Part(name, train_loop, arguments, 40 + steps)

    if settings.quick:
        return [loop("loop-S4", S4, graded=False)]
    few, trials = min(3, settings.networks), 2 * settings.trials
    without = [
        part(
            f"whole-{name}",
            function,
            settings,
            whole_round(),
            n=N,
            networks=few,
            trials=trials,
            eta=0.003,
            **how,
        )
        for name, function, how in (("rflo", rflo, {}), ("bptt", baseline, dict(rule="bptt")))
    ]
    return [loop("loop-S4", S4, graded=True), loop("loop-bells", BELLS, graded=False), *without]


def at_least_four_in_five(values):
    """Return the value that four of five networks do not exceed."""
    return np.sort(values)[int(np.ceil(0.8 * len(values))) - 1]


def rows_of_loop(name, arrays, rule, judged):
    """The table of one setting of the loop: what four networks in five reach."""
    made, velocity, reward = (arrays[f"{rule}_{key}"] for key in ("made", "velocity", "reward"))
    found, rate = measures(made, velocity), reward[:, -1000:].mean(axis=1)
    rows = [
        Row(
            f"{name}: networks in the right order, three rounds",
            found["order"].sum(),
            "order learned",
            low=at_least_four_in_five(np.arange(len(made)) + 1) - 0.5 if judged else None,
        ),
        Row(
            f"{name}: reward rate, last 1000 decisions",
            -at_least_four_in_five(-rate),
            "order learned",
            low=0.8 if judged else None,
            spread=listed(rate, ".2g"),
        ),
    ]
    bounds = {
        "rms": ("rms position error", 0.15),
        "displacement": ("worst displacement of a movement", 0.15),
        "end": ("error at the end of a round", 0.25),
    }
    if rule == "one_hot":
        rows += [
            Row(
                f"{name}: {words}",
                at_least_four_in_five(found[key]),
                "",
                high=bound if judged else None,
                spread=listed(found[key], ".2g"),
            )
            for key, (words, bound) in bounds.items()
        ]
        rows += [
            Row(
                f"{name}: velocity error beside zero output, median",
                np.median(found["loss"]),
                "bell-shaped",
                spread=listed(found["loss"], ".2g"),
            )
        ]
    return rows


def outcome(settings, arrays):
    """Table and figure."""
    rows = rows_of_loop("loop, S4", arrays["loop-S4"], "one_hot", settings.full)
    if "loop-bells" in arrays:
        rows += rows_of_loop("loop, S4, z as printed", arrays["loop-S4"], "graded", False)
        rows += rows_of_loop("loop, height 2", arrays["loop-bells"], "one_hot", False)
    for key, label in (("rflo", "RFLO"), ("bptt", "BPTT")):
        if f"whole-{key}" in arrays:
            velocity = arrays[f"whole-{key}"]["output"]
            found = measures(np.tile(ROUND, (len(velocity), 1)), velocity)
            low = 0.3 if settings.full and key == "rflo" else None
            rows += [
                Row(
                    f"without the loop, {label}: rms position error, best network",
                    found["rms"].min(),
                    "fails" if key == "rflo" else "fails (it is a matter of stability)",
                    low=low,
                    spread=listed(found["rms"], ".2g"),
                )
            ]
    return Outcome(rows, all_arrays(arrays), lambda: draw(arrays))


def draw(arrays):
    """Cursor trajectories with and without the loop; velocities; loss of movements, reward of
    decisions.
    """
    from matplotlib.figure import Figure

    tracks = {
        "loop-S4": "With the loop, S4",
        "loop-bells": "With the loop, height 2",
        "whole-rflo": "Without, RFLO",
        "whole-bptt": "Without, BPTT",
    }
    shown = [name for name in tracks if name in arrays]
    figure = Figure(figsize=(3.4 * max(len(shown), 3), 8.4), layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1.2, 0.8, 0.9])
    for ax, name in zip(top.subplots(1, len(shown), squeeze=False)[0], shown):
        draw_tracks(velocity_of(arrays[name]), ax, tracks[name])
    for ax, name in zip(middle.subplots(1, len(shown), squeeze=False)[0], shown):
        draw_velocity(velocity_of(arrays[name]), ax, tracks[name])
    left, right = bottom.subplots(1, 2)
    for name, color in zip(
        shown, (plotting.CYCLE[0], plotting.CYCLE[5], plotting.CYCLE[4], plotting.CYCLE[1])
    ):
        plotting.plot_losses(arrays[name]["losses"], left, label=tracks[name], color=color)
    plotting.legend_over(left)
    draw_rewards(arrays, right)
    figure.suptitle(f"Murray 2019, figure 4: a sequence of movements, N = {N}")
    return figure


def velocity_of(arrays):
    """Velocity of the first round, ``[network, step, 2]``."""
    return arrays.get("one_hot_velocity", arrays.get("output"))[:, : len(ROUND) * len(BELL)]


def draw_tracks(velocity, ax, title):
    """Draw the track of the cursor in the first round, with the square of side 1."""
    plotting.plot_tracks(velocity / BELL.sum(), ideal(ROUND) / BELL.sum(), ax).set(
        title=title, xlim=(-0.7, 1.7), ylim=(-0.7, 1.7)
    )


def draw_velocity(velocity, ax, title):
    """Velocity of the median network in the first round."""
    target = ideal(ROUND)
    typical = np.argsort(((velocity - target) ** 2).sum(axis=(1, 2)))[len(velocity) // 2]
    plotting.plot_output(np.arange(len(target)) / 1e3, velocity[typical], target, ax, name="rflo")
    ax.set(title=f"Network {typical}", ylabel="Velocity", ylim=(-1.6, 1.6))


def draw_rewards(arrays, ax):
    """Share of rewarded decisions."""
    for name, rule, label, color in (
        ("loop-S4", "one_hot", "S4", plotting.CYCLE[0]),
        ("loop-S4", "graded", "S4, z as printed", plotting.COLOURS["untrained"]),
        ("loop-bells", "one_hot", "height 2", plotting.CYCLE[5]),
    ):
        rewards = arrays.get(name, {}).get(f"{rule}_reward")
        if rewards is not None:
            plotting.plot_share(rewards, ax, label=label, color=color)
    ax.set(xlabel="Decision", ylabel="Reward rate")
    plotting.legend_over(ax)


FIG4 = Experiment(
    name="murray2019/fig4",
    title="A sequence of movements, with and without the loop",
    source="Murray 2019, eLife 8:e43299, figure 4",
    parts=parts,
    outcome=outcome,
    networks=5,
    trials=10_000,
    quick=dict(networks=2, trials=2500),
    takes="28 min, quick 45 s",
    parameters=dict(
        N=N,
        tau_ms=10,
        movement_ms=200,
        hold_ms=200,
        eta_s=0.01,
        exploration=0.1,
        S4=dict(height=5, eta=0.01, eta_end=0.0005),
        bells=dict(height=2, eta=0.015, eta_end=0.0005),
        whole=dict(eta=0.003),
    ),
)
