{# Loops over ranges of places (threads.py), which threads share if there are several. A range has `_width` places of `_network`, `_from` on. #}
{% macro for_ranges(ranges) %}
{% if threads > 1 %}
_in_blocks({{geometry.networks*ranges.count}}, 1, [=](const int _first, const int _end)
{
{% else %}
{
const int _first = 0, _end = {{geometry.networks*ranges.count}};
{% endif %}
for (int _block = _first; _block < _end; _block++)
{
    const int _network = _block/{{ranges.count}}, _from = _block%{{ranges.count}}*{{ranges.width}}, _width = _from < {{ranges.last}} ? {{ranges.width}} : {{ranges.rest}};
    {{caller()}}
}
}{{");" if threads > 1}}
{% endmacro %}
{# The loops of a range, whose rows are `stride` apart in memory and whose first synapse is at `base`. They may contain no number that depends on
   the ranges that there are: g++ adds rows in another order where it knows another stride, or the largest width. #}
{% macro apart(stride, base) %}
_apart(_network, _from, _width, {{stride}}, {{base}}, [=](const int _network, const int _from, const int _width, const size_t _stride, const size_t _base)
{
{{caller()}}
});
{% endmacro %}
