"""Computed parts: networks that learn delayed non-match from reward, by actor and critic.

Settings of rate neurons are those of the README; those of spiking neurons were chosen on seeds 0 to
3.
"""

import numpy as np
from brian2 import defaultclock, get_device, ms

from brian_rflo import RFLO, Delta, LearningNetwork, RateNeurons
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import AdaptiveFeedback, RandomFeedback, SymmetricFeedback, TDError
from brian_rflo.readouts import ActorCritic
from brian_rflo.rules import Rewarded
from brian_rflo.tasks import DelayedNonMatch

N, TAU, GAIN, HEIGHT = 64, 5 * ms, 1.3, 3.0
RATE, READOUT_RATE, DISCOUNT, ENTROPY, CRITIC = 1e-2, 3e-3, 0.99, 0.05, 0.5
#: Standard deviation of feedback weights, and of readout weights of actions times sqrt(N).
FEEDBACK, POLICY = 0.05, 0.1
#: How the error comes back in each variant.
PATHS = {
    "symmetric": SymmetricFeedback,
    "random": RandomFeedback,
    "adaptive": AdaptiveFeedback,
    "readout": RandomFeedback,
}


def initial_weights(seed):
    """Return weights of a network; a row of the readout for each action, then the value."""
    rng = np.random.default_rng(seed)
    policy = POLICY * rng.standard_normal((2, N)) / np.sqrt(N)
    return {
        "recurrent": GAIN * rng.standard_normal((N, N)) / np.sqrt(N),
        "input": HEIGHT * rng.standard_normal((N, 3)),
        "output": np.vstack([policy, np.zeros((1, N))]),
        "feedback": FEEDBACK * rng.standard_normal((N, 3)),
    }


def rate_network(task, variant, seed):
    """Return a network of rate neurons."""
    weights = initial_weights(seed)
    if variant == "symmetric":
        del weights["feedback"]
    return LearningNetwork(
        task,
        RateNeurons(N, tau=TAU, initial=0),
        Rewarded(RFLO(RATE, tau=TAU), discount=DISCOUNT),
        ActorCritic(entropy=ENTROPY, critic_weight=CRITIC),
        readout_rule=Rewarded(Delta(READOUT_RATE), discount=DISCOUNT),
        credit=(PATHS[variant](), TDError(DISCOUNT)),
        trained=("output",) if variant == "readout" else None,
        initial=weights,
    )


def rewards(progress, device, variant, seed, trials):
    """A part: a network of rate neurons of one seed; rewards of its trials ``[trial]``."""
    with on(device):
        task = DelayedNonMatch(answer="action", seed=seed)
        defaultclock.dt = task.dt
        get_device().seed(seed)
        net = rate_network(task, variant, seed)
        result = net.train(trials, **progress.report(device))
        return {"rewards": result.rewards[0]}
