"""Computed parts: networks that learn delayed non-match from reward, by actor and critic.

Settings of rate neurons are those of the README; those of spiking neurons were chosen on seeds 0 to
3.
"""

import numpy as np
from brian2 import defaultclock, get_device, ms

from brian_rflo import (
    RFLO,
    Delta,
    DiscreteLIFNeurons,
    LearningNetwork,
    RateNeurons,
    TrialMonitor,
)
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import AdaptiveFeedback, RandomFeedback, SymmetricFeedback, TDError
from brian_rflo.network import AllToAll
from brian_rflo.readouts import ActorCritic
from brian_rflo.rules import AdaptiveEProp, LeakyDelta, Rewarded
from brian_rflo.tasks import DelayedNonMatch

N, TAU, GAIN, HEIGHT = 64, 5 * ms, 1.3, 3.0
RATE, READOUT_RATE, DISCOUNT, ENTROPY, CRITIC = 1e-2, 3e-3, 0.99, 0.05, 0.5
#: Standard deviation of feedback weights, and of readout weights of actions times sqrt(N).
FEEDBACK, POLICY = 0.05, 0.1
#: Of spiking networks: durations of cue, delay and answer, and settings of neurons and weights.
PERIOD, SPIKING_N, SPIKING_GAIN, SPIKING_HEIGHT = 10 * ms, 64, 1.0, 0.5
TAU_M, TAU_ADAPT, BETA, THRESHOLD, REFRACTORY = 10 * ms, 50 * ms, 0.2, 0.6, 2 * ms
SPIKING_RATE, SPIKING_READOUT_RATE, SPIKING_FEEDBACK = 1e-2, 0.1, 0.2
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


def spiking_network(task, variant, seed):
    """Return a network of spiking neurons, of which the second half adapts."""
    rng, n = np.random.default_rng(seed), SPIKING_N
    recurrent = SPIKING_GAIN * rng.standard_normal((n, n)) / np.sqrt(n)
    np.fill_diagonal(recurrent, 0)
    policy = POLICY * rng.standard_normal((2, n)) / np.sqrt(n)
    weights = {
        "recurrent": recurrent,
        "input": SPIKING_HEIGHT * rng.standard_normal((n, 3)),
        "output": np.vstack([policy, np.zeros((1, n))]),
    }
    back = SPIKING_FEEDBACK * rng.standard_normal((n, 3))
    neurons = DiscreteLIFNeurons(
        n,
        tau=TAU_M,
        tau_adapt=TAU_ADAPT,
        beta=np.where(np.arange(n) < n // 2, 0, BETA),
        threshold=THRESHOLD,
        refractory=REFRACTORY,
    )
    eligibility = AdaptiveEProp(SPIKING_RATE, tau=TAU_M, tau_adapt=TAU_ADAPT)
    filtered = LeakyDelta(SPIKING_READOUT_RATE, tau=TAU_M)
    return LearningNetwork(
        task,
        neurons,
        Rewarded(eligibility, discount=DISCOUNT),
        ActorCritic(entropy=ENTROPY, critic_weight=CRITIC, tau=TAU_M),
        readout_rule=Rewarded(filtered, discount=DISCOUNT),
        credit=(PATHS[variant](), TDError(DISCOUNT)),
        trained=("output",) if variant == "readout" else None,
        connectivity=AllToAll(self_connections=False),
        initial=weights if variant == "symmetric" else weights | {"feedback": back},
    )


def spiking_rewards(progress, device, variant, seed, trials):
    """A part: a network of spiking neurons of one seed; rewards of its trials ``[trial]``, and the
    firing rate of its neurons in the last one, in Hz.
    """
    with on(device):
        task = DelayedNonMatch(cue=PERIOD, delay=PERIOD, go=PERIOD, answer="action", seed=seed)
        defaultclock.dt = task.dt
        get_device().seed(seed)
        net = spiking_network(task, variant, seed)
        counts = TrialMonitor(net.trials, net.neurons, "spike_count", every=trials)
        net.add(counts)
        result = net.train(trials, **progress.report(device))
        rate = np.array(counts.spike_count).mean() / float(task.duration)
        return {"rewards": result.rewards[0], "rate": np.array(rate)}
