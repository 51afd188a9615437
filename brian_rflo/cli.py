"""The command line: ``brian-rflo list``, ``run``, ``compare``, ``bench`` and ``clean``."""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module
from importlib.metadata import version
from pkgutil import iter_modules

from .brian import devices, kept
from .crews import part as parts
from .crews.experiment import Experiment, save, table
from .crews.sharing import shared_folder


def experiments():
    """Return all experiments of all models by name, each model's in its own order."""
    try:
        models = import_module("brian_rflo.models")
    except ModuleNotFoundError as error:
        raise RuntimeError(
            "the published models are not installed: this is the bare source folder of brian_rflo;"
            " install it with 'pip install -e .', or run from another folder"
        ) from error
    papers = [
        import_module(f"brian_rflo.models.{module.name}")
        for module in iter_modules(models.__path__)
    ]
    return {experiment.name: experiment for paper in papers for experiment in paper.EXPERIMENTS}


def positive(text):
    """Return a whole number of at least one, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1; got {text!r}")
    return int(text)


def natural(text):
    """Return a whole number of at least zero, for argparse."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number, 0 or more; got {text!r}")
    return int(text)


def seed(text):
    """Return a seed that Brian2 and NumPy accept, for argparse."""
    if natural(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"must be less than 2**32; got {text!r}")
    return int(text)


#: Arguments of ``brian-rflo run``.
RUN = {
    "experiment": dict(
        help="its name, as `brian-rflo list` shows it, or a model's name for all of its experiments"
    ),
    "--networks": dict(type=positive, help="independent networks (default: the paper's)"),
    "--trials": dict(type=positive, help="trials of each network (default: the paper's)"),
    "--seed": dict(type=seed, default=0, help="seed of the initial weights (default: 0)"),
    "--device": dict(
        choices=devices.DEVICES,
        default="auto",
        help="where Brian2 runs; auto is cpp_standalone where there is a C++ compiler, else numpy",
    ),
    "--quick": dict(
        action="store_true", help="fewer networks and trials: shows learning within a minute or so"
    ),
    "--workers": dict(
        type=positive,
        default=devices.cores(),
        help="processes at the same time (default: one for each core)",
    ),
    "--fresh": dict(
        action="store_true",
        help="compute everything anew; otherwise what an earlier run has finished is used",
    ),
    "--out": dict(help="folder for figure.png, data.npz and summary.json (default: results/NAME)"),
}
#: Arguments of ``brian-rflo compare``.
COMPARE = {
    "--task": dict(
        default="periodic",
        help="periodic, cursor, pattern, interval, non_match (default: periodic)",
    ),
    "--neurons": dict(
        nargs="+",
        default=["rate", "lif"],
        metavar="KIND",
        help="rate, lif, alif; with excitatory and inhibitory neurons rate_ei, lif_ei, potential_ei"
        " (default: rate lif)",
    ),
    "--rules": dict(
        nargs="+",
        default=["rflo", "readout"],
        metavar="RULE",
        help="rflo, snap1, readout, least_squares, bptt, wp, np; by other credit paths: diffusion,"
        " weight_mirror, eprop3, unfiltered, and of two types of neurons mdgl, modprop; of actions,"
        " on the task non_match: reward, reward_readout (default: rflo readout)",
    ),
    "--networks": dict(type=positive, default=5, help="networks of each kind (default: 5)"),
    "--trials": dict(type=positive, default=600, help="trials of each network (default: 600)"),
    "--size": dict(type=positive, default=100, help="neurons of a network (default: 100)"),
    "--tau": dict(
        type=float,
        help="time constant of rates and filtered spikes in ms (default: 50; non_match: 10)",
    ),
    "--noise": dict(
        type=float,
        default=0.0,
        help="noise of spiking neurons: standard deviation of the membrane, threshold minus rest"
        " being 1 (default: 0)",
    ),
    "--gain": dict(
        type=float,
        help="gain of the initial recurrent weights (default: 1.5 for rates, 0.5 for spikes)",
    ),
    "--seed": dict(type=seed, default=0, help="seed of weights and neurons (default: 0)"),
    "--device": dict(choices=devices.DEVICES, default="auto", help="where Brian2 runs"),
    "--workers": dict(
        type=positive,
        default=devices.cores(),
        help="processes at the same time (default: one for each core)",
    ),
    "--fresh": dict(action="store_true", help="compute everything anew"),
    "--out": dict(
        help="folder for figure.png, data.npz and summary.json (default: results/compare/TASK)"
    ),
}
#: Arguments of ``brian-rflo bench``.
BENCH = {
    "--kinds": dict(nargs="+", metavar="KIND", help="networks: rate, spiking (default: both)"),
    "--sizes": dict(
        type=positive, nargs="+", metavar="N", help="numbers of neurons (default: 30 100 300 1000)"
    ),
    "--dtypes": dict(nargs="+", metavar="TYPE", help="float64, float32 (default: both)"),
    "--modes": dict(nargs="+", metavar="MODE", help="online, trial (default: both)"),
    "--contestants": dict(
        nargs="+", metavar="NAME", help="those to measure (default: all; a wrong name lists them)"
    ),
    "--rounds": dict(type=positive, help="measurements of each, in turns (default: 5)"),
    "--growth": dict(
        action="store_true",
        help="also time and memory against size and trials, and the paper's run",
    ),
    "--quick": dict(
        action="store_true",
        help="N = 30 and 100, float64, 3 rounds, fewer contestants; of spiking networks N = 100,"
        " trial",
    ),
    "--out": dict(help="folder for bench.json and figures (default: results/bench)"),
}


