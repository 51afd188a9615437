{# ITERATE_ALL { _idx } #}
{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'stateupdate.cpp' %}
{% block maincode %}
if ({{_condition}})
{
    {{ super() }}
}
{% endblock %}
