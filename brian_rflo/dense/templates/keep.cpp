{# Values of neurons in this step, a row of the history each: the networks side by side, padded. #}
{% set statements = dict(blocks) %}
{% for name, side in kept.items() %}
{% set first, size = (geometry.first_pre, geometry.n_pre) if side.index == "_presynaptic_idx" else (geometry.first_post, geometry.n_post) %}
for (int _network = 0; _network < {{geometry.networks}}; _network++)
    for (int _n = 0; _n < {{size}}; _n++)
    {
        const int {{side.index}} = {{first}} + _network*{{size}} + _n;
        {{reads[side.index]|autoindent}}
        {{statements.get(name, "")|autoindent}}
        {{side.array}}[((size_t){{side.row}}*{{geometry.networks}} + _network)*{{side.stride}} + _n] = _value_{{name}};
    }
{% endfor %}
