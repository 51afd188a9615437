"""A readout whose output is a velocity: it is integrated, and the position is what is compared with
the target.

    position(t) = position(t - 1) + dt/tau output(t),     error = mask (target - position)
"""

from brian_rflo.readouts.linear import Readout


class PositionReadout(Readout):
    more_equations, trial_start = "position : 1", "loss = 0; position = 0"
    error_code = """position += output*dt/tau_position
               _weight = mask_of(t_in_timesteps, _trial)
               error = _weight*(target - position)
               loss += _weight*(target - position)**2/(2*n_steps)"""

    def __init__(self, task, tau, **args):
        super().__init__(task, namespace={"tau_position": tau}, **args)
