"""Kinds of learning that the machinery does not know: each is one file of `tests/additions`, right
against a few lines of NumPy.
"""

import numpy as np
import pytest
from additions.a_bcm import BCM
from additions.b_weight_perturbation import PairDifference, WeightPerturbation
from additions.c_predicted_error import PredictedError
from additions.d_reward import Rewarded, RunningBaseline
from additions.e_contrastive import Contrastive, RelaxationNeurons, TwoPhases
from additions.f_position import PositionReadout
from additions.g_rmsprop import RMSprop
from additions.h_softplus import SoftplusNeurons
from additions.i_td_error import RewardingReadout, Tagged, TDError
from additions.j_node_perturbation import NodePerturbation, NoisyNeurons
from additions.k_stdp import RewardedSTDP
from brian2 import (
    BrianObjectException,
    Network,
    NeuronGroup,
    SpikeMonitor,
    defaultclock,
    device,
    ms,
    prefs,
    set_device,
)
from brian2.devices.device import reset_device

from brian_rflo import (
    RFLO,
    Delta,
    FeedbackSynapses,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
)
from brian_rflo.credit import Credit
from brian_rflo.schedule import MODULATE
from brian_rflo.steps import Mechanism, Step
from brian_rflo.tasks import PeriodicOutput

N, TRIALS, TAU, H = 7, 6, 10 * ms, 0.1
RNG = np.random.default_rng(3)
W, WOUT, B = (
    1.5 * RNG.standard_normal((N, N)) / np.sqrt(N),
    RNG.uniform(-1, 1, (1, N)) / np.sqrt(N),
    RNG.standard_normal((N, 1)),
)
TASK = PeriodicOutput(period=40 * ms)
_, Y, MASK = TASK.trial(0)
T = TASK.n_steps


def connect(*pairs, networks=1):
    for one, matrix in pairs:
        one.connect(networks=networks)
        one.set_matrix(np.repeat(matrix[None], networks, 0) if networks > 1 else matrix)


def standard(
    rule,
    learn,
    readout_rule=Delta(0.1),
    neurons=None,
    readout=None,
    networks=1,
    mechanisms=(),
    feedback=True,
    path=None,
):
    """Run neurons, readout and both projections for TRIALS; return what reads recurrent, output and
    a predictor's weights.
    """
    blocks = networks * learn.copies
    neurons, readout = (
        neurons or RateNeurons(N * blocks, tau=TAU),
        readout or Readout(TASK, networks=blocks),
    )
    rec = PlasticSynapses(neurons, neurons, rule, "I_rec", learn, name="rec*")
    out = PlasticSynapses(neurons, readout, readout_rule, "output", learn, name="out*")
    connect((rec, W), (out, WOUT), networks=blocks)
    objects, parts = [neurons, readout, rec, out], [neurons, readout, rec, out, *mechanisms]
    weights = [lambda: rec.matrix(blocks), lambda: out.matrix(blocks)]
    if path is not None:
        credit = Credit(path, readout, neurons)
        credit.projections["feedback"].set_matrix(B)
        objects, parts = [*objects, *credit], [*parts, credit]
        weights.append(lambda: credit.projections["predictor"].matrix())
    elif feedback:
        objects.append(FeedbackSynapses(readout, neurons))
        connect((objects[-1], B), networks=blocks)
    trials = Trials(TASK, *parts, networks=networks)
    Network(*objects, trials).run(TRIALS * TASK.duration)
    return weights


def bcm():
    neurons = RateNeurons(N, tau=TAU)
    rec = PlasticSynapses(
        neurons, neurons, BCM(20.0, tau_theta=15 * ms), "I_rec", constraint="w = clip(w, -1, 1)"
    )
    connect((rec, W))
    Network(neurons, rec, Trials(TASK, neurons, rec)).run(TRIALS * TASK.duration)
    w, theta = W.copy(), np.zeros(N)
    for _ in range(TRIALS):
        y = np.full(N, 0.1)
        for _ in range(T):
            phi = np.tanh(w @ y)
            theta = theta + (y**2 - theta) / 15
            y = y + H * (phi - y)
            w = np.clip(w + 20.0 / T * (y * (y - theta))[:, None] * y, -1, 1)
    return [(rec.matrix, w, W)]


