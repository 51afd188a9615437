"""One second... of a periodic output (20 time constants, as in figure 2 of Murray 2019), by local
rules and by the exact gradient.
"""

from brian2 import ms

from brian_rflo.crews.part import Part
from brian_rflo.tasks import PeriodicOutput

from .trainings import trained

N, PERIOD = 100, 200 * ms
RATES = (1e-3, 3e-3, 1e-2, 3e-2)


def part(neurons, teacher, rate, settings, seed, networks):
    task = PeriodicOutput(period=PERIOD)
    what = dict(task=task, neurons=neurons, teacher=teacher, rate=rate, n=N, networks=networks)
    many = dict(seed=seed, trials=settings.trials, device=settings.device)
    cost = 5 + 3e-6 * settings.trials * networks * 200
    return Part(f"periodic-{neurons}-{teacher}-{rate:g}-{seed}", trained, what | many, cost)
