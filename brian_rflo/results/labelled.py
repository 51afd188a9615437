"""Labelled results: `xarray.Dataset`, and netCDF files that other programs can read.

Needs the packages of ``pip install 'brian_rflo[results]'``. Dimensions of a network are ``post``
and ``pre`` (neurons), ``readout`` and ``input`` (units); those of a training ``network``, ``trial``
and ``time``, preceded by the parameters varied between trainings.
"""

from contextlib import contextmanager

import numpy as np

from ..brian.optional import optional
from .archives import Header, report_damage
from .files import existing_file, write_whole

#: Dimensions of the arrays of a training, and of the weights of a standard network by their name.
DIMENSIONS = {
    "losses": ("network", "trial"),
    "target": ("time", "readout"),
    "mask": ("time",),
    "first_output": ("network", "time", "readout"),
    "output": ("network", "time", "readout"),
    "aligned_trials": ("aligned_trials",),
    "alignment": ("network", "aligned_trials"),
    "diverged_in": ("network",),
}
#: Dimensions of a mask: of each step, or of each output too.
MASKS = {1: ("time",), 2: ("time", "readout")}
WEIGHTS = {
    "recurrent": ("network", "post", "pre"),
    "output": ("network", "readout", "pre"),
    "feedback": ("network", "post", "readout"),
    "input": ("network", "post", "input"),
    "current": ("network", "post", "readout"),
}
NAMES = {
    "losses": "loss of a trial, summed over outputs",
    "target": "target of the last trial, at the end of each step",
    "mask": "weight of the error of a step, or of each output",
    "first_output": "output in the first trial",
    "output": "output in the last trial",
    "alignment": "cosine between readout and feedback weights",
    "diverged_in": "trial in which a network diverged, -1 if it did not",
}
ENGINE, KIND = "h5netcdf", "netCDF file"


def dimensions_with(mask):
    """Return the dimensions of the arrays of a training, given those of its mask."""
    return DIMENSIONS | {"mask": MASKS.get(len(np.shape(mask)), DIMENSIONS["mask"])}


def dimensions_of_weights(names):
    """Return the dimensions of the weights of a network by name; a projection that the standard
    network lacks gets ``_post`` and ``_pre`` dimensions of its own.
    """
    is_standard = set(names) <= set(WEIGHTS)
    return {
        name: WEIGHTS[name] if is_standard else ("network", f"{name}_post", f"{name}_pre")
        for name in names
    }


def xarray():
    """Return the module xarray; raise if it or the packages that write netCDF are missing."""
    return optional(
        "results",
        "labelled data in netCDF",
        "xarray",
        "h5netcdf",
        "h5py",
        otherwise=", or save as .npz",
    )


def dataset_of(result):
    """Return a `TrainingResult` as a dataset, with its settings as attributes."""
    start = result.settings.get("first_trial", 0)
    dimensions = dimensions_with(result.mask)
    variables = {
        name: (dimensions[name], getattr(result, name), {"long_name": long_name, "units": "1"})
        for name, long_name in NAMES.items()
    }
    along = dimensions_of_weights(result.weights_after)
    for when in ("before", "after"):
        variables |= {
            f"weights_{when}_{name}": (
                along[name],
                values,
                {"long_name": f"{name} weights {when} training", "units": "1"},
            )
            for name, values in getattr(result, f"weights_{when}").items()
        }
    coordinates = {
        "time": (
            "time",
            result.times,
            {"long_name": "end of a step, from the beginning of the trial", "units": "s"},
        ),
        "trial": (
            "trial",
            start + np.arange(result.losses.shape[1]),
            {"long_name": "number of the trial"},
        ),
        "aligned_trials": (
            "aligned_trials",
            result.aligned_trials,
            {"long_name": "finished trials of this training", "units": "1"},
        ),
    }
    return xarray().Dataset(variables, coordinates, attrs={"dt": result.dt, **result.settings})


