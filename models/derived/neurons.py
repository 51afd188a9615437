"""Five neurons in Brian2's equations, each of which learns by the rule derived from them.

The drive has the same units for all neurons: 1 brings the membrane to its threshold, like the
`bias` of LIF neurons. Filtered spikes r are 1 at 20 Hz.
"""

from dataclasses import dataclass, field

from brian2 import cm, mS, ms, mV, nS, pA, pF, second, uF, umetre

from brian_rflo import DerivedNeurons, plotting, schedule
from brian_rflo.comparison import RATE, Kind

RATE_UNIT = 20
FILTERED = "dr/dt = -r/tau : 1\n"
INPUTS = "bias : 1\nnoise_input : 1\nI_in : 1\n"
#: White noise of this size, in units of drive, moves a membrane of 20 ms by .095 of its threshold,
#: as in `rate_and_spiking`.
DRIVE_NOISE = 0.6


@dataclass(frozen=True, eq=False)
class Neuron(Kind):
    """A neuron model as text.

    Parameters
    ----------
    label, gain, readout, colour, readout_rate
        As for every `Kind`.
    model : str
        Its equations, without those that all have in common.
    method : str
        The integrator of the experiments.
    methods : tuple of str
        Integrators for which finite differences are taken.
    dt_ms : float
        Time step of the experiments.
    options : dict
        Threshold, reset and other arguments of `DerivedNeurons`.
    constants : dict
    start : tuple
        Ranges of the initial state: ``("v", low, high)`` each.
    weight : float
        Size of a weight that makes a difference.
    """

    model: str = ""
    method: str = "euler"
    methods: tuple = ("euler",)
    dt_ms: float = 1.0
    options: dict = field(default_factory=dict)
    constants: dict = field(default_factory=dict)
    start: tuple = ()
    bias: tuple = (1.0, 1.5)
    weight: float = 1.0

    @property
    def dt(self):
        """Time step of the experiments."""
        return self.dt_ms * ms

    def neurons(self, size, rng, tau=50 * ms, noise=0.0, bias=None, **changes):
        """A group; `changes` are other arguments of `DerivedNeurons`."""
        spikes = "threshold" in self.options
        constants = self.constants | dict(
            tau=tau, spike_amplitude=float(1 / (tau * RATE_UNIT / second))
        )
        initial = {
            name: low + (high - low) * rng.uniform(0, 1, size)
            for name, low, high in (*self.start, *([("r", 0, 1)] if spikes else []))
        }
        made = DerivedNeurons(
            size,
            self.model + INPUTS + (FILTERED if spikes else ""),
            **(
                dict(input="I_in", method=self.method, initial=initial, namespace=constants)
                | self.options
                | changes
            ),
        )
        made.bias = rng.uniform(*(bias or self.bias), size) if spikes else 0.0
        if noise:
            made.namespace["noise_sd"] = noise
            made.run_regularly("noise_input = noise_sd*randn()", **schedule.GAIN)
        return made

    def make(self, size, tau, rng, noise):
        """A group for `compare`; `noise` is the membrane's, in units of threshold minus rest."""
        per_step = noise / 0.095 * DRIVE_NOISE * self.dt_ms**-0.5
        return self.neurons(size, rng, tau, per_step)

    def rule(self, neurons, tau):
        """The derived rule."""
        return neurons.rule(RATE)


