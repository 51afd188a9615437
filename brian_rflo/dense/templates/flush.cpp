{# The sums over a history (the equations stand in history.py): e backwards in time, then change, then the trace. #}
{% set s = flush.shape %}
{% set width = s.networks*s.post %}
const int _rows = {{flush.rows}}[0];
const bool _is_over = {{flush.now}}[0] || {{flush.step}}[0] + 1 == {{flush.end}}[0];
if (_rows && (_is_over || ({{flush.step}}[0] + 1) % {{s.n_steps}} == 0))
{
    {% if flush.trace %}
    for (int _n = 0; _n < {{width}}; _n++)
        {{flush.e}}[_n] = 0;
    for (int _row = _rows - 1; _row >= 0; _row--)
        for (int _n = 0; _n < {{width}}; _n++)
        {
            {{flush.e}}[_n] = {{flush.h}}[(size_t)_row*{{width}} + _n] + _decay*{{flush.e}}[_n];
            {{flush.c}}[(size_t)_row*{{width}} + _n] = {{flush.f}}[(size_t)_row*{{width}} + _n]*{{flush.e}}[_n];
        }
    {% else %}
    std::copy({{flush.f}}, {{flush.f}} + (size_t)_rows*{{width}}, {{flush.c}});
    {% endif %}
    for (int _network = 0; _network < {{s.networks}}; _network++)
    {
        const auto* const _sound = {{flush.sound}} + {{s.first_post}} + _network*{{s.n_post}};
        const int _learning = std::count_if(_sound, _sound + {{s.n_post}}, [&](const decltype(*_sound) value) { return _on*value > 0; });
        if (!_learning)
            continue;
        for (int _j = 0; _j < {{s.n_post}}; _j++)
            if (!(_on*_sound[_j] > 0))
            {
                {% if flush.trace %}
                {{flush.e}}[_network*{{s.post}} + _j] = 0;
                {% endif %}
                for (int _row = 0; _row < _rows; _row++)
                    {{flush.c}}[(size_t)_row*{{width}} + _network*{{s.post}} + _j] = 0;
            }
        const size_t _block = (size_t)_network*{{s.n_pre*s.n_post}};
        {% if flush.trace %}
        for (int _i = 0; _i < {{s.n_pre}}; _i++)
            for (int _j = 0; _j < {{s.n_post}}; _j++)
                {{flush.change}}[_block + _i*{{s.n_post}} + _j] += _decay*{{flush.e}}[_network*{{s.post}} + _j]*{{flush.trace}}[_block + _i*{{s.n_post}} + _j];
        {% endif %}
        _add_product({{flush.change}} + _block, {{flush.g}} + _network*{{s.pre}}, {{flush.c}} + _network*{{s.post}}, _rows, {{s.networks*s.pre}}, {{width}}, {{s.n_pre}}, {{s.n_post}});
    }
    {% if flush.trace %}
    if (_is_over{{" || true" if flush.keeps_trace}})
    {
        auto _power = 0*_decay + 1;
        for (int _row = _rows - 1; _row >= 0; _row--, _power *= _decay)
            for (int _n = 0; _n < {{width}}; _n++)
                {{flush.c}}[(size_t)_row*{{width}} + _n] = _power*{{flush.f}}[(size_t)_row*{{width}} + _n];
        for (size_t _n = 0; _n < {{s.networks*s.n_pre*s.n_post}}; _n++)
            {{flush.trace}}[_n] *= _power;
        for (int _network = 0; _network < {{s.networks}}; _network++)
            _add_product({{flush.trace}} + (size_t)_network*{{s.n_pre*s.n_post}}, {{flush.g}} + _network*{{s.pre}}, {{flush.c}} + _network*{{s.post}}, _rows, {{s.networks*s.pre}}, {{width}}, {{s.n_pre}}, {{s.n_post}});
    }
    {% endif %}
    {{flush.rows}}[0] = 0;
}