def stacked(datasets, everywhere=None, **varied):
    """Return many datasets as one, along the varied parameters: ``stacked([a, b], rule=["rflo",
    "bptt"])``.

    If several parameters were varied, the datasets form a grid of their values; missing ones are
    NaN. The grid has the values that occur, or those in `everywhere` by name. Settings that differ
    become variables, ``setting_NAME``; all others stay attributes.
    """
    from pandas import MultiIndex

    xr = xarray()
    differing = {
        name
        for dataset in datasets
        for name in dataset.attrs
        if any(other.attrs.get(name) != dataset.attrs[name] for other in datasets)
    }
    wordy = {
        name
        for name in differing
        if any(isinstance(dataset.attrs.get(name, ""), str) for dataset in datasets)
    }
    in_a_row = xr.concat(
        [with_variables(dataset, differing, wordy) for dataset in datasets],
        "_place",
        data_vars="all",
        coords="minimal",
        compat="override",
        join="outer",
        combine_attrs="drop_conflicts",
    )
    values = {
        name: list({repr(value): value for value in given}.values())
        for name, given in (everywhere or varied).items()
    }
    numbered = {
        name: {repr(value): number for number, value in enumerate(values[name])} for name in varied
    }
    places = MultiIndex.from_arrays(
        [[numbered[name][repr(value)] for value in given] for name, given in varied.items()],
        names=list(varied),
    )
    grid = in_a_row.assign_coords(xr.Coordinates.from_pandas_multiindex(places, "_place")).unstack(
        "_place"
    )
    grid = (
        grid.reindex({name: range(len(values[name])) for name in varied})
        .assign_coords(values)
        .transpose(*varied, ...)
    )
    return grid.assign(
        {
            name: variable.where(variable.notnull(), "")
            for name, variable in grid.data_vars.items()
            if variable.dtype == object
        }
    )


def with_variables(dataset, names, wordy):
    """Return a dataset with some of its attributes as variables; the `wordy` ones are text."""
    moved = {
        f"setting_{name}": (
            str(dataset.attrs.get(name, "")) if name in wordy else dataset.attrs[name]
        )
        for name in names
    }
    kept = {name: value for name, value in dataset.attrs.items() if name not in names}
    return dataset.assign(moved).drop_attrs(deep=False).assign_attrs(kept)


def write(dataset, path):
    """Write a dataset as netCDF, atomically."""
    xarray()
    # in memory: HDF5 ends the process where a disk is full; a copy, since a view of the buffer that
    # outlives it (in a traceback) ends Python 3.12
    content = bytes(dataset.to_netcdf(engine=ENGINE))
    return write_whole(path, lambda waiting: waiting.write_bytes(content))


class LabelledFile:
    """The arrays of a training in a netCDF file, with the interface of `archives.Archive`."""

    def __init__(self, path, dataset):
        self.path, self.dataset = path, dataset
        self.settings = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in dataset.attrs.items()
        }
        self.dt = np.asarray(self.settings.pop("dt", ""))
        self.headers = {
            name: Header(array.shape, array.dtype)
            for name, array in {
                **dataset.variables,
                "dt": self.dt,
                "settings": np.asarray(""),
            }.items()
        }

    def read(self, names):
        """Return the arrays of these names."""
        with report_damage(self.path, KIND):
            return {name: self.dt if name == "dt" else self.dataset[name].values for name in names}

    def dictionary(self, name):
        """Return the settings, which are stored as attributes."""
        return self.settings


@contextmanager
def opened(path):
    """Open a netCDF file for the duration of the context; see `LabelledFile`.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, OSError, RuntimeError
        If the file cannot be read; the message names it.
    """
    xr, path = xarray(), existing_file(path)
    with report_damage(path, KIND):
        dataset = xr.open_dataset(
            path, engine=ENGINE, create_default_indexes=False, phony_dims="access"
        )
    with dataset:
        yield LabelledFile(path, dataset)
