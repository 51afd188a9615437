"""A tight loop over time steps in C++ standalone.

Brian2's own loop asks for the processor time and looks every object's clock up in a set, in every step: a quarter of a
microsecond that a network of 30 neurons can use better. Where all objects of a network share one clock, the loop made here calls
them one after the other for a thousand steps, and hands back to Brian2's loop, which reports progress and looks at the time.
"""

from brian2 import get_device, prefs

from .occasional import is_standalone

LOOP = """
{{
    static std::vector<codeobj_func> functions;
    static decltype({network}.objects.front().first) clock;
    functions.clear();
    clock = {network}.objects.empty() ? NULL : {network}.objects[0].first;
    for (const auto& object : {network}.objects)
    {{
        if (object.first != clock)
            clock = NULL;
        if (object.second)
            functions.push_back(object.second);
    }}
    const codeobj_func loop = []()
    {{
        for (int steps = 1; ; steps++)
        {{
            for (const codeobj_func function : functions)
                function();
            if (steps == {steps} || Network::_globally_stopped)
                return;
            const double now = clock->t[0];
            clock->tick();
            if (!clock->running())
            {{
                clock->timestep[0] -= 1;
                clock->t[0] = now;
                return;
            }}
        }}
    }};
    if (clock)
    {{
        const auto only = clock;
        {network}.clear();
        {network}.add(only, loop);
    }}
}}
"""


def install(networks):
    """Let the networks that are about to run on C++ standalone use the loop; `remove` after the run."""
    if is_standalone() and prefs["brian_rflo.step_loop"] and not prefs["devices.cpp_standalone.openmp_threads"]:
        lines = get_device().code_lines["before_network_run"]
        running = [network for network in networks if network in get_device().networks]
        loops = [LOOP.format(network=network.name, steps=1000) for network in running]
        lines.extend(loop for loop in loops if loop not in lines)


def remove(networks):
    """Take the loops out again, so that other networks keep Brian2's own."""
    if is_standalone():
        lines = get_device().code_lines["before_network_run"]
        lines[:] = [line for line in lines if line not in [LOOP.format(network=network.name, steps=1000) for network in networks]]