CONDUCTANCE = Neuron(
    "conductance-based LIF",
    gain=0.5,
    readout=0.1,
    colour=plotting.CYCLE[3],
    model=(
        "dv/dt = (g_leak*(E_leak - v)"
        " + g_unit*(clip(g, 0, inf)*(E_exc - v) + clip(-g, 0, inf)*(E_inh - v))"
        " + g_leak*20*mV*(I_in + bias + noise_input))/C : volt (unless refractory)\n"
        "dg/dt = -g/tau : 1\n"
    ),
    method="exponential_euler",
    methods=("exponential_euler", "rk2"),
    options=dict(
        on_pre="g += w",
        activity="r - 1",
        threshold="v > theta",
        reset="v = E_leak; r += spike_amplitude",
        refractory=3 * ms,
        surrogate="clip(1 - abs(u)/(20*mV), 0, 1)/(20*mV)",
    ),
    constants=dict(
        C=200 * pF,
        g_leak=10 * nS,
        g_unit=4 * nS,
        E_leak=-70 * mV,
        E_exc=0 * mV,
        E_inh=-80 * mV,
        theta=-50 * mV,
    ),
    start=(("v", -70 * mV, -50 * mV),),
)
ADEX = Neuron(
    "AdEx",
    gain=0.5,
    readout=0.1,
    colour=plotting.CYCLE[1],
    readout_rate=1e-3,
    model=(
        "dv/dt = (g_leak*(E_leak - v) + g_leak*slope*exp((v - v_t)/slope) - a"
        " + g_leak*20*mV*(I_rec + I_in + bias + noise_input))/C : volt (unless refractory)\n"
        "da/dt = (coupling*(v - E_leak) - a)/tau_a : amp\n"
        "dI_rec/dt = -I_rec/tau : 1\n"
    ),
    method="euler",
    methods=("euler", "rk2", "rk4"),
    dt_ms=0.5,
    options=dict(
        on_pre="I_rec += w",
        activity="r - 1",
        threshold="v > v_cut",
        reset="v = v_reset; a += b; r += spike_amplitude",
        detach="a",
        refractory=3 * ms,
        surrogate="int(u < v_t - v_cut)*clip(1 + (u + v_cut - v_t)/(20*mV), 0, 1)/(20*mV)",
    ),
    constants=dict(
        C=200 * pF,
        g_leak=10 * nS,
        E_leak=-70 * mV,
        slope=2 * mV,
        v_t=-50 * mV,
        v_cut=-40 * mV,
        v_reset=-70 * mV,
        coupling=1 * nS,
        tau_a=100 * ms,
        b=5 * pA,
    ),
    start=(("v", -70 * mV, -55 * mV),),
    bias=(1.4, 2.1),
)
IZHIKEVICH = Neuron(
    "Izhikevich",
    gain=0.5,
    readout=0.1,
    colour=plotting.CYCLE[2],
    model="""dv/dt = (0.04*v**2 + 5*v + 140 - u + 10*(I_rec + I_in + bias + noise_input))/ms : 1
    du/dt = 0.02*(0.2*v - u)/ms : 1
    dI_rec/dt = -I_rec/tau : 1
    """,
    method="euler",
    methods=("euler", "rk2"),
    dt_ms=0.5,
    options=dict(
        on_pre="I_rec += w",
        activity="r - 1",
        threshold="v > 30",
        reset="v = -65; u += 4; r += spike_amplitude",
        detach="u",
        surrogate="clip(1 - abs(u + 80)/20, 0, 1)/20",
    ),
    start=(("v", -70, -60), ("u", -14, -12)),
    bias=(0.6, 1.0),
)
AREA = 20000 * umetre**2
COBAHH = Neuron(
    "Hodgkin-Huxley",
    gain=0.5,
    readout=0.1,
    colour=plotting.CYCLE[0],
    model=(
        "dv/dt = (g_leak*(E_leak - v)"
        " + g_unit*(clip(g, 0, inf)*(E_exc - v) + clip(-g, 0, inf)*(E_inh - v))"
        " - g_na*m**3*h*(v - E_na) - g_k*n**4*(v - E_k)"
        " + I_unit*(I_in + bias + noise_input))/C : volt\n"
        "dm/dt = alpha_m*(1 - m) - beta_m*m : 1\n"
        "dn/dt = alpha_n*(1 - n) - beta_n*n : 1\n"
        "dh/dt = alpha_h*(1 - h) - beta_h*h : 1\n"
        "dg/dt = -g/tau : 1\n"
        "alpha_m = 0.32*4/exprel((13*mV - v + v_t)/(4*mV))/ms : Hz\n"
        "beta_m = 0.28*5/exprel((v - v_t - 40*mV)/(5*mV))/ms : Hz\n"
        "alpha_h = 0.128*exp((17*mV - v + v_t)/(18*mV))/ms : Hz\n"
        "beta_h = 4/(1 + exp((40*mV - v + v_t)/(5*mV)))/ms : Hz\n"
        "alpha_n = 0.032*5/exprel((15*mV - v + v_t)/(5*mV))/ms : Hz\n"
        "beta_n = 0.5*exp((10*mV - v + v_t)/(40*mV))/ms : Hz\n"
    ),
    method="exponential_euler",
    methods=("exponential_euler", "rk4"),
    dt_ms=0.1,
    options=dict(
        on_pre="g += w",
        activity="r - 1",
        threshold="v > -20*mV",
        refractory="v > -20*mV",
        reset="r += spike_amplitude",
        surrogate="clip(1 - abs(u + 30*mV)/(20*mV), 0, 1)/(20*mV)",
    ),
    constants=dict(
        C=1 * uF / cm**2 * AREA,
        g_leak=0.05 * mS / cm**2 * AREA,
        g_na=100 * mS / cm**2 * AREA,
        g_k=30 * mS / cm**2 * AREA,
        E_leak=-65 * mV,
        E_k=-90 * mV,
        E_na=50 * mV,
        v_t=-63 * mV,
        E_exc=0 * mV,
        E_inh=-80 * mV,
        g_unit=4 * nS,
        I_unit=200 * pA,
    ),
    start=(("v", -70 * mV, -60 * mV), ("m", 0.0, 0.05), ("n", 0.0, 0.1), ("h", 0.9, 1.0)),
)
ADAPTING = Neuron(
    "adapting rate",
    gain=1.5,
    colour=plotting.CYCLE[4],
    model="""dx/dt = (tanh(I_rec + I_in - a) - x)/tau : 1
    da/dt = (0.5*x - a)/tau_a : 1
    """,
    methods=("euler", "rk4"),
    options=dict(input=("I_rec", "I_in"), activity="x"),
    constants=dict(tau_a=200 * ms),
    start=(("x", 0.1, 0.1),),
)
NEURONS = (CONDUCTANCE, ADEX, IZHIKEVICH, COBAHH, ADAPTING)
SPIKING = (CONDUCTANCE, ADEX, IZHIKEVICH, COBAHH)
