"""Small networks of all kinds, of which gradients are compared with finite differences."""

import numpy as np
from brian2 import defaultclock, ms, mV, nS, pF, uS

from brian_rflo import (
    RFLO,
    ALIFNeurons,
    DerivedNeurons,
    DiscreteLIFNeurons,
    LearningNetwork,
    LIFNeurons,
    PerTrial,
    RateNeurons,
)
from brian_rflo.credit import SymmetricFeedback
from brian_rflo.readouts import Leaky, Linear
from brian_rflo.tasks import ArrayTask

LEAK = 10 * ms


def waves(steps=60, seed=5, dt=1 * ms, graded=False):
    """A task with inputs and targets that go up and down, and a mask."""
    rng, t = np.random.default_rng(seed), np.arange(steps)[:, None]
    inputs = np.sin(t / rng.uniform(4, 12, 2) + rng.uniform(0, 6, 2))
    target = np.cos(t / rng.uniform(5, 20, 2))
    mask = rng.random(steps) if graded else (rng.random(steps) < 0.8).astype(float)
    return ArrayTask(inputs=inputs, target=target, mask=mask, dt=dt)


def weights(N=8, n_in=2, gain=1.5, positive=False):
    """Weights of a small network."""
    rng = np.random.default_rng(1)
    recurrent = gain * rng.standard_normal((N, N)) / np.sqrt(N)
    return {
        "recurrent": np.abs(recurrent) if positive else recurrent,
        "output": rng.standard_normal((2, N)) / np.sqrt(N),
        "input": rng.standard_normal((N, n_in)),
    }


def network(make, task, initial, readout=Linear(), rule=None, side=1, **more):
    """A function that returns a network."""

    def build():
        defaultclock.dt = task.dt
        neurons = make()
        its = rule or (
            neurons.rule(0.03, tau_out=readout.tau if isinstance(readout, Leaky) else None)
            if hasattr(neurons, "rule")
            else RFLO(0.03, tau=getattr(neurons, "tau_syn", LEAK))
        )
        return LearningNetwork(
            task,
            neurons,
            its,
            readout,
            learn=PerTrial(copies=side),
            initial=dict(initial),
            credit=SymmetricFeedback(),
            **more,
        )

    return build


COBA = """dv/dt = (gL*(EL - v) + g*(EE - v) + gL*(24*mV + 8*mV*I_in))/C : volt (unless refractory)
dg/dt = -g/(10*ms) : siemens
dr/dt = -r/(20*ms) : 1"""
HODGKIN_HUXLEY = """
dv/dt = (gl*(El-v) - gna*m**3*h*(v-ENa) - gkd*n**4*(v-EK) + g*(EE-v) + 1*nA*(1+I_in))/Cm : volt
dm/dt = 0.32/mV*(13*mV-v+VT)/(exp((13*mV-v+VT)/(4*mV))-1)/ms*(1-m)
        - 0.28/mV*(v-VT-40*mV)/(exp((v-VT-40*mV)/(5*mV))-1)/ms*m : 1
dn/dt = 0.032/mV*(15*mV-v+VT)/(exp((15*mV-v+VT)/(5*mV))-1)/ms*(1-n)
        - 0.5*exp((10*mV-v+VT)/(40*mV))/ms*n : 1
dh/dt = 0.128*exp((17*mV-v+VT)/(18*mV))/ms*(1-h) - 4/(1+exp((40*mV-v+VT)/(5*mV)))/ms*h : 1
dg/dt = -g/(5*ms) : siemens
dr/dt = -r/(20*ms) : 1"""


def conductance(method="exponential_euler"):
    """Integrate-and-fire neurons with conductances."""
    return DerivedNeurons(
        8,
        COBA,
        on_pre="g += w*nS",
        input=("I_in",),
        activity="r",
        threshold="v > -50*mV",
        reset="v = EL; r += 1",
        refractory=3 * ms,
        method=method,
        surrogate="clip(1 - abs(u)/(20*mV), 0, 1)/(20*mV)",
        initial={"v": np.linspace(-70, -52, 8) * mV},
        namespace=dict(C=200 * pF, gL=10 * nS, EL=-70 * mV, EE=0 * mV),
    )