def parser():
    """Return the argument parser."""
    top = argparse.ArgumentParser(
        prog="brian-rflo",
        description="Train recurrent networks in Brian2 with local online learning rules.",
    )
    top.add_argument(
        "--version",
        action="version",
        version=", ".join(f"{name} {version(name)}" for name in ("brian_rflo", "brian2", "numpy")),
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="list the published experiments").set_defaults(act=show_list)
    run = commands.add_parser(
        "run",
        help="reproduce a published experiment",
        description="Reproduce a published experiment: figure, data and summary.json.",
    )
    run.set_defaults(act=run_experiments)
    for flag, options in RUN.items():
        run.add_argument(flag, **options)
    add_compare(commands)
    add_bench(commands)
    clean = commands.add_parser(
        "clean",
        help="delete compiled programs that are kept",
        description=(
            "Delete the object files of compiled programs that are kept for the next ones, in"
            f" {kept.kept_folder()}."
        ),
    )
    clean.set_defaults(act=clean_up)
    return top


def add_compare(commands):
    """Add the arguments of ``brian-rflo compare``."""
    compare = commands.add_parser(
        "compare",
        help="compare rate with spiking networks on a task",
        description=(
            "Train rate and spiking networks on one task: figure, table, data and summary.json."
        ),
    )
    compare.set_defaults(act=run_compare)
    for flag, options in COMPARE.items():
        compare.add_argument(flag, **options)


def add_bench(commands):
    """Add the arguments of ``brian-rflo bench``."""
    bench = commands.add_parser(
        "bench",
        help="measure the speed against other tools",
        description=(
            "Measure the time per step, in turns, of this package, plain Brian2, other tools and"
            " C++ by hand."
        ),
    )
    bench.set_defaults(act=run_bench)
    for flag, options in BENCH.items():
        bench.add_argument(flag, **options)


def clean_up(_):
    """Delete cached object files, and report how much space they took."""
    say(f"deleted {kept.clean() / 1e6:.1f} MB from {kept.kept_folder()}")
    return 0


def show_list(_):
    """Print name, title and duration of each experiment."""
    for name, experiment in experiments().items():
        print(f"{name:20s} {experiment.title} ({experiment.takes})")
    return 0


def say(message):
    """Print a message for the user immediately."""
    print(message, flush=True)


def chosen_experiments(name):
    """Return the experiment of that name, or all of a model.

    Raises
    ------
    ValueError
        If there is none; the message lists the existing names.
    """
    known = experiments()
    chosen = [
        experiment for full, experiment in known.items() if name in (full, full.split("/")[0])
    ]
    if not chosen:
        models = dict.fromkeys(full.split("/")[0] for full in known)
        raise ValueError(
            f"no experiment {name!r}; there are: {', '.join([*models, *sorted(known)])}"
        )
    return chosen


def run_experiments(args):
    """Run an experiment or all of a model, print tables, write files; return 0 if all expectations
    hold, else 1.

    Raises
    ------
    RuntimeError
        If parts have failed; experiments that do not need them are finished first.
    """
    chosen, device = chosen_experiments(args.experiment), devices.chosen(args.device)
    return run_all(chosen, shared_folder(args.out or "results"), device, args)


