"""Rate neurons with their function inside the leak (`RateNeurons`) and outside it
(`PotentialNeurons`): functions, biases, time constants and noise, against recursions written here.
"""

import numpy as np
import pytest
from brian2 import Network, StateMonitor, defaultclock, ms, mV, rand, seed, volt
from helpers import assemble
from targets import LONG

from brian_rflo import (
    RFLO,
    SGD,
    Delta,
    DerivedNeurons,
    EProp,
    LearningNetwork,
    LIFNeurons,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
)
from brian_rflo.brian.construction import networks_with
from brian_rflo.brian.devices import device
from brian_rflo.checks import check_rule
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.neurons.functions import FUNCTIONS
from brian_rflo.tasks import CursorMovements

TASK = CursorMovements(movement=30 * ms, seed=3, input_height=2.0)
N, RATE, TRIALS = 8, 0.02, 3
rng = np.random.default_rng(7)
BIAS, INITIAL = rng.uniform(-0.5, 0.5, N), rng.uniform(-0.3, 0.3, N)
STEEPNESS, TAU = rng.uniform(0.5, 2, N), rng.uniform(4, 20, N)
#: Functions and their slopes, written anew.
F = {
    "tanh": (np.tanh, lambda u: 1 / np.cosh(u) ** 2),
    "relu": (lambda u: np.maximum(u, 0), lambda u: 1.0 * (u > 0)),
    "rectified tanh": (
        lambda u: np.maximum(np.tanh(u), 0),
        lambda u: (u > 0) / np.cosh(u) ** 2,
    ),
    "sigmoid": (
        lambda u: 1 / (1 + np.exp(-u)),
        lambda u: np.exp(-u) / (1 + np.exp(-u)) ** 2,
    ),
    "top*log(1 + exp(u))": (
        lambda u: 0.7 * np.log(1 + np.exp(u)),
        lambda u: 0.7 / (1 + np.exp(-u)),
    ),
}
NOISES = ("noise", "output_noise", "rate_noise")


def trained(make, rule_of, update="trial", target="numpy", draws=()):
    """The result of a network, its draws by name as arrays [trial, step, neuron], and the net."""
    with device(target):
        seed(5)
        defaultclock.dt = TASK.dt
        neurons = make()
        options = dict(update=update, gain=1.0, seed=4, optimizer=SGD())
        net = assemble(TASK, neurons, rule_of(neurons), Delta(RATE), **options)
        monitor = StateMonitor(neurons, [*draws, "activity"], record=True, when="end")
        net.add(monitor)
        result = net.train(TRIALS, namespace={})
        shape = (TRIALS, TASK.n_steps, len(neurons))
        seen = {name: np.array(getattr(monitor, name)).T.reshape(shape) for name in draws}
        assert all(values.std() > 0.05 for values in seen.values())
        why_not = net.recurrent.dense.why_not_dense
    return result, seen, why_not


def by_hand(result, seen, advance, state, sent, rate, online=False):
    """Weights after training: `advance` maps state, traces, inputs and draws of a step to the next
    state, the rate that is sent, and the eligibility of each matrix.
    """
    W = {name: weights[0].copy() for name, weights in result.weights_before.items()}
    for trial, (inputs, target, mask) in enumerate(map(TASK.trial, range(TRIALS))):
        h, r, p, total = state.copy(), sent.copy(), {"recurrent": 0, "input": 0}, {}
        for step, entered in enumerate(inputs):
            draws = {name: values[trial, step] for name, values in seen.items()}
            drive = W["recurrent"] @ r + W["input"] @ entered + draws.get("noise", 0)
            h, r, p, slopes = advance(h, drive, p, {"recurrent": r, "input": entered}, draws)
            error = mask[step] * (target[step] - W["output"] @ r)
            back = (W["feedback"] @ error)[:, None] * slopes
            changes = {name: back * p[name] for name in p} | {"output": np.outer(error, r)}
            for name, change in changes.items():
                if online:
                    W[name] = W[name] + rate / TASK.n_steps * change
                total[name] = total.get(name, 0) + rate / TASK.n_steps * change
        W = W if online else W | {name: W[name] + change for name, change in total.items()}
    return W