class Drawn(WeightPerturbation):
    reset = "pw = perturbed_network*sigma*sin(37*(i % 7) + 11*(j % 7) + 5*t_in_timesteps)"


class DrawnOut(WeightPerturbation):
    reset = "pw = perturbed_network*sigma*sin(37*(i % 7) + 3 + 5*t_in_timesteps)"


def loss_of(w, wo, xi=lambda t: 0.0):
    """The loss of a trial, and the sum of noise times activity."""
    y, loss, summed = np.full(N, 0.1), 0.0, np.zeros((N, N))
    for t in range(T):
        summed = summed + np.ones(N)[:, None] * np.reshape(xi(t), (-1, 1)) * y
        y = y + H * (np.tanh(w @ y + xi(t)) - y)
        loss += float(MASK[t] * (Y[t] - wo @ y)[0]) ** 2 / (2 * T)
    return loss, summed


def weight_perturbation():
    s = 0.01
    rec, out = standard(
        Drawn(0.02, sigma=s),
        PerTrial(copies=2),
        DrawnOut(0.02, sigma=s),
        mechanisms=[PairDifference()],
        feedback=False,
    )
    w, wo, i, j = W.copy(), WOUT.copy(), np.arange(N)[None, :], np.arange(N)[:, None]
    for trial in range(TRIALS):
        p, po = s * np.sin(37 * i + 11 * j + 5 * trial * T), s * np.sin(37 * i + 3 + 5 * trial * T)
        m = loss_of(w, wo)[0] - loss_of(w + p, wo + po)[0]
        w, wo = w + 0.02 * m * p / s**2, wo + 0.02 * m * po / s**2
    return [(lambda: rec()[0], w, W), (lambda: rec()[1], w, W), (lambda: out()[0], wo, WOUT)]


def rflo(
    update,
    phi=np.tanh,
    slope=lambda u, f: 1 - f**2,
    credit=lambda state, e, y: B @ e,
    compare=lambda state, out: out,
    at_end=None,
):
    """The same by NumPy: weights and whatever else was kept."""
    w, wo, state = W.copy(), WOUT.copy(), {}
    for _ in range(TRIALS):
        y, p, state["position"], state["loss"], dw, dwo = (
            np.full(N, 0.1),
            np.zeros((N, N)),
            0.0,
            0.0,
            0 * w,
            0 * wo,
        )
        for t in range(T):
            u = w @ y
            f = phi(u)
            p = p + H * (slope(u, f)[:, None] * y - p)
            y = y + H * (f - y)
            e = MASK[t] * (Y[t] - compare(state, wo @ y))
            state["loss"] += float(e[0]) ** 2 / (2 * T)
            gw, gwo = credit(state, e, y)[:, None] * p, e[:, None] * y
            if update == "step":
                w, wo = w + 0.1 / T * gw, wo + 0.1 / T * gwo
            dw, dwo = dw + gw, dwo + gwo
        if update != "step":
            w, wo = at_end(state, w, wo, dw, dwo)
    return w, wo, state


def predicted_error():
    rec, out, predictor = standard(RFLO(0.1, tau=TAU), PerStep(), path=PredictedError(2.0))

    def credit(state, e, y):
        prediction = state.setdefault("C", np.zeros((1, N))) @ y
        state["C"] = state["C"] + 2.0 / T * (e - prediction)[:, None] * y
        return B @ prediction

    w, wo, state = rflo("step", credit=credit)
    return [(rec, w, W), (out, wo, WOUT), (predictor, state["C"], np.zeros((1, N)))]


def reward():
    rec, out = standard(
        Rewarded(0.05, RFLO(0, tau=TAU)), PerTrial(), mechanisms=[RunningBaseline(0.3)]
    )

    def at_end(state, w, wo, dw, dwo):
        expected, loss = state.setdefault("expected", 0.0), state["loss"]
        state["expected"] = expected + 0.3 * (loss - expected)
        return w + 0.05 / T * (expected - loss) * dw, wo + 0.1 / T * dwo

    w, wo, _ = rflo("trial", at_end=at_end)
    return [(rec, w, W), (out, wo, WOUT)]