def run_all(chosen, root, device, args):
    """Compute the parts of all experiments together, then finish the experiments one after the
    other.
    """
    settings = {
        experiment: experiment.settings(
            args.networks, args.trials, args.seed, device, getattr(args, "quick", False)
        )
        for experiment in chosen
    }
    folders = {
        experiment: shared_folder(
            folder_of(
                experiment, root, len(chosen) == 1 and args.out, getattr(args, "quick", False)
            )
        )
        for experiment in chosen
    }
    for experiment in chosen:
        say(f"{experiment.name}: {experiment.title}\n{experiment.source}")
    say("")
    start, shared = time.perf_counter(), root / chosen[0].name.split("/")[0] / "parts"
    wanted = {experiment: experiment.parts(settings[experiment]) for experiment in chosen}
    every = [part for parts_of_one in wanted.values() for part in parts_of_one]
    if args.fresh:
        parts.forget(every, shared)
    arrays, failed = parts.compute(every, shared, args.workers, say)
    seconds, statuses, unwritten = time.perf_counter() - start, [], []
    for experiment in chosen:
        names = [part.name for part in wanted[experiment]]
        if not set(names) & set(failed):
            its = {name: arrays[name] for name in names}
            try:
                statuses.append(
                    finish(experiment, settings[experiment], its, seconds, folders[experiment])
                )
            except OSError as error:  # the tables of the others can still be shown
                unwritten.append(error)
    if failed:
        reasons = "\n".join(f"  {name}: {reason}" for name, reason in failed.items())
        raise RuntimeError(
            f"{len(failed)} of {len(every)} parts failed; the others are kept in"
            f" {shared}:\n{reasons}"
        )
    if unwritten:
        raise unwritten[0]
    return max(statuses)


def folder_of(experiment, root, alone, quick):
    """Return the folder of an experiment's files: one of its own, except for a single experiment
    with ``--out``.
    """
    return root if alone else root / f"{experiment.name}{'-quick' if quick else ''}"


def finish(experiment, settings, arrays, seconds, folder):
    """Write table, figure and files of one experiment; return 0 if all expectations hold, else
    1.
    """
    outcome = experiment.outcome(settings, arrays)
    say(f"\n{experiment.name}\n{table(outcome.rows)}\n")
    paths = save(outcome, experiment, settings, seconds, folder)
    computing = sum(float(part["seconds"]) for part in arrays.values())
    took = f"{seconds:.0f} s, of computing {computing:.0f} s, seed {settings.seed}"
    say(f"{took}. Written: {', '.join(map(str, paths))}")
    return 0 if all(row.holds is not False for row in outcome.rows) else 1


def run_compare(args):
    """Compare rate with spiking networks; return 0."""
    from brian2 import ms

    from . import comparison

    wanted = comparison.wanted_parts(
        args.task,
        args.neurons,
        args.rules,
        args.networks,
        args.trials,
        args.size,
        None if args.tau is None else args.tau * ms,
        args.seed,
        devices.chosen(args.device),
        args.noise,
        args.gain,
    )
    title = f"{' '.join(args.neurons)} by {' '.join(args.rules)}, on the task {args.task}"
    parameters = dict(
        task=args.task,
        neurons=args.neurons,
        rules=args.rules,
        N=args.size,
        tau_ms=float(wanted[0].arguments["tau"] / ms),
        noise=args.noise,
        gain=args.gain,
    )
    experiment = Experiment(
        f"compare/{args.task}",
        title,
        "",
        lambda _: wanted,
        lambda _, arrays: comparison.outcome(wanted, arrays),
        args.networks,
        args.trials,
        {},
        parameters=parameters,
    )
    return run_all(
        [experiment], shared_folder(args.out or "results"), devices.chosen(args.device), args
    )


def run_bench(args):
    """Measure speeds; return 0, or 130 when interrupted."""
    try:
        command = import_module("brian_rflo.benchmarks.command")
    except ModuleNotFoundError as error:
        raise RuntimeError(
            "the benchmarks are not installed: this is the bare source folder of brian_rflo;"
            " install it with 'pip install -e .', or run from another folder"
        ) from error
    return command.run(args, say)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    args = parser().parse_args(arguments)
    try:
        return args.act(args)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        print(f"brian-rflo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "brian-rflo: interrupted; what was finished is kept, and the same command (without"
            " --fresh) goes on from there",
            file=sys.stderr,
        )
        return 130
