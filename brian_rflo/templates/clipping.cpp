{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}
{% block maincode %}
if ({{_condition}})
{
    double _left[{{_networks}}] = {};
    {% for part in _projections %}
    {
        const size_t _synapses = {{get_array_name(part.change, access_data=False)}}.size();
        for (size_t _synapse = 0; _synapse < _synapses; _synapse++)
        {
            const double _change = {{get_array_name(part.change)}}[_synapse];
            _left[{{get_array_name(part.post)}}[_synapse]/{{part.block}}] += _change*_change;
        }
    }
    {% endfor %}
    for (int _network = 0; _network < {{_networks}}; _network++)
        _left[_network] = _left[_network] > {{_largest}}*{{_largest}} ? {{_largest}}/std::sqrt(_left[_network]) : 1.0;
    {% for part in _projections %}
    for (int _unit = 0; _unit < {{part.size}}; _unit++)
        {{get_array_name(part.scale)}}[_unit] = _left[_unit/{{part.block}}];
    {% endfor %}
}
{% endblock %}