def contrastive():
    task = TwoPhases(
        target=np.full((40, 2), [0.2, 0.9]), dt=1 * ms, phases={"free": 25 * ms, "clamped": 15 * ms}
    )
    units = RelaxationNeurons(N, 4 * ms, task)
    units.teaches, units.column = [0] * (N - 2) + [1, 1], [0] * (N - 1) + [1]
    start = (W + W.T) / 2
    rec = PlasticSynapses(units, units, Contrastive(0.5), "I_rec", PerTrial())
    connect((rec, start))
    Network(units, rec, Trials(task, units, rec)).run(TRIALS * task.duration)
    w, clamp = start.copy(), np.array([0.2, 0.9])
    for _ in range(TRIALS):
        u, a = np.zeros(N), np.full(N, 0.5)
        for t in range(40):
            u = u + 0.25 * (-u + w @ a)
            a = 1 / (1 + np.exp(-u))
            if t >= 25:
                a[-2:] = clamp
            if t == 24:
                free = a.copy()
        w = w + 0.5 * (np.outer(a, a) - np.outer(free, free))
    return [(rec.matrix, w, start)]


def position():
    rec, out = standard(RFLO(0.1, tau=TAU), PerStep(), readout=PositionReadout(TASK, tau=5 * ms))

    def compare(state, out):
        state["position"] = state["position"] + out / 5
        return state["position"]

    w, wo, _ = rflo("step", compare=compare)
    return [(rec, w, W), (out, wo, WOUT)]


def rmsprop():
    rec, out = standard(RFLO(0.01, tau=TAU), PerTrial(RMSprop(beta=0.8)), Delta(0.01))

    def at_end(state, w, wo, dw, dwo):
        s, so = (
            0.8 * state.get(name, 0) + (1 - 0.8) * (change / T) ** 2
            for name, change in (("s", dw), ("so", dwo))
        )
        state["s"], state["so"] = s, so
        return w + 0.01 * dw / T / (np.sqrt(s) + 1e-8), wo + 0.01 * dwo / T / (np.sqrt(so) + 1e-8)

    w, wo, _ = rflo("trial", at_end=at_end)
    return [(rec, w, W), (out, wo, WOUT)]


def softplus():
    rec, out = standard(RFLO(0.1, tau=TAU), PerStep(), neurons=SoftplusNeurons(N, TAU))
    w, wo, _ = rflo(
        "step", phi=lambda u: np.log(1 + np.exp(u)), slope=lambda u, f: 1 / (1 + np.exp(-u))
    )
    return [(rec, w, W), (out, wo, WOUT)]


def td_error():
    rec, out = standard(
        Tagged(0.05, RFLO(0, tau=TAU), discount=0.9),
        PerStep(),
        readout=RewardingReadout(TASK),
        mechanisms=[TDError(0.95, 0.1)],
    )
    w, wo = W.copy(), WOUT.copy()
    for _ in range(TRIALS):
        y, p, tag, V, before = np.full(N, 0.1), np.zeros((N, N)), np.zeros((N, N)), 0.0, 0.0
        for t in range(T):
            f = np.tanh(w @ y)
            p = p + H * ((1 - f**2)[:, None] * y - p)
            y = y + H * (f - y)
            e = MASK[t] * (Y[t] - wo @ y)
            reward = -(float(e[0]) ** 2)
            V = V + 0.1 * (reward - V)
            delta, before = reward + 0.95 * V - before, V
            w, wo = w + 0.05 / T * delta * tag, wo + 0.1 / T * e[:, None] * y
            tag = 0.9 * tag + (B @ e)[:, None] * p
    return [(rec, w, W), (out, wo, WOUT)]


class DrawnNoise(NodePerturbation):
    explores = "perturbed_network*sigma*sin(37*(i % 7) + 5*t_in_timesteps)"


def node_perturbation():
    s = 0.01
    rec, out = standard(
        DrawnNoise(0.01, sigma=s),
        PerTrial(copies=2, window=1),
        DrawnOut(0.02, sigma=s),
        neurons=NoisyNeurons(2 * N, TAU),
        mechanisms=[PairDifference()],
        feedback=False,
    )
    w, wo = W.copy(), WOUT.copy()
    for trial in range(TRIALS):
        po = s * np.sin(37 * np.arange(N)[None] + 3 + 5 * trial * T)
        noisy, summed = loss_of(
            w, wo + po, lambda t, trial=trial: s * np.sin(37 * np.arange(N) + 5 * (trial * T + t))
        )
        m = loss_of(w, wo)[0] - noisy
        w, wo = w + 0.01 * m * summed / s**2, wo + 0.02 * m * po / s**2
    return [(lambda: rec()[1], w, W), (lambda: out()[0], wo, WOUT)]


