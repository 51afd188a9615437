{# USES_VARIABLES { t, _clock_t, _indices, N } #}
{# WRITES_TO_READ_ONLY_VARIABLES { t, N } #}
{% extends 'statemonitor.cpp' %}
{% block maincode %}
if ({{_condition}})
{
    {{ super() }}
}
{% endblock %}
