{# What a dense loop does, on either target: opening, shared statements, loops over neurons or synapses, closing. #}
{% for name, single in singles %}
const float {{single}} = {{name}};
{% endfor %}
{{opening|autoindent}}
{% if not lazy or not lazy.done %}
{{preparation|autoindent}}
{% endif %}
{% if lazy %}
{% include 'lazy.cpp' %}
{% elif blocked %}
{% include 'blocked.cpp' %}
{% elif kept %}
{% include 'keep.cpp' %}
{% elif flush %}
{% include 'flush.cpp' %}
{% elif padded and not blocks %}
{% include padded.back %}
{% elif padded %}
{% include padded.loops %}
{% elif blocks %}
{% include 'loops.cpp' %}
{% endif %}
{{closing|autoindent}}