def assert_equal(result, W, tolerance=1e-12):
    for name in ("recurrent", "input", "output"):
        moved = np.abs(result.weights_after[name] - result.weights_before[name]).max()
        assert moved > 1e-5, name
        np.testing.assert_allclose(result.weights_after[name][0], W[name], rtol=0, atol=tolerance)


def potential_by_hand(f, bias, steepness, tau):
    """One step of neurons with their function outside the leak, given the draws."""
    value, slope = F[f]

    def advance(u, drive, p, arriving, draws):
        u = u + (-u + bias + drive) / tau
        keep = 1 - 1 / np.broadcast_to(tau, N)[:, None]
        p = {name: keep * p[name] + (1 - keep) * arriving[name] for name in p}
        r = value(steepness * u) + draws.get("output_noise", 0)
        return u, r, p, (steepness * slope(steepness * u))[:, None]

    return advance


def rate_by_hand(f, bias, steepness, tau):
    """One step of neurons with their function inside the leak, given the draws."""
    value, slope = F[f]

    def advance(h, drive, p, arriving, draws):
        x = steepness * (drive + bias)
        keep = 1 - 1 / np.broadcast_to(tau, N)[:, None]
        gains = (steepness * slope(x))[:, None]
        p = {name: keep * p[name] + (1 - keep) * gains * arriving[name] for name in p}
        h = h + (-h + value(x) + draws.get("output_noise", 0)) / tau
        return h, h + draws.get("rate_noise", 0), p, 1

    return advance


#: Arguments, and the same as numbers of the recursion.
ONE = (dict(tau=10 * ms, bias=BIAS), dict(bias=BIAS, steepness=1.0, tau=10.0))
EACH = (
    dict(tau=TAU * ms, bias=BIAS, steepness=STEEPNESS),
    dict(bias=BIAS, steepness=STEEPNESS, tau=TAU),
)
PLAIN = (dict(tau=10 * ms), dict(bias=0.0, steepness=1.0, tau=10.0))
CASES = {
    "one time constant": ("tanh", ONE, "trial"),
    "each its own": ("sigmoid", EACH, "step"),
    "relu": ("relu", PLAIN, "trial"),
    "rectified tanh": ("rectified tanh", ONE, "trial"),
    "string": ("top*log(1 + exp(u))", EACH, "trial"),
}


def on_targets(*chosen):
    """Each case on each target; by default those chosen, in NumPy."""
    return [
        pytest.param(name, target, id=f"{name}-{target}", marks=marks)
        for name in CASES
        for target, marks in (
            ("numpy", [] if name in chosen else pytest.mark.model),
            *((one, LONG) for one in ("cython", "cpp_standalone") if name in chosen),
        )
    ]


@pytest.mark.parametrize("name, target", on_targets("one time constant", "each its own"))
def test_potential_neurons_learn_by_the_recursion(name, target):
    """Given the draws of noise in the drive and on the rate that is sent."""
    f, (arguments, numbers), update = CASES[name]
    noisy = name != "relu"
    stds = dict(noise_std=0.3, output_noise_std=np.linspace(0.1, 0.3, N)) if noisy else {}
    result, seen, why_not = trained(
        lambda: PotentialNeurons(
            N, f=f, initial=INITIAL, namespace={"top": 0.7}, **arguments, **stds
        ),
        lambda neurons: neurons.rule(RATE),
        update,
        target,
        draws=NOISES[:2] if noisy else (),
    )
    assert target == "numpy" or why_not is None
    advance = potential_by_hand(f, **numbers)
    sent = F[f][0](numbers["steepness"] * INITIAL)
    W = by_hand(result, seen, advance, INITIAL, sent, RATE, online=update == "step")
    assert_equal(result, W)


