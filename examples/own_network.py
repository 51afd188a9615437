"""A NeuronGroup in millivolts, with its own monitors, and the parts that make it learn."""

from brian2 import *

from brian_rflo import *
from brian_rflo import plotting
from brian_rflo.tasks import PeriodicOutput

# begins at once; without this line Brian2 compiles first, for about ten seconds
prefs.codegen.target = "numpy"
task = PeriodicOutput(period=200 * ms)
defaultclock.dt = task.dt
seed(2)

# Graded neurons: a membrane potential driven by the network, a sigmoid in volts, a sluggish firing
# rate.
El, v_half, slope, scale, tau_m = -65 * mV, -60 * mV, 5 * mV, 5 * mV, 10 * ms
mine = NeuronGroup(
    40,
    """
    v = El + scale*I_rec : volt
    dactivity/dt = (tanh((v - v_half)/slope) - activity)/tau_m : 1
    gain : 1       # slope of the output at this drive
    feedback : 1   # the error arrives here
    I_rec : 1      # the network's drive, dimensionless; volts begin with `scale`
    """,
    method="euler",
)
mine.run_regularly("gain = scale/slope*(1 - tanh((v - v_half)/slope)**2)", **schedule.GAIN)

readout = Readout(task)
recurrent = PlasticSynapses(mine, mine, RFLO(learning_rate=0.03, tau=tau_m), onto="I_rec")
recurrent.connect(p=0.5)  # sparse, as you like
recurrent.w = "1.5*randn()/sqrt(0.5*N_pre)"
output = PlasticSynapses(mine, readout, Delta(learning_rate=0.03), onto="output")
output.connect()
feedback = FeedbackSynapses(readout, mine)
feedback.connect()

trials = Trials(task, readout, recurrent, output)
trials.at_start(mine, "activity = 0.5")
loss = LossMonitor(trials)
voltage = StateMonitor(mine, "v", record=range(3), when="end")

network = Network(collect())
voltage.active = False
network.run(400 * task.duration, report="text")
voltage.active = True
network.run(task.duration)

_, (left, right) = subplots(1, 2, figsize=(10, 3.5), layout="constrained")
left.loglog(np.arange(len(loss.t)) + 1, loss.loss[0])
left.set(xlabel="Trial", ylabel="Loss")
right.set_prop_cycle(color=plotting.CYCLE)
right.plot((voltage.t - voltage.t[0]) / ms, voltage.v.T / mV)
right.set(xlabel="Time in trial (ms)", ylabel="Membrane potential (mV)")
show()
