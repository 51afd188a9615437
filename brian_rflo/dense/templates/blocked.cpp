{# Blocks of steps in which weights and traces rest (blocked.py). The record of some postsynaptic neurons, a tile, lies together, in vectors; that of a
   presynaptic neuron too. Arrays begin with a whole cache line. #}
{% set x, tile, steps = blocked.found, blocked.tile, blocked.steps %}
{% set h, order = x.h["w"], x.f|length %}
typedef std::remove_cv<std::remove_reference<decltype({{blocked.w}}[0])>::type>::type _real;
#if defined(__AVX512F__)
const int _bytes = 64;
#else
const int _bytes = 32;
#endif
typedef _real _vector __attribute__((vector_size(_bytes), aligned(sizeof(_real)), may_alias));
const int _width = _bytes/sizeof(_real), _parts = {{tile}}/_width;
{% for name, array in blocked.arrays.items() %}
_real* const _kept_{{name}} = {{array}} + (64 - (size_t){{array}} % 64) % 64/sizeof(_real);
{% endfor %}
{% if blocked.part == "record" %}
{% include 'blocked_record.cpp' %}
{% elif blocked.part == "begin" %}
{% include 'blocked_begin.cpp' %}
{% elif blocked.part == "send" %}
{% include 'blocked_send.cpp' %}
{% elif blocked.part == "correct" %}
{% include 'blocked_correct.cpp' %}
{% else %}
{% include 'blocked_flush.cpp' %}
{% endif %}
