{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}
{% block maincode %}
{% macro skip(part) %}{% if not part.self_connections %}if ({{get_array_name(part.pre)}}[_synapse] == {{get_array_name(part.post)}}[_synapse]) continue;  // held at 0{% endif %}{% endmacro %}
if ({{_condition}})
{
    double _unit[{{_networks}}] = {}, _squares[{{_networks}}] = {}, _left[{{_networks}}];
    {% for part in _counted %}
    for (size_t _synapse = 0; _synapse < {{get_array_name(part.change, access_data=False)}}.size(); _synapse++)
    {
        {{skip(part)}}
        double& _largest = _unit[{{get_array_name(part.post)}}[_synapse]/{{part.block}}];
        const double _change = std::fabs({{get_array_name(part.change)}}[_synapse]);
        _largest = _change <= _largest ? _largest : _change;
    }
    {% endfor %}
    for (int _network = 0; _network < {{_networks}}; _network++)
        if (!std::isfinite(_unit[_network]) || _unit[_network] == 0)
            _unit[_network] = 1;  // else squares of large numbers are no numbers
    {% for part in _counted %}
    for (size_t _synapse = 0; _synapse < {{get_array_name(part.change, access_data=False)}}.size(); _synapse++)
    {
        {{skip(part)}}
        const int _network = {{get_array_name(part.post)}}[_synapse]/{{part.block}};
        const double _change = {{get_array_name(part.change)}}[_synapse]/_unit[_network];
        _squares[_network] += _change*_change;
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
