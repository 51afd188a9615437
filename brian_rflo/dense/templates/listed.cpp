{# A pass over the synapses in the order of Brian2, a run of those from one presynaptic neuron after the other (listing.py), with vectors of several synapses; sums are scattered one by one, since two of them may go to one neuron. #}
{% set pairs = lanes|map(attribute=1)|batch(2)|list %}
{
using namespace _dense;
const int64_t _count = {{padded.count}};
{% if padded.runs %}
const int32_t* const _starts = {{padded.runs}};
const int _n_runs = {{padded.n_runs}};
{% else %}
static const std::vector<int32_t> _runs = _runs_of({{padded.pre}}, _count);
const int32_t* const _starts = _runs.data();
const int _n_runs = _runs.size();
{% endif %}
{% if vectors %}
{% for pair in pairs %}
std::vector<_Real> _pairs_{{loop.index0}}({{pair|length*padded.n_post}});
{% endfor %}
for (int _n = 0; _n < {{padded.n_post}}; _n++)
{
    const int _postsynaptic_idx = _n + {{padded.first_post}};
    {{reads["_postsynaptic_idx"]|autoindent}}
    {% for pair in pairs %}
    {% set number = loop.index0 %}
    {% for name in pair %}
    _pairs_{{number}}[{{pair|length}}*_n + {{loop.index0}}] = {{name}};
    {% endfor %}
    {% endfor %}
}
{% for old, new in numbers.items() %}
const _Real {{new}} = {{old}};
{% endfor %}
{% endif %}
for (int _run = 0; _run < _n_runs; _run++)
{
    int64_t _idx = _starts[_run];
    const int64_t _end = _run + 1 < _n_runs ? _starts[_run + 1] : _count;
    const int _presynaptic_idx = {{padded.pre}}[_idx];
    {% if vectors %}
    {% for _, name in senders %}
    _Lanes _sent_{{name}};
    {% endfor %}
    {
        {{reads["_presynaptic_idx"]|autoindent}}
        {% for _, name in senders %}
        _sent_{{name}} = _spread({{name}});
        {% endfor %}
    }
    for (; _idx + _lanes <= _end; _idx += _lanes)
    {
        const int32_t* const _to = {{padded.post}} + _idx;
        int32_t _at[_lanes];
        for (int _lane = 0; _lane < _lanes; _lane++)
            _at[_lane] = _to[_lane] - {{padded.first_post}};
        {% for pair in pairs %}
        {% if pair|length == 2 %}
        _Lanes {{pair[0]}}, {{pair[1]}};
        _gather_pairs(_pairs_{{loop.index0}}.data(), _at, {{pair[0]}}, {{pair[1]}});
        {% else %}
        const _Lanes {{pair[0]}} = _gathered(_pairs_{{loop.index0}}.data(), _at);
        {% endif %}
        {% endfor %}
        {% for _, name in senders %}
        const _Lanes {{name}} = _sent_{{name}};
        {% endfor %}
        {% for own in seen %}
        _Lanes _of{{own}} = _loaded({{own}} + _idx);
        {% endfor %}
        {% for block, statements in vectors %}
        {
            {{statements|autoindent}}
            {% if block in sums %}
            for (int _lane = 0; _lane < _lanes; _lane++)
                {{sums[block]}}[_to[_lane]] += _synaptic_var[_lane];
            {% endif %}
        }
        {% endfor %}
        {% for own in stored %}
        *(_Loose*)({{own}} + _idx) = _of{{own}};
        {% endfor %}
    }
    {% endif %}
    {{reads["_presynaptic_idx"]|autoindent}}
    for (; _idx < _end; _idx++)
    {
        const size_t _vectorisation_idx = _idx;
        const int _postsynaptic_idx = {{padded.post}}[_idx];
        {{reads["_postsynaptic_idx"]|autoindent}}
        {% for block, statements in blocks %}
        {
            {{statements|autoindent}}
            {% if block in sums %}
            {{sums[block]}}[_postsynaptic_idx] += _synaptic_var;
            {% endif %}
        }
        {% endfor %}
    }
}
}
