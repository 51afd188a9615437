{# USES_VARIABLES { loss, diverged_in } #}
{# WRITES_TO_READ_ONLY_VARIABLES { loss, diverged_in } #}
{% extends 'common_group.cpp' %}
{% block maincode %}
if ({{_condition}})
{
    for (int _network = 0; _network < {{_networks}}; _network++)
        {{loss}}[_network] = 0;
    {% for part in _readouts %}
    for (int _unit = 0; _unit < {{part.size}}; _unit++)
        {{loss}}[_unit/{{part.block}}] += {{get_array_name(part.loss)}}[_unit];
    {% endfor %}
    for (int _network = 0; _network < {{_networks}}; _network++)
        if ({{diverged_in}}[_network] < 0 && !std::isfinite({{loss}}[_network]))
            {{diverged_in}}[_network] = {{_step}}/{{_n_steps}};
    {% for part in _projections %}
    {
        const size_t _synapses = {{get_array_name(part.w, access_data=False)}}.size();
        for (size_t _synapse = 0; _synapse < _synapses; _synapse++)
        {
            const int _network = {{get_array_name(part.post)}}[_synapse]/{{part.block}};
            if (!std::isfinite({{get_array_name(part.w)}}[_synapse]) && {{diverged_in}}[_network] < 0)
                {{diverged_in}}[_network] = {{_step}}/{{_n_steps}};
        }
    }
    {% endfor %}
    {% if _parallel > 1 %}
    for (int _network = 0; _network < {{_networks}}; _network += {{_parallel}})
        for (int _other = 0; _other < {{_parallel*_parallel}}; _other++)
            if ({{diverged_in}}[_network + _other/{{_parallel}}] >= 0 && {{diverged_in}}[_network + _other%{{_parallel}}] < 0)
                {{diverged_in}}[_network + _other%{{_parallel}}] = {{diverged_in}}[_network + _other/{{_parallel}}];
    {% endif %}
    {% for part in _projections %}
    for (int _unit = 0; _unit < {{part.size}}; _unit++)
        {{get_array_name(part.sound)}}[_unit] = {{diverged_in}}[_unit/{{part.block}}] < 0;
    {% endfor %}
}
{% endblock %}
