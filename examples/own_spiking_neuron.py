"""Conductances and reversal potentials, in millivolts, with the ports that RFLO reads."""

from brian2 import *

from brian_rflo import *
from brian_rflo.tasks import PeriodicOutput

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
task = PeriodicOutput(period=1000 * ms)
defaultclock.dt = task.dt
seed(1)

N, C, g_leak, g_unit, tau_syn = 100, 280 * pF, 10 * nS, 4 * nS, 50 * ms
E_leak, E_exc, E_inh, theta, width = -70 * mV, 0 * mV, -80 * mV, -50 * mV, 20 * mV
mine = NeuronGroup(
    N,
    """
    dv/dt = (g_leak*(E_leak - v) + g_exc*(E_exc - v) + g_inh*(E_inh - v))/C \
        : volt (unless refractory)
    g_exc = g_background + g_unit*clip(g_rec, 0, inf) : siemens
    g_inh = g_unit*clip(-g_rec, 0, inf) : siemens
    dg_rec/dt = -g_rec/tau_syn : 1   # weights are signed: this is excitation less inhibition
    dactivity/dt = -(activity + 1)/tau_syn : 1   # filtered spikes, less their value at 20 Hz
    dpsp/dt = (activity + 1 - psp)*(g_leak + g_background)/C : 1   # as a membrane at rest sees them
    response = g_unit*(int(g_rec > 0)*(E_exc - v) \
        + int(g_rec <= 0)*(v - E_inh))/(g_leak + g_exc + g_inh) : volt
    gain : 1
    feedback : 1
    g_background : siemens
    v_start : volt
    """,
    threshold="v > theta",
    reset="v = E_leak; activity += 1",
    refractory=3 * ms,
    method="exponential_euler",
)
# Approximations: excitation and inhibition cancel in g_rec, where separate ones would shunt; and a
# unit of g_rec is taken to move v by `response`, as if driving force and total conductance stayed
# what they are, and the trace's membrane were at rest.
mine.run_regularly(
    "gain = response/width*clip(1 - abs(v - theta)/width, 0, 1)*int(not_refractory)",
    **schedule.SLOPE,
)
mine.g_background = "(0.4 + 0.2*rand())*g_leak"  # the membrane would rest between -50 and -44 mV
mine.v_start = "E_leak + rand()*(theta - E_leak)"

readout = Readout(task)
learn = PerTrial(Adam(decay=100))
recurrent = PlasticSynapses(
    mine, mine, RFLO(learning_rate=1e-3, tau=tau_syn), onto="g_rec", learn=learn
)
recurrent.connect()
recurrent.w = "0.5*randn()/sqrt(N_pre)"
output = PlasticSynapses(mine, readout, Delta(learning_rate=3e-3), onto="output", learn=learn)
output.connect()
output.w = "0.1*(2*rand() - 1)/sqrt(N_pre)"
feedback = FeedbackSynapses(readout, mine)
feedback.connect()

trials = Trials(task, readout, recurrent, output)
trials.at_start(
    mine,
    "not_refractory = True; lastspike = -1e4*second; v = v_start; g_rec = 0; activity = 0; psp = 0",
)
loss = LossMonitor(trials)
network = Network(collect())
network.run(100 * task.duration, report="text")

voltage = StateMonitor(mine, "v", record=range(2), when="end")
trained = StateMonitor(readout, ["output", "target"], record=True, when="end")
network.add(voltage, trained)
network.run(task.duration)

time = (voltage.t - voltage.t[0]) / ms
_, (left, middle, right) = subplots(1, 3, figsize=(12, 3.5), layout="constrained")
left.loglog(np.arange(len(loss.t)) + 1, loss.loss[0])
left.set(xlabel="Trial", ylabel="Loss")
middle.plot(time, trained.target[0], color="0.7", label="target")
middle.plot(time, trained.output[0], label="output")
middle.set(xlabel="Time in last trial (ms)", ylabel="Output")
middle.legend()
right.plot(time, voltage.v.T / mV)
right.axhline(theta / mV, color="0.7", linestyle=":")
right.set(xlim=(0, 300), xlabel="Time in last trial (ms)", ylabel="Membrane potential (mV)")
show()
