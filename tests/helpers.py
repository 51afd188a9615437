"""What several tests need."""

from brian_rflo import SGD, LearningNetwork, PerStep, PerTrial
from brian_rflo.credit import AdaptiveFeedback, RandomFeedback, SymmetricFeedback
from brian_rflo.network import AllToAll, Murray2019
from brian_rflo.readouts import Leaky, Linear, Softmax


def learning(update="step", batch=1, optimizer=SGD(), clip_norm=None, window=None, copies=1):
    """Return a learning schedule in the words of the NumPy baselines."""
    if update == "step":
        return PerStep(optimizer, window=window)
    return PerTrial(optimizer, window=window, batch=batch, clip_norm=clip_norm, copies=copies)


def assemble(
    task,
    neurons,
    rule,
    readout_rule=None,
    feedback="random",
    output_decay=0.0,
    tau_out=None,
    classify=False,
    self_connections=True,
    output_current=False,
    inputs=None,
    gain=1.5,
    seed=0,
    weights=None,
    update="step",
    batch=1,
    optimizer=SGD(),
    clip_norm=None,
    averaged_over=None,
    parallel=1,
    **network_args,
):
    """Return a `LearningNetwork` in the words of the NumPy baselines, so that one dictionary
    describes both.
    """
    kind = Softmax if classify else Linear if tau_out is None else Leaky
    credit = {
        "random": RandomFeedback(),
        "symmetric": SymmetricFeedback(),
        "adaptive": AdaptiveFeedback(output_decay),
    }[feedback]
    connectivity = (
        {"recurrent": AllToAll(self_connections)}
        | ({"current": AllToAll()} if output_current else {})
        | ({} if inputs is None else {"input": inputs})
    )
    return LearningNetwork(
        task,
        neurons,
        rule,
        readout=kind(*([] if tau_out is None else [tau_out]), decay=output_decay),
        readout_rule=readout_rule,
        credit=credit,
        learn=learning(update, batch, optimizer, clip_norm, averaged_over, parallel),
        connectivity=connectivity,
        initial=Murray2019(gain, seed, weights or {}),
        **network_args,
    )
