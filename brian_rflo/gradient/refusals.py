"""Refusals of what cannot be differentiated, with its statements and what to write."""


def refuse_python(obj) -> None:
    """Raise for an object that runs Python code, in which anything may happen."""
    raise ValueError(
        f"gradient: '{obj.name}' runs Python code in each step, and what it changes is not known."
        f" Write net.remove(...) for it before, or its statements as group.run_regularly('...')."
    )


def refuse_unknown(operation, keys) -> None:
    """Raise for an object that changes a variable on which the loss depends."""
    what = ", ".join(sorted(map(str, keys)))
    shown = str(getattr(operation.runner, "abstract_code", None) or operation.runner.code).strip()
    raise ValueError(
        f"gradient: '{operation.runner.name}' changes {what}, on which the loss depends, and cannot"
        f" be differentiated: {shown!r} ({operation.why}). Write it into the equations of the"
        " group, or as statements of the whole group, group.run_regularly('...')."
    )


def refuse_moving(runner, expression, name) -> None:
    """Raise for what synapses send, where it depends on the time, or on a function."""
    raise ValueError(
        f"gradient: '{runner.name}' sends '{expression}', in which '{name}' differs from step to"
        " step, or is not known. Give its values to a variable of the neurons,"
        " group.run_regularly('s = ...', **schedule.DRIVE), and let a sum read that,"
        " 'w*s_pre : 1 (summed)'."
    )


def refuse_cut(owners, name, by) -> None:
    """Raise for a dependence that is to be cut, and that no statements have."""
    raise ValueError(
        f"gradient: cut names {(name, by)}, but no statements of {', '.join(owners)} give '{name}'"
        f" a value that depends on '{by}'. Leave it out."
    )


def refuse_crossing(key) -> None:
    """Raise for a state that is not reset where a trial begins."""
    raise ValueError(
        f"gradient: {key} is not reset at the beginning of a trial, so that the loss depends on the"
        f" trial before. Write net.trials.at_start({key.owner}, '{key.name} = ...')."
    )


def refuse_spikes_in_flight(synapses) -> None:
    """Raise for delays that carry spikes from one trial into the next."""
    raise ValueError(
        f"gradient: '{synapses.name}' has delays, and spikes on their way at the end of a trial"
        " arrive in the next one. Write PlasticSynapses(..., delay=...) in its place and pass it to"
        " Trials, which drop them; with .plastic = False its weights are fixed."
    )
