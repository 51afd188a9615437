"""NEST's e-prop synapse: another spiking network and rule, compared only in nanoseconds per plastic
synapse and step.

A recurrent spiking network (Bellec et al. 2020, Nature Communications 11:3625, as NEST's tutorial
on sine waves sets it up) of the same size, all to all, driven by constant currents, with one
readout and a step-wise target. NEST works on a synapse when a spike crosses it, so its time depends
on the rates; its regularization aims at 20 Hz, and the rate that results is measured. Written from
NEST's documentation (3.7 and later); it runs where NEST is installed, and has no part in the
comparison of results.
"""

from ..problem import DT_MS, STEPS
from .base import Contestant, timed

SYNAPSE, NEURON, READOUT, FEEDBACK = (
    f"eprop_{part}_bsshslm_2020"
    for part in ("synapse", "iaf", "readout", "learning_signal_connection")
)
CURRENTS, HERTZ = (
    (
        0.00115,
        0.0003,
    ),
    20.0,
)  # least and range of the drive; the rate at which regularization aims
ADAPTATION = {"adapt_tau": 200.0, "adapt_beta": 1.0}
MEMBRANE = {"C_m": 1.0, "E_L": 0.0, "regular_spike_arrival": False, "tau_m": 30.0, "V_m": 0.0}


class NestEprop(Contestant):
    """Spiking network, e-prop, weights change at the end of each period."""

    name, title, packages = "nest", "NEST, e-prop (another network)", ("nest",)
    kinds, modes, dtypes, same_network = ("spiking",), ("trial",), ("float64",), False
    neuron, adaptation = NEURON, {}

    def prepare(self, problem, folder):
        """Build the network once, with one thread; runs continue it."""
        import nest

        self.nest = nest
        nest.set_verbosity("M_ERROR")
        nest.ResetKernel()
        interval = float(STEPS * DT_MS)
        nest.set(
            resolution=float(DT_MS),
            total_num_virtual_procs=1,
            print_time=False,
            eprop_update_interval=interval,
            eprop_learning_window=interval,
            eprop_reset_neurons_on_update=True,
        )
        neurons, readout = self.neurons(problem)
        self.connect(problem, neurons, readout)
        self.size, self.recorder = problem.size, nest.Create("spike_recorder")
        nest.Connect(neurons, self.recorder)
        self.run(2)

    def neurons(self, problem):
        """Return neurons that fire spontaneously, and a readout with its target."""
        nest, size = self.nest, problem.size
        currents = [CURRENTS[0] + CURRENTS[1] * post / size for post in range(size)]
        neurons = nest.Create(
            self.neuron,
            size,
            {
                **MEMBRANE,
                **self.adaptation,
                "V_th": 0.03,
                "t_ref": 0.0,
                "c_reg": 300.0,
                "f_target": HERTZ,
            },
        )
        neurons.I_e = currents
        readout = nest.Create(READOUT, 1, {**MEMBRANE, "loss": "mean_squared_error"})
        target = nest.Create(
            "step_rate_generator",
            1,
            {
                "amplitude_times": [float(DT_MS * (step + 1)) for step in range(STEPS)],
                "amplitude_values": problem.target().tolist(),
            },
        )
        nest.Connect(
            target,
            readout,
            "one_to_one",
            {"synapse_model": "rate_connection_delayed", "delay": float(DT_MS), "receptor_type": 2},
        )
        return neurons, readout

    def connect(self, problem, neurons, readout):
        """Make plastic recurrent and readout synapses, and fixed feedback."""
        recurrent, output, feedback = problem.weights()
        self.nest.SetDefaults(
            SYNAPSE,
            {
                "optimizer": {"type": "gradient_descent", "batch_size": 1, "eta": 1e-4},
                "average_gradient": False,
            },
        )
        plastic = {
            "synapse_model": SYNAPSE,
            "delay": float(DT_MS),
            "tau_m_readout": MEMBRANE["tau_m"],
        }
        self.nest.Connect(neurons, neurons, "all_to_all", {**plastic, "weight": 1e-3 * recurrent})
        self.nest.Connect(neurons, readout, "all_to_all", {**plastic, "weight": output[None]})
        self.nest.Connect(
            readout,
            neurons,
            "all_to_all",
            {"synapse_model": FEEDBACK, "delay": float(DT_MS), "weight": feedback[:, None]},
        )

    def run(self, periods):
        """Run the next periods; counting spikes is a thousandth of the work."""
        milliseconds = float(periods * STEPS * DT_MS)
        self.recorder.n_events = 0
        with timed() as run:
            self.nest.Simulate(milliseconds)
        run.hertz = self.recorder.n_events / (self.size * milliseconds * 1e-3)
        return run


class NestAdaptiveEprop(NestEprop):
    """The same with adaptive thresholds."""

    name, title = "nest-alif", "NEST, e-prop, adaptive LIF"
    neuron, adaptation = "eprop_iaf_adapt_bsshslm_2020", ADAPTATION