@pytest.mark.parametrize("name, target", on_targets("each its own", "string"))
def test_rate_neurons_learn_by_rflo(name, target):
    """With any function, and given the draws of all noise."""
    f, (arguments, numbers), update = CASES[name]
    noisy = name != "rectified tanh"
    stds = {f"{noise}_std": 0.1 * place for place, noise in enumerate(NOISES, start=1)}
    result, seen, why_not = trained(
        lambda: RateNeurons(
            N,
            f=f,
            initial=INITIAL,
            namespace={"top": 0.7},
            **arguments,
            **(stds if noisy else dict(output_noise_std=0.5)),
        ),
        lambda neurons: RFLO(RATE, tau=None),
        update,
        target,
        draws=NOISES if noisy else ("output_noise",),
    )
    assert target == "numpy" or why_not is None
    W = by_hand(
        result,
        seen,
        rate_by_hand(f, **numbers),
        INITIAL,
        INITIAL,
        RATE,
        online=update == "step",
    )
    assert_equal(result, W)


def test_named_functions_and_slopes_are_those_of_the_string():
    """Those that are written by hand, and those that are differentiated."""
    u = np.linspace(-3, 3, 41)
    assert set(F) - set(FUNCTIONS) == {"top*log(1 + exp(u))"}
    for f, (text, _) in FUNCTIONS.items():
        phi, gain = [], []
        for given in (f, text):
            neurons = RateNeurons(41, tau=10 * ms, f=given, steepness=1.5, bias=u)
            Network(neurons).run(defaultclock.dt)
            phi.append(np.array(neurons.phi))
            gain.append(np.array(neurons.gain))
        for values, expected in zip((phi, gain), F[f]):
            factor = 1.5 if values is gain else 1
            np.testing.assert_allclose(values[0], values[1], atol=1e-15)
            np.testing.assert_allclose(values[0], factor * expected(1.5 * u), atol=1e-14)


def test_functions_do_not_overflow():
    for f in FUNCTIONS:
        neurons = RateNeurons(2, tau=10 * ms, f=f, bias=[-2000.0, 2000.0])
        Network(neurons).run(defaultclock.dt)
        assert np.isfinite(neurons.phi).all() and np.isfinite(neurons.gain).all()


def test_the_neuron_of_portes_has_noise_inside_the_leak():
    """h(t+1) = h + a (-h + tanh u + xi); its RFLO is that without noise, at the same drive."""
    defaultclock.dt = 1 * ms
    neurons = RateNeurons(50, tau=10 * ms, initial=0.0, output_noise_std=0.5)
    seen = StateMonitor(neurons, ["activity", "output_noise"], record=True, when="end")
    Network(neurons, seen).run(400 * ms)
    h, xi = np.zeros(50), np.array(seen.output_noise).T
    assert abs(xi.var() - 0.25) < 0.01 and abs(xi.mean()) < 0.02
    for step, now in enumerate(np.array(seen.activity).T):
        h = h + 0.1 * (-h + np.tanh(0.0) + xi[step])
        np.testing.assert_allclose(now, h, rtol=0, atol=1e-14)
    rule = RFLO(0.1, tau=10 * ms)
    assert rule.bind(neurons, "I_rec") is rule


def test_noise_is_seeded_and_differs_between_neurons_steps_and_networks():
    runs = []
    for number in (1, 1, 2):
        seed(number)
        neurons = PotentialNeurons(6, tau=10 * ms, noise_std=0.2, output_noise_std=0.1)
        seen = StateMonitor(neurons, ["noise", "output_noise"], record=True, when="end")
        network = Network(neurons, seen)
        network.run(50 * ms)
        runs.append(np.concatenate([seen.noise, seen.output_noise]))
    np.testing.assert_array_equal(runs[0], runs[1])
    assert len(np.unique(runs[0])) == runs[0].size and not (runs[0] == runs[2]).any()
    neurons.noise_std = 0  # a later phase without noise
    network.run(1 * ms)
    assert not np.any(neurons.noise)


def test_a_network_that_brian2_refused_stops_no_other():
    """It lives on in the traceback, half made."""
    neurons = RateNeurons(3, tau=5 * ms)
    network = Network(neurons)
    network.run(1 * ms)
    with pytest.raises(RuntimeError, match="already been simulated") as _kept:
        Network(neurons)
    assert networks_with(neurons) == [network]


