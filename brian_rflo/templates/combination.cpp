{# USES_VARIABLES { N } #}
{% extends 'common_group.cpp' %}
{% block maincode %}
if ({{_condition}})
{
    {% for part in _projections %}
    {
        const size_t _size = {{get_array_name(part.change, access_data=False)}}.size()/{{_networks*_parallel}};
        for (size_t _network = 0; _network < {{_networks}}; _network++)
        {
            auto* const _changes = {{get_array_name(part.change)}} + _network*{{_parallel}}*_size;
            for (size_t _synapse = 0; _synapse < _size; _synapse++)
            {
                auto _sum = _changes[_synapse];
                for (size_t _trial = 1; _trial < {{_parallel}}; _trial++)
                    _sum += _changes[_trial*_size + _synapse];
                for (size_t _trial = 0; _trial < {{_parallel}}; _trial++)
                    _changes[_trial*_size + _synapse] = _sum;
            }
        }
    }
    {% endfor %}
}
{% endblock %}
