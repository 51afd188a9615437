"""Spikes on their way through synapses with delays, where a run begins or ends.

A delay may change between runs, and spikes on their way keep the delay with which they were sent.
So those that are to arrive in another trial than that in which they were fired are taken out of the
queue where a run ends, while their delays are those of their synapses.
"""

import numpy as np

from .conditional import is_standalone
from .in_program import memory, say
from .private import spikes_waiting

#: C++ that drops spikes. In a program, unlike in Python, a queue advances where a step begins, so
#: that those that arrive d steps after the last one are d places behind `offset`.
ALL = "for (auto _spikes : brian::{}.queue) for (auto& _row : _spikes->queue) _row.clear();"
OF_OTHER_TRIALS = """
{{
    const int64_t _now = {now}, _begin = _now - _now % {n_steps};
    auto _delays = {delays};
    const size_t _n_delays = {n_delays};
    for (auto _spikes : brian::{pathway}.queue)
        for (size_t _d = 1; _d < _spikes->queue.size(); _d++)
        {{
            auto& _row = _spikes->queue[(_spikes->offset + _d) % _spikes->queue.size()];
            const int64_t _arrival = _now - 1 + _d;
            _row.erase(std::remove_if(_row.begin(), _row.end(), [&](int32_t _synapse) {{
                const double _delay = _delays[_n_delays == 1 ? 0 : _synapse];
                const int64_t _fired = _arrival - (int64_t)(_delay/{dt!r} + 0.5);
                return _fired < _begin || _arrival >= _begin + {n_steps};
            }}), _row.end());
        }}
}}
"""


def drop_spikes(pathway):
    """Drop all spikes on their way through a pathway."""
    if is_standalone():
        say(ALL.format(pathway.name))
    elif spikes_waiting(pathway):
        drop(pathway, lambda steps, synapses: steps < 0)


def drop_spikes_of_other_trials(pathway, n_steps):
    """Drop the spikes on their way through a pathway that would arrive in another trial, of
    `n_steps` steps, than that in which they were fired.
    """
    clock, delays = pathway.source.clock, pathway.variables["delay"]
    if is_standalone():
        begin, size, _ = memory(delays)
        now = f"{memory(clock.variables['timestep'])[0]}[0]"
        names = dict(delays=begin, n_delays=size, pathway=pathway.name, dt=clock.dt_)
        say(OF_OTHER_TRIALS.format(now=now, n_steps=n_steps, **names))
        return
    if not spikes_waiting(pathway):
        return
    now = int(clock.variables["timestep"].get_value()[0])
    travels = (delays.get_value() / clock.dt_ + 0.5).astype(int)
    begin = now - now % n_steps

    def stays(steps, synapses):
        """Return whether spikes of synapses that arrive some steps from now stay."""
        arrival = now + steps
        fired = arrival - (travels if len(travels) == 1 else travels[synapses])
        return (fired >= begin) & (arrival < begin + n_steps)

    drop(pathway, stays)


def drop(pathway, stays):
    """Leave those spikes in the queue of a pathway that stay, a function of steps and synapses."""
    state = pathway.queue._full_state()
    if len(state) == 3:  # in Python
        dt, spikes, shape = state
        kept = dt, spikes[stays(spikes[:, 0], spikes[:, 1])], shape
    else:
        offset, rows = state
        rows = [np.asarray(row, dtype=int) for row in rows]
        steps = [np.full(len(row), (k - offset) % len(rows)) for k, row in enumerate(rows)]
        kept = offset, [row[stays(step, row)].tolist() for step, row in zip(steps, rows)]
    pathway.queue._restore_from_full_state(kept)
