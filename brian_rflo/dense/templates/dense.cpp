{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    const size_t _vectorisation_idx = -1;
    {% for name, single in singles %}
    const float {{single}} = {{name}};
    {% endfor %}
    {{opening|autoindent}}
    {{preparation|autoindent}}
    {% if blocks %}
    {% include 'walk.cpp' %}
    {% endif %}
    {{closing|autoindent}}
{% endblock %}
