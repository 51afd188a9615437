{# The sums over a history (equations in history.py): e backwards in time, then the change, then sums and traces for the next steps. #}
{% set s = flush.shape %}
{% set x = flush.entries %}
{% set width = s.networks*s.post %}
{% set order = x.f|length %}
{% macro sum_of(terms) %}{{terms|select|join(" + ") or "0"}}{% endmacro %}
{# Backwards over the rows: c = e.f of each, where e has `added` at each row; what is left in _e is A'e of the first row. #}
{% macro backwards(added, first=0) %}
for (int _row = _rows - 1; _row >= 0; _row--)
    #pragma GCC ivdep
    for (int _n = 0; _n < {{width}}; _n++)
    {
        const size_t _place = (size_t)_row*{{width}} + _n;
        {% for k in range(order) %}
        const auto _e{{k}} = {{flush.e}}[{{(first + k)*width}} + _n]{% if added[k] %} + {{added[k]}}{% endif %};
        {% endfor %}
        {{flush.c}}[_place] = {% for k in range(order) if x.f[k] %}{{" + " if not loop.first}}_e{{k}}*{{x.f[k]}}{% endfor %};
        {% for l in range(order) %}
        {{flush.e}}[{{(first + l)*width}} + _n] = {% for k in range(order) if x.A[k][l] %}{{" + " if not loop.first}}{{x.A[k][l]}}*_e{{k}}{% else %}0{% endfor %};
        {% endfor %}
    }
{% endmacro %}
{# e of the trace k alone: what is left in _e is that row of the product of all A. #}
{% macro unit(k) %}
std::fill({{flush.e}} + {{k*order*width}}, {{flush.e}} + {{(k + 1)*order*width}}, 0);
std::fill({{flush.e}} + {{(k*order + k)*width}}, {{flush.e}} + {{(k*order + k + 1)*width}}, 1);
{% endmacro %}
{# The product of the rows, for one network. #}
{% macro product(into) %}
{% if threads == 1 %}
_add_product({{into}}, {{flush.g}} + _network*{{s.pre}}, {{flush.c}} + _network*{{s.post}}, _rows, {{s.networks*s.pre}}, {{width}}, {{s.n_pre}}, {{s.n_post}});
{% else %}
_in_blocks({{s.n_post}}, {{flush.padding}}, [=](const int _first, const int _end)
{
    _add_product({{into}} + _first, {{flush.g}} + _network*{{s.pre}}, {{flush.c}} + _network*{{s.post}} + _first, _rows, {{s.networks*s.pre}}, {{width}}, {{s.n_pre}}, _end - _first, {{s.n_post}});
});
{% endif %}
{% endmacro %}
{# Add to `into` what the rows make of c, and the traces from before of e, in networks that learn. #}
{% macro add_to(into) %}
for (int _network = 0; _network < {{s.networks}}; _network++)
{
    const auto* const _finite = {{flush.finite}} + {{s.first_post}} + _network*{{s.n_post}};
    const int _learning = std::count_if(_finite, _finite + {{s.n_post}}, [&](const decltype(*_finite) value) { return _on*value > 0; });
    if (!_learning)
        continue;
    for (int _j = 0; _j < {{s.n_post}}; _j++)
        if (!(_on*_finite[_j] > 0))
        {
            for (int _k = 0; _k < {{order}}; _k++)
                {{flush.e}}[_k*{{width}} + _network*{{s.post}} + _j] = 0;
            for (int _row = 0; _row < _rows; _row++)
                {{flush.c}}[(size_t)_row*{{width}} + _network*{{s.post}} + _j] = 0;
        }
    const size_t _block = (size_t)_network*{{s.n_pre*s.n_post}};
    {% if flush.traces %}
    for (int _i = 0; _i < {{s.n_pre}}; _i++)
        for (int _j = 0; _j < {{s.n_post}}; _j++)
        {
            const size_t _place = _block + (size_t)_i*{{s.n_post}} + _j;
            {{into}}[_place] += {% for trace in flush.traces %}{{" + " if not loop.first}}{{flush.e}}[{{loop.index0*width}} + _network*{{s.post}} + _j]*{{trace}}[_place]{% endfor %};
        }
    {% endif %}
    {{product("%s + _block" % into)}}
}
{% endmacro %}
const int _rows = {{flush.rows}}[0];
const bool _is_over = {{flush.now}}[0] || {{flush.step}}[0] + 1 == {{flush.end}}[0], _is_last = ({{flush.step}}[0] + 1) % {{s.n_steps}} == 0 && !{{flush.now}}[0];
if (_rows && (_is_over || _is_last))
{
    {% for name, array in flush.arrays.items() if name in x.arrays %}
    const auto* const _kept_{{name}} = {{array}};
    {% endfor %}
    {% for into, added in flush.sums.items() %}
    std::fill({{flush.e}}, {{flush.e}} + {{order*width}}, 0);
    {{backwards(added)|autoindent}}
    {{add_to(into)|autoindent}}
    {% endfor %}
    {% if flush.traces %}
    if (_is_over{{" || true" if flush.keeps_traces}})
    {
        {% for k in range(order) %}
        {{unit(k)}}
        {{backwards([None]*order, k*order)|autoindent}}
        {% endfor %}
        for (int _network = 0; _network < {{s.networks}}; _network++)
            for (int _i = 0; _i < {{s.n_pre}}; _i++)
                for (int _j = 0; _j < {{s.n_post}}; _j++)
                {
                    const size_t _place = ((size_t)_network*{{s.n_pre}} + _i)*{{s.n_post}} + _j, _n = _network*{{s.post}} + _j;
                    {% for trace in flush.traces %}
                    const auto _x{{loop.index0}} = {{trace}}[_place];
                    {% endfor %}
                    {% for trace in flush.traces %}
                    {% set k = loop.index0 %}
                    {{trace}}[_place] = {% for l in range(order) %}{{" + " if not loop.first}}{{flush.e}}[{{(k*order + l)*width}} + _n]*_x{{l}}{% endfor %};
                    {% endfor %}
                }
        {% for trace in flush.traces %}
        {{unit(loop.index0)}}
        {{backwards([None]*order, loop.index0*order)|autoindent}}
        for (int _network = 0; _network < {{s.networks}}; _network++)
            {{product("%s + (size_t)_network*%d" % (trace, s.n_pre*s.n_post))}}
        {% endfor %}
    }
    {% endif %}
    {{flush.rows}}[0] = 0;
}
