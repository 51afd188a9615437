{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}
{% block extra_headers %}
#include <algorithm>
#include <cstring>
#include <type_traits>
{% if threads > 1 %}
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>
{% include 'threads.cpp' %}

{% endif %}
{% if is_split %}
{% include 'apart.cpp' %}

{% endif %}
{% if flush %}
{% include 'product.cpp' %}
{% endif %}
{% if padded and "real" in padded and blocks %}
#include <cstring>
#include <new>
#include <vector>
{% include 'vectors.cpp' %}
{% endif %}

{% endblock %}
{% block maincode %}
    const size_t _vectorisation_idx = -1;
    {% include 'body.cpp' %}
{% endblock %}