@pytest.mark.parametrize("kind", [RateNeurons, PotentialNeurons])
def test_what_is_not_used_does_not_exist(kind):
    names = {"noise", "output_noise", "rate_noise", "bias", "steepness", "tau", "excitatory", "h"}
    assert not names & set(kind(3, tau=10 * ms).variables)
    neurons = kind(3, tau=10 * ms, noise_std=0, output_noise_std=0.0)  # ports: nothing draws
    assert {"noise", "output_noise"} <= set(neurons.variables)
    assert "noise_std" not in neurons.variables
    drawn = []
    for part in ([neurons], []):
        seed(3)
        Network(*part).run(2 * ms)
        drawn.append(rand())
    assert drawn[0] == drawn[1]


def test_default_rate_neurons_are_as_they_were():
    """The very statements, so that numbers and compiled code are those of before."""
    neurons = RateNeurons(3, tau=10 * ms)
    codes = [getattr(part, "abstract_code", None) for part in neurons.contained_objects]
    assert codes[1:] == ["phi = tanh(drive); gain = 1 - phi**2"]
    assert neurons.trial_start == "activity = initial"
    assert neurons.equations["activity"].expr.code == "(phi - activity)/tau"
    assert neurons.equations["drive"].expr.code == "I_rec + I_in"


def test_time_constants_of_their_own_need_a_rule_that_reads_them():
    neurons = RateNeurons(3, tau=[5, 10, 20] * ms)
    for rule in (RFLO(0.1, tau=10 * ms), EProp(0.1, tau=10 * ms)):
        with pytest.raises(ValueError, match=r"each neuron of 'rateneurons.* has its own; write"):
            PlasticSynapses(neurons, neurons, rule, onto="I_rec")
    assert "/tau_post" in RFLO(0.1, tau=None).traces and "/tau :" in RFLO(0.1, 5 * ms).traces
    alike = RateNeurons(3, tau=5 * ms, name="alike")
    assert RFLO(0.1, tau=None).bind(alike, "I_rec") == RFLO(0.1, tau=5 * ms)
    filtered = LIFNeurons(3, tau=20 * ms, tau_syn=50 * ms)
    assert RFLO(0.1, tau=None).bind(filtered, "I_rec") == RFLO(0.1, tau=50 * ms)
    with pytest.raises(ValueError, match="must be positive and finite for each neuron"):
        neurons.tau = [5, -1, 2] * ms
    neurons.tau = [0.5, 1, 2] * ms
    with pytest.raises(Exception) as error:
        Network(neurons).run(1 * ms)
    assert "tau = 0.5 ms is shorter than the time step" in str(error.value.__cause__)


@pytest.mark.parametrize(
    "f",
    [
        *(pytest.param(f, marks=pytest.mark.model) for f in F if f != "relu" and "top" not in f),
        "relu",
    ],
)
def test_derivatives_with_all_options(f):
    """Against finite differences of the simulation, noise as it was drawn."""
    options = dict(bias=0.2, steepness=1.5, noise_std=0.1, output_noise_std=0.1, f=f)
    check_rule(
        make=lambda size: PotentialNeurons(
            size, tau=np.linspace(5, 20, size) * ms, method="heun", **options
        ),
        steps=10,
        tau_out=5 * ms,
    )


def test_derived_neurons_draw_noise():
    """In volts, multiplied by the state, and on what is sent; the derivative sees it as it is."""
    model = """dx/dt = (-x + tanh(I_rec)*mV + eta*(1 + x/mV))/(10*ms) : volt
               eta : volt"""

    def make(size):
        return DerivedNeurons(
            size, model, activity="tanh(x/mV) + late", noise={"eta": 0.2 * mV, "late": 0.1}
        )

    check_rule(make=make, steps=12)
    neurons = make(3)
    assert "eta = 0*volt\nlate = 0*1\nactivity" in neurons.trial_start
    assert neurons.per_neuron == ("eta_std", "late_std") and neurons.eta_std[0] == 0.2 * mV
    with pytest.raises(ValueError, match="must be finite and not negative"):
        neurons.late_std = -1