class Alternating(Mechanism):
    variables = {"network": "modulator : 1"}
    steps = (Step("modulator = 1.5 + sin(t_in_timesteps)", MODULATE, "network", "trial_end"),)


def test_steps_at_spikes_need_spikes_without_delays():
    model = "dv/dt = (1.5 + I_syn - v)/(10*ms) : 1\ndI_syn/dt = -I_syn/(5*ms) : 1"
    cells = NeuronGroup(N, model, threshold="v > 1", reset="v = 0", method="euler", namespace={})
    rule = RewardedSTDP(0.01, tau=20 * ms)
    rec = PlasticSynapses(cells, cells, rule, "I_syn", PerTrial(), delay=2 * ms)
    connect((rec, 0.2 * W))
    trials = Trials(TASK, rec, Alternating())
    trials.at_start(cells, "v = 0; I_syn = 0")
    with pytest.raises(BrianObjectException) as raised:
        Network(cells, rec, trials).run(TASK.duration)
    assert "must not have delays" in str(raised.value.__cause__)


def stdp():
    spiking = NeuronGroup(
        N,
        "dv/dt = (drive + I_syn - v)/(10*ms) : 1\ndI_syn/dt = -I_syn/(5*ms) : 1\ndrive : 1",
        threshold="v > 1",
        reset="v = 0",
        method="euler",
        namespace={},
    )
    spiking.drive = 1.2 + 0.1 * np.arange(N)
    rec = PlasticSynapses(
        spiking,
        spiking,
        RewardedSTDP(0.01, tau=20 * ms),
        "I_syn",
        PerTrial(),
        constraint="w = clip(w, -1, 1)",
    )
    connect((rec, 0.2 * W))
    trials = Trials(TASK, rec, Alternating())
    trials.at_start(spiking, "v = 0.1*i; I_syn = 0")
    spikes = SpikeMonitor(spiking)
    Network(spiking, rec, trials, spikes).run(TRIALS * TASK.duration)
    w, n = 0.2 * W, 0
    for trial in range(TRIALS):
        v, current, early, late, tag = (
            0.1 * np.arange(N),
            np.zeros(N),
            np.zeros(N),
            np.zeros(N),
            np.zeros((N, N)),
        )
        for _ in range(T):
            early, late = early - early / 20, late - late / 20
            v, current = v + 0.1 * (1.2 + 0.1 * np.arange(N) + current - v), current - current / 5
            z = v > 1
            current = current + w @ z
            tag = tag - 0.9 * late[:, None] * z + 1.0 * early * z[:, None]
            early, late, v, n = early + z, late + z, np.where(z, 0, v), n + z.sum()
        w = np.clip(w + 0.01 * (1.5 + np.sin(trial * T + T - 1)) * tag, -1, 1)
    return [
        (rec.matrix, w, 0.2 * W),
        (lambda: np.array(spikes.num_spikes), np.array(n), np.array(0)),
    ]


ADDITIONS = [
    bcm,
    weight_perturbation,
    predicted_error,
    reward,
    contrastive,
    position,
    rmsprop,
    softplus,
    td_error,
    node_perturbation,
    stdp,
]


def compare(found):
    for read, expected, start in found:
        scale = np.abs(expected).max()
        assert np.abs(read() - expected).max() <= 1e-12 * scale
        assert np.abs(expected - start).max() > 1e-4 * scale


@pytest.mark.parametrize("addition", ADDITIONS, ids=lambda addition: addition.__name__)
def test_addition(addition):
    compare(addition())


@pytest.mark.model
@pytest.mark.compiled
def test_additions_on_cython():
    prefs.codegen.target = "cython"
    for addition in ADDITIONS:
        compare(addition())


@pytest.mark.model
@pytest.mark.compiled
def test_additions_in_one_standalone_program(tmp_path):
    set_device("cpp_standalone", build_on_run=False)
    try:
        defaultclock.dt = 1 * ms
        found = [addition() for addition in ADDITIONS]
        device.build(directory=str(tmp_path))
        for one in found:
            compare(one)
    finally:
        device.reinit()
        reset_device()
