"""Arrays of one trial, of many, and of trials of different length, in one form: ``[trial, step,
channel]``.
"""

import numpy as np

from ..brian.quantities import numbers

KIND = "ArrayTask"


def stacked_trials(inputs, target, mask):
    """Return inputs, target and mask with an axis of trials, of length 1 where they are the same in
    every trial, and the lengths of the trials; None for the latter if all are equal.

    Raises
    ------
    TypeError, ValueError
        If they are not finite numbers, or do not fit together.
    """
    found = {"target": stack("target", target)}
    if inputs is not None:
        found["inputs"] = stack("inputs", inputs)
    if mask is not None:
        found["mask"] = stack("mask", mask)
    lengths = common_lengths(found)
    arrays = {name: values for name, (values, _) in found.items()}
    n_trials = number_of_trials(arrays)
    target = with_trials(arrays["target"])
    n_steps = target.shape[1]
    inputs = with_trials(arrays.get("inputs", np.zeros((n_steps, 0))))
    mask = mask_with_trials(arrays.get("mask", np.ones(n_steps)), n_trials, target.shape[1:])
    for name, values in (("inputs", inputs), ("target", target), ("mask", mask)):
        check_steps(name, values, n_steps)
        check_values(name, values)
    if lengths is not None:
        within = np.arange(n_steps) < lengths[:, None]
        inputs = inputs * within[..., None]
        mask = mask * (within if mask.ndim == 2 else within[..., None])
    if not mask.any():
        raise ValueError(
            f"{KIND}: mask is 0 in all steps, so no error counts; write 1 where it does"
        )
    return (inputs, target, mask), lengths


def stack(name, values):
    """Return values as an array, and the lengths of the trials if they differ, else None."""
    if is_list_of_trials(values):
        return padded(name, [numbers(f"{KIND}: {name}", one) for one in values])
    values = numbers(f"{KIND}: {name}", values)
    if values.ndim not in (1, 2, 3) or not values.size:
        raise ValueError(
            f"{KIND}: {name} must have shape (n_steps, n), (n_steps,) or (n_trials, n_steps, n);"
            f" got {values.shape}"
        )
    return values, None


def is_list_of_trials(values):
    """Return whether values are a list of arrays that differ in length."""
    if not isinstance(values, (list, tuple)):
        return False
    shapes = {getattr(one, "shape", None) for one in values}
    return None not in shapes and len(shapes) > 1


def padded(name, trials):
    """Return trials of different length as one array, padded by 0, and their lengths."""
    ends = {one.shape[1:] for one in trials}
    wanted = (1, 2) if name == "mask" else (2,)
    if len(ends) > 1 or trials[0].ndim not in wanted or not all(map(len, trials)):
        shapes = ", ".join(str(one.shape) for one in trials[:3])
        raise ValueError(
            f"{KIND}: {name} as a list must have arrays of shape (steps, n), with the same n; got"
            f" {shapes}, ..."
        )
    lengths = np.array([len(one) for one in trials])
    values = np.zeros((len(trials), lengths.max(), *ends.pop()))
    for row, one in zip(values, trials):
        row[: len(one)] = one
    return values, lengths


def common_lengths(found):
    """Return the lengths of trials, the same in all lists; None without lists."""
    lists = {name: lengths for name, (_, lengths) in found.items() if lengths is not None}
    first = next(iter(lists.values()), None)
    for name, (values, lengths) in found.items() if lists else ():
        if lengths is None and (values.ndim < 3 or name == "mask"):
            continue
        if not np.array_equal(lengths, first):
            raise ValueError(
                f"{KIND}: trials of different length must be lists of arrays, of the same lengths"
                f" in inputs, target and mask; {name} differs from {next(iter(lists))}"
            )
    return first


def number_of_trials(arrays):
    """Return the number of trials of the arrays that have such an axis; None without."""
    found = {
        name: len(values)
        for name, values in arrays.items()
        if values.ndim == 3 and name in ("inputs", "target")
    }
    if len(set(found.values())) > 1:
        raise ValueError(
            f"{KIND}: inputs and target must have as many trials; got {found['inputs']} and"
            f" {found['target']}"
        )
    return next(iter(found.values()), None)


def with_trials(values):
    """Return inputs or a target as ``[trial, step, channel]``."""
    values = values[:, None] if values.ndim == 1 else values
    return values[None] if values.ndim == 2 else values


def mask_with_trials(mask, n_trials, shape):
    """Return a mask as ``[trial, step]`` or ``[trial, step, output]``; `shape` is that of a target
    without trials.
    """
    by_trial, by_output = mask.shape == (n_trials, shape[0]), mask.shape == shape
    if by_trial and by_output:
        raise ValueError(
            f"{KIND}: a mask of shape {mask.shape} can be one for each trial or one for each"
            " output; write it as [trial, step, output]"
        )
    if by_trial or mask.shape == (n_trials, *shape):
        return mask
    if by_output or mask.shape == shape[:1]:
        return mask[None]
    allowed = [shape[:1], shape]
    allowed += [] if n_trials is None else [(n_trials, shape[0]), (n_trials, *shape)]
    raise ValueError(
        f"{KIND}: mask must have shape {' or '.join(map(str, allowed))}; got {mask.shape}"
    )


def check_steps(name, values, n_steps):
    """Raise unless arrays have as many steps as the target."""
    if values.shape[1] != n_steps:
        wanted, got = ((n_steps, *values.shape[2:]), values.shape[1:])
        raise ValueError(f"{KIND}: {name} must have shape {wanted}; got {got}")


def check_values(name, values):
    """Raise unless all values are finite, and weights not negative."""
    if name == "mask" and (values < 0).any():
        raise ValueError(
            f"{KIND}: mask must not be negative; it is in {place(values, values < 0)} (the first)."
            " A negative weight would maximize the error"
        )
    if not np.isfinite(values).all():
        advice = " and in the mask of that step" if name == "target" else ""
        raise ValueError(
            f"{KIND}: {name} must be finite; it is not in {place(values, ~np.isfinite(values))}"
            f" (the first). Write 0 there{advice}"
        )


def place(values, where):
    """Return the first place in which something is the case, as text."""
    trial, step = np.argwhere(where)[0][:2]
    return f"step {step}" + (f" of trial {trial}" if len(values) > 1 else "")


def row_numbers(name, rows):
    """Return numbers of rows as an array; raise unless they are whole numbers, each once."""
    found = np.asarray(rows)
    if found.ndim != 1 or found.dtype.kind not in "iu" or len(np.unique(found)) != len(found):
        raise ValueError(
            f"{KIND}: {name} must be whole numbers, each once: places of trials in the arrays; got"
            f" {rows!r}"
        )
    return found.astype(int)


def chosen_rows(rows, n_trials):
    """Return the numbers of the rows that a task shows; all for None."""
    if rows is None:
        return np.arange(n_trials)
    found = row_numbers("rows", rows)
    if not len(found) or found.min() < 0 or found.max() >= n_trials:
        raise ValueError(
            f"{KIND}: rows must be from 0 to {n_trials - 1}, at least one of them; got {rows!r}"
        )
    return found