def hodgkin_huxley(method="exponential_euler"):
    """Neurons of Hodgkin and Huxley's kind."""
    return DerivedNeurons(
        8,
        HODGKIN_HUXLEY,
        on_pre="g += w*nS",
        input="I_in",
        activity="r",
        threshold="v > -20*mV",
        reset="r += 1",
        refractory=3 * ms,
        method=method,
        surrogate="0.3*clip(1 - abs(u)/(20*mV), 0, 1)/(20*mV)",
        initial={"v": np.linspace(-70, -60, 8) * mV},
        namespace=dict(
            Cm=200 * pF,
            gl=10 * nS,
            El=-60 * mV,
            ENa=50 * mV,
            EK=-90 * mV,
            gna=20 * uS,
            gkd=6 * uS,
            VT=-63 * mV,
            EE=0 * mV,
        ),
    )


def adapting(method="rk4"):
    """Rate neurons with two nonlinear states."""
    return DerivedNeurons(
        8,
        "dx/dt = (-x**3 - c + tanh(I_rec) + I_in)/LEAK : 1\ndc/dt = (x - c)/(40*ms) : 1",
        input=("I_rec", "I_in"),
        activity="x",
        method=method,
        initial={"x": 0.1},
        namespace=dict(LEAK=LEAK),
    )


def outside():
    """Rate neurons that send an expression of two states."""
    return DerivedNeurons(
        8,
        "dx/dt = (-x - c + tanh(I_rec) + I_in)/LEAK : 1\ndc/dt = (x - c)/(40*ms) : 1",
        input=("I_rec", "I_in"),
        activity="tanh(x) + 0.1*c",
        method="euler",
        initial={"x": 0.1},
        namespace=dict(LEAK=LEAK),
    )


def adaptive_spikes():
    """Neurons that send spikes, with a reset that subtracts and an adaptive threshold."""
    return DerivedNeurons(
        8,
        "dv/dt = (-v + I_rec + I_in + 1.4)/(20*ms) : 1\nda/dt = -a/(100*ms) : 1",
        input=("I_rec", "I_in"),
        activity="spike",
        threshold="v > 1 + 0.2*a",
        reset="v -= 1; a += 1",
        surrogate="0.3*clip(1 - abs(u), 0, 1)",
        method="exact",
    )


def jumping():
    """Neurons whose membrane jumps at presynaptic spikes, unless they are refractory."""
    return DerivedNeurons(
        8,
        "dv/dt = (-v + I_in + 1.4)/(20*ms) : 1 (unless refractory)\ndr/dt = -r/(20*ms) : 1",
        on_pre="v += w*0.1",
        input="I_in",
        activity="r",
        threshold="v > 1",
        reset="v = 0; r += 1",
        refractory=4 * ms,
        surrogate="0.3*clip(1 - abs(u), 0, 1)",
        method="exact",
    )


def lif(**given):
    """The package's own integrate-and-fire neurons."""
    bias = np.linspace(1.05, 1.5, 8)
    return LIFNeurons(8, tau=20 * ms, tau_syn=20 * ms, refractory=3 * ms, bias=bias, **given)


def alif():
    """Those with an adaptive threshold."""
    return ALIFNeurons(
        8,
        tau=20 * ms,
        tau_syn=20 * ms,
        tau_adapt=100 * ms,
        beta=0.2,
        refractory=2 * ms,
        bias=np.linspace(1.1, 1.8, 8),
    )


def discrete(**given):
    """Those of discrete time."""
    return DiscreteLIFNeurons(
        8, tau=20 * ms, refractory=2 * ms, threshold=0.5, scale_input=True, **given
    )


def noisy():
    """Rate neurons with everything that they can have."""
    return RateNeurons(
        8,
        tau=np.linspace(5, 20, 8) * ms,
        f="log(1 + exp(u))",
        bias=0.2,
        steepness=1.3,
        noise_std=0.1,
        output_noise_std=0.1,
        rate_noise_std=0.1,
    )


def rates(N=8, **given):
    """Rate neurons."""
    return RateNeurons(N, tau=LEAK, **given)