def test_a_parameter_of_the_neurons_is_not_a_constant_of_the_script():
    g = 2.0  # noqa: F841 (the script has the name too)
    model = "dx/dt = (-x + g*I_rec)/(10*ms) : 1\ng : 1 (constant)"

    def make(size):
        neurons = DerivedNeurons(size, model, activity="tanh(x)", method="euler")
        neurons.g = np.linspace(0.5, 1.5, size)
        return neurons

    assert "g" not in make(2).text.constants
    check_rule(make=make, steps=8)


SETTINGS = dict(tau=TAU * ms, f="relu", bias=BIAS, steepness=2.0, noise_std=0.1)


@pytest.mark.parametrize("kind", [RateNeurons, PotentialNeurons])
def test_settings_and_files_hold_them(kind, tmp_path):
    def make(**changed):
        neurons = kind(N, **(SETTINGS | changed))
        rule = neurons.rule(RATE) if hasattr(neurons, "rule") else RFLO(RATE, tau=None)
        return LearningNetwork(TASK, neurons, rule)

    net = make()
    net.train(1, namespace={})
    settings = net.settings
    assert "f='relu'" in str(settings["neurons"])
    assert settings["neurons_noise_std"] == 0.1 and settings["neurons_steepness"] == 2
    assert {"neurons_bias", "neurons_tau"} <= set(settings)
    net.save(tmp_path / "net.npz")
    expected = net.train(1, namespace={}).weights_after["recurrent"]
    again = make(bias=0.0, noise_std=0.3).load(tmp_path / "net.npz")
    np.testing.assert_array_equal(again.train(1, namespace={}).weights_after["recurrent"], expected)
    with pytest.raises(ValueError, match="saved from another network"):
        make(f="tanh").load(tmp_path / "net.npz")


def test_names_of_the_script_are_not_read():
    """Nor does Brian2 print that there are two of them."""
    bias, u, noise, tau, f = np.zeros((3, 3)), 3.0, 5.0, 7.0, 9.0  # noqa: F841
    neurons = PotentialNeurons(2, tau=5 * ms, bias=1.0, noise_std=0.0, initial=0.0)
    Network(neurons).run(1 * ms)
    np.testing.assert_allclose(neurons.u, 0.2)


BAD = {
    "nonlinearity": (lambda kind: kind(3, 5 * ms, nonlinearity="relu"), TypeError, "Write f=."),
    "gain": (lambda kind: kind(3, 5 * ms, gain=2), TypeError, "Write steepness=."),
    "noise": (lambda kind: kind(3, 5 * ms, noise=0.1), TypeError, "Write noise_std=."),
    "name of f": (lambda kind: kind(3, 5 * ms, f="ReLU"), ValueError, "one of 'tanh', 'relu'"),
    "f": (lambda kind: kind(3, 5 * ms, f=np.tanh), TypeError, "f must be a string"),
    "random f": (lambda kind: kind(3, 5 * ms, f="u*rand()"), ValueError, "draws random numbers"),
    "flat f": (lambda kind: kind(3, 5 * ms, f="int(u > 0)"), ValueError, "a slope of 0"),
    "unknown name": (
        lambda kind: kind(3, 5 * ms, f="top*tanh(u)"),
        ValueError,
        "names 'top', .* namespace={'top': 2.0}",
    ),
    "unit in f": (lambda kind: kind(3, 5 * ms, f="u*mV"), ValueError, "names 'mV', a unit"),
    "own name": (
        lambda kind: kind(3, 5 * ms, f="activity*u", namespace={"activity": 2.0}),
        ValueError,
        "names 'activity', which is a variable",
    ),
    "own tau": (
        lambda kind: kind(3, 5 * ms, f="tau*u", namespace={"tau": 2.0}),
        ValueError,
        "names 'tau', which is a variable",
    ),
    "slope": (
        lambda kind: kind(3, 5 * ms, f="sqrt(clip(u, 0, inf))"),
        ValueError,
        "is 0 at u = -4, where its slope, .* is not finite",
    ),
    "no expression": (lambda kind: kind(3, 5 * ms, f="u +* 2"), ValueError, "not an expression"),
    "bias": (lambda kind: kind(3, 5 * ms, bias=[1, 2]), ValueError, "bias must be one number"),
    "NaN": (lambda kind: kind(3, 5 * ms, bias=np.nan), ValueError, "bias must be finite"),
    "units": (lambda kind: kind(3, 5 * ms, bias=1 * volt), TypeError, "must have no units"),
    "std": (lambda kind: kind(3, 5 * ms, noise_std=-1), ValueError, "not negative"),
    "std, shape": (lambda kind: kind(3, 5 * ms, noise_std=[1, 2]), ValueError, r"shape \(3,\)"),
    "std, string": (lambda kind: kind(3, 5 * ms, noise_std="rand()"), TypeError, "a number or"),
    "taus": (lambda kind: kind(3, [5, 6] * ms), ValueError, r"tau must be .* shape \(3,\)"),
    "no times": (lambda kind: kind(3, [5, 6, 7]), TypeError, "tau must be a time"),
    "short": (lambda kind: kind(3, [0.5, 6, 7] * ms), ValueError, "shorter than the time step"),
    "no tau": (lambda kind: kind(3, 5), TypeError, "tau must be a time"),
    "excitatory": (lambda kind: kind(3, 5 * ms, excitatory=[1, 0, 1]), ValueError, "True and Fal"),
    "initial": (lambda kind: kind(3, 5 * ms, initial=np.inf), ValueError, "initial must be finite"),
}


