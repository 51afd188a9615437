{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}
{% macro each(part) %}
const size_t _synapses = {{get_array_name(part.change, access_data=False)}}.size();
for (size_t _synapse = 0; _synapse < _synapses; _synapse++)
{
    const int _network = {{get_array_name(part.post)}}[_synapse]/{{part.block}};
    const double _change = {{get_array_name(part.change)}}[_synapse];
{% endmacro %}
{% block maincode %}
if ({{_condition}})
{
    double _unit[{{_networks}}] = {}, _squares[{{_networks}}] = {}, _left[{{_networks}}];
    {% for part in _projections %}
    {
        {{each(part)}}
            if (!(std::fabs(_change) <= _unit[_network]))
                _unit[_network] = std::fabs(_change);
        }
    }
    {% endfor %}
    for (int _network = 0; _network < {{_networks}}; _network++)
        if (!std::isfinite(_unit[_network]) || _unit[_network] == 0)
            _unit[_network] = 1;  // squares of large numbers are no numbers
    {% for part in _projections %}
    {
        {{each(part)}}
            _squares[_network] += (_change/_unit[_network])*(_change/_unit[_network]);
        }
    }
    {% endfor %}
    for (int _network = 0; _network < {{_networks}}; _network++)
    {
        const double _norm = _unit[_network]*std::sqrt(_squares[_network]);
        _left[_network] = std::isfinite(_norm) && _norm > {{_largest}} ? {{_largest}}/_norm : 1.0;
    }
    {% for part in _projections %}
    for (int _neuron = 0; _neuron < {{part.size}}; _neuron++)
        {{get_array_name(part.scale)}}[_neuron] = _left[_neuron/{{part.block}}];
    {% endfor %}
}
{% endblock %}
