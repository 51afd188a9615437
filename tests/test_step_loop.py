"""The tight loop over steps in C++ standalone: same steps, same time, progress, and Brian2's own
loop elsewhere.
"""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, defaultclock, ms, prefs, set_device
from brian2 import device as brian_device

from brian_rflo import RFLO, PlasticSynapses, RateNeurons
from brian_rflo.brian.devices import device

pytestmark = pytest.mark.compiled


def counting(folder, loop, other_clock):
    """Two runs of a network, and what it recorded; the source of the program."""
    prefs["brian_rflo.step_loop"] = loop
    try:
        with device("cpp_standalone"):
            set_device("cpp_standalone", directory=str(folder), build_on_run=False)
            defaultclock.dt = 1 * ms
            neurons = RateNeurons(3, tau=10 * ms)
            recurrent = PlasticSynapses(
                neurons, neurons, RFLO(learning_rate=0.1, tau=10 * ms), onto="I_rec"
            )
            recurrent.connect()
            recurrent.w = "0.3*i - 0.2*j"
            steps = StateMonitor(
                neurons, "activity", record=True, dt=3 * ms if other_clock else None
            )
            bare = NeuronGroup(1, "n : 1")
            bare.run_regularly("n += 1")
            network, other = Network(neurons, recurrent, steps), Network(bare)
            network.run(1500 * ms, report="text", report_period=1e-3 * ms)
            other.run(10 * ms)
            network.run(700 * ms)
            brian_device.build(directory=str(folder))
            return (
                np.asarray(steps.t),
                np.asarray(steps.activity),
                float(network.t),
                float(bare.n[0]),
                (folder / "main.cpp").read_text(),
            )
    finally:
        prefs["brian_rflo.step_loop"] = True


@pytest.mark.parametrize("other_clock", [False, pytest.param(True, marks=pytest.mark.model)])
def test_same_steps(other_clock, tmp_path, capfd):
    t, activity, end, n, source = counting(tmp_path / "loop", True, other_clock)
    assert "100%" in capfd.readouterr().out
    assert (len(t), end, n) == (
        -(-2200 // 3) + (1 if other_clock and 1500 % 3 else 0) if other_clock else 2200,
        2.2,
        10,
    )
    assert source.count("const codeobj_func loop") == (0 if other_clock else 2)
    reference = counting(tmp_path / "own", False, other_clock)
    assert "const codeobj_func loop" not in reference[-1]
    np.testing.assert_array_equal(t, reference[0])
    np.testing.assert_allclose(activity, reference[1], rtol=1e-14)