@pytest.mark.parametrize("kind", [RateNeurons, PotentialNeurons])
@pytest.mark.parametrize("act, error, message", BAD.values(), ids=BAD)
def test_bad_arguments(kind, act, error, message):
    with pytest.raises(error, match=message):
        act(kind)


def test_rules_that_do_not_fit_are_refused():
    neurons, plain = PotentialNeurons(3, tau=5 * ms), RateNeurons(3, tau=5 * ms)
    for target in (
        neurons,
        DerivedNeurons(3, "dx/dt = (tanh(I_rec) - x)/(5*ms) : 1", activity="x"),
    ):
        with pytest.raises(ValueError, match=r"RFLO reads 'gain', .* Write .*\.rule\(learning_rat"):
            PlasticSynapses(plain, target, RFLO(0.1, tau=5 * ms), onto="I_rec")
    with pytest.raises(ValueError, match=r"\.rule\(learning_rate"):
        PlasticSynapses(plain, neurons, RFLO(0.1, tau=None), onto="I_rec")
    model = "dx/dt = (I_rec + zeta - x)/(5*ms) : 1\nzeta : 1"
    for noise in ({"eta": 1}, {"I_rec": 1}, {"x": 1}):
        with pytest.raises(ValueError, match="in noise must be read by the model"):
            DerivedNeurons(3, model, activity="x", noise=noise)
    with pytest.raises(TypeError, match="'zeta' has the unit 1, so its"):
        DerivedNeurons(3, model, activity="x", noise={"zeta": 1 * mV})


def test_a_rule_that_explores_draws_into_the_port():
    from additions.j_node_perturbation import NodePerturbation

    rule = NodePerturbation(0.1, sigma=0.1)
    for kind in (RateNeurons, PotentialNeurons):
        neurons = kind(3, tau=5 * ms, noise_std=0)
        PlasticSynapses(neurons, neurons, rule, onto="I_rec", learn=PerTrial())
        noisy = kind(3, tau=5 * ms, noise_std=0.1)
        with pytest.raises(ValueError, match="make them with noise_std=0"):
            PlasticSynapses(noisy, noisy, rule, onto="I_rec", learn=PerTrial())


def test_networks_side_by_side_are_those_alone():
    both = []
    for networks in (1, 2):
        neurons = PotentialNeurons(
            networks * N, tau=np.tile(TAU, networks) * ms, bias=np.tile(BIAS, networks)
        )
        net = assemble(TASK, neurons, neurons.rule(RATE), Delta(RATE), seed=4, networks=networks)
        both.append(net.train(2, namespace={}).weights_after["recurrent"])
    np.testing.assert_allclose(both[0][0], both[1][0], rtol=0, atol=1e-13)
