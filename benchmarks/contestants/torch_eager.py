"""PyTorch, eager: the equations line by line, in place, without autograd."""

from ..problem import INITIAL, RATE, RISE
from .base import Contestant, timed


class TorchEager(Contestant):
    """Eager operations, one thread."""

    name, title, packages = "torch", "PyTorch, eager", ("torch",)

    def prepare(self, problem, folder):
        """Do nothing; there is nothing to build."""
        import torch

        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        self.problem, self.torch, self.target = problem, torch, problem.target().tolist()
        self.run(1)

    def run(self, periods):
        """Compute periods in the mode of the problem."""
        recurrent, readout, feedback = map(
            self.torch.from_numpy, self.problem.cast(*self.problem.weights())
        )
        state = (
            recurrent.clone(),
            readout.clone(),
            feedback,
            self.torch.full_like(readout, INITIAL),
            self.torch.zeros_like(recurrent),
        )
        period = self.trial if self.problem.is_trial else self.online
        with timed() as run:
            for _ in range(periods):
                output = period(*state)
        run.change, run.output = self.problem.change(state[0].numpy()), float(output)
        return run

    def online(self, recurrent, readout, feedback, activity, trace):
        """Compute a period with a weight change in every step."""
        for target in self.target:
            output, error = self.step(recurrent, readout, activity, trace, target)
            recurrent.addcmul_((error * feedback)[:, None], trace, value=RATE)
            readout.addcmul_(error, activity, value=RATE)
        return output

    def trial(self, recurrent, readout, feedback, activity, trace):
        """Compute a period with a weight change at its end."""
        activity.fill_(INITIAL)
        trace.zero_()
        changes, readout_changes = self.torch.zeros_like(recurrent), self.torch.zeros_like(readout)
        for target in self.target:
            output, error = self.step(recurrent, readout, activity, trace, target)
            changes.addcmul_((error * feedback)[:, None], trace)
            readout_changes.addcmul_(error, activity)
        recurrent.add_(changes, alpha=RATE)
        readout.add_(readout_changes, alpha=RATE)
        return output

    def step(self, recurrent, readout, activity, trace, target):
        """Compute one step without learning, trace and activity in place; return output and
        error.
        """
        rate = self.torch.tanh(recurrent @ activity)
        trace.addr_(1 - rate * rate, activity, beta=1 - RISE, alpha=RISE)
        activity.lerp_(rate, RISE)
        output = readout @ activity
        return output, target - output
