// The yardstick of the spiking network, written by hand for one thread, with all sizes known to the compiler. Spikes are delivered as events.
//
// online  a column of weights is read when its presynaptic neuron spikes, and only then. So it rests until that spike, or the end of the
//         period, and is caught up there: all its steps at once, with weight and trace in registers.
// trial   as in limit.cpp: the factors of the sum are kept for a trial, and a matrix product adds them up.
// events  trial, with the sum over spikes in place of steps: the low-passed activity is a filter of spikes, and a sum of factors times a
//         filter of spikes is the sum over spikes of the factors filtered backwards in time.

#include "limit.h"

namespace {

struct Parameters { Real keep, forget, rate, refractory; };  // decay of membranes and of currents in a step; steps without integration

struct alignas(64) State {
    Real membrane[padded], current[padded], activity[padded], low[padded], waiting[padded], gain[padded], spiking[padded];
    Real bias[padded], initial[padded], output[padded], back[padded];
    int spikes[padded], count;  // who spikes in this step
    int64_t total;
};

inline void reset(State &s) {
    for (int i = 0; i < padded; i++) s.membrane[i] = s.initial[i], s.current[i] = s.activity[i] = s.low[i] = s.waiting[i] = 0;
}

// Membranes, their slope, and who spikes.
inline void integrate(State &s, const Parameters &p) {
    for (int i = 0; i < padded; i++) {
        const bool free = s.waiting[i] <= 0;
        s.low[i] += (1 - p.keep) * (s.activity[i] + 1 - s.low[i]);
        const Real moved = s.membrane[i] + (1 - p.keep) * (s.current[i] + s.bias[i] - s.membrane[i]);
        const Real membrane = free ? moved : s.membrane[i], slope = 1 - std::fabs(membrane - 1);
        s.gain[i] = free && slope > 0 ? slope : Real(0);
        s.spiking[i] = membrane > 1 ? Real(1) : Real(0);
        s.membrane[i] = membrane > 1 ? Real(0) : membrane;
        s.waiting[i] = membrane > 1 ? p.refractory : s.waiting[i] - 1;
        s.activity[i] = p.forget * (s.activity[i] + 1) + s.spiking[i] - 1;
        s.current[i] *= p.forget;
    }
    s.count = 0;
    for (int i = 0; i < N; i++) {
        s.spikes[s.count] = i;
        s.count += s.spiking[i] > 0;
    }
    s.total += s.count;
}

inline Real respond(const State &s) {
    Real output = 0;
    for (int i = 0; i < N; i++) output += s.output[i] * s.activity[i];  // behind N activity is not 0
    return output;
}

// A period's history. With the trace in units of forget^step, a step adds gain times seen, and nothing decays: seen is (1 - forget) low
// in those units, and sums[step] the sum of errors before the step, each times its unit.
struct History {
    Real *gain = memory<Real>(period * padded), *seen = memory<Real>(period * padded);
    Real sums[period + 1] = {}, unit[period + 1];
    int done[N] = {};  // steps that a column has behind it

    explicit History(Real forget) {
        unit[0] = 1;
        for (int step = 0; step < period; step++) unit[step + 1] = unit[step] * forget;
    }
    ~History() { std::free(gain), std::free(seen); }
};

// A column of a block, weights and traces, from the step it has reached to `end`.
template <int count> inline void catch_up(Real *column, const State &s, const Parameters &p, const History &h, int first, int pre, int end) {
    Vector trace[count] = {}, late[count] = {};  // what is added to the trace, and the same times the errors that came before
    const Real *gain = h.gain + first * lanes;
    for (int step = h.done[pre]; step < end; step++) {
        const Real seen = h.seen[step * padded + pre], before = seen * h.sums[step];
        for (int k = 0; k < count; k++) {
            trace[k] += at(gain + step * padded, k) * seen;
            late[k] += at(gain + step * padded, k) * before;
        }
    }
    const Real all = h.sums[end], since = all - h.sums[h.done[pre]];
    for (int k = 0; k < count; k++) {
        at(column, k) += p.rate * at(s.back, first + k) * (since * at(column, count + k) + all * trace[k] - late[k]);
        at(column, count + k) += trace[k];
    }
}

struct Online {
    static constexpr int copies = 2;
    static Real run(Real *weights, State &s, const Parameters &p, const Real *target, int64_t steps) {
        History h(p.forget);
        Real output = 0;
        for (int64_t left = steps / period; left > 0; left--) {
            for (int step = 0; step < period; step++) output = advance(weights, s, p, h, target[step], step);
            finish(weights, s, p, h);
        }
        return output;
    }

    static Real advance(Real *weights, State &s, const Parameters &p, History &h, Real target, int step) {
        integrate(s, p);
        for (int i = 0; i < padded; i++) h.gain[step * padded + i] = s.gain[i], h.seen[step * padded + i] = (1 - p.forget) / h.unit[step] * s.low[i];
        for_blocks<copies>(weights, [&](auto count, int first, Real *block) {
            for (int spike = 0; spike < s.count; spike++) {
                Real *column = block + size_t(s.spikes[spike]) * copies * count * lanes;
                catch_up<count>(column, s, p, h, first, s.spikes[spike], step);
                for (int k = 0; k < count; k++) at(s.current, first + k) += at(column, k);
            }
        });
        for (int spike = 0; spike < s.count; spike++) h.done[s.spikes[spike]] = step;
        const Real output = respond(s), error = target - output;
        for (int i = 0; i < padded; i++) s.output[i] += p.rate * error * s.activity[i];
        h.sums[step + 1] = h.sums[step] + h.unit[step] * error;
        return output;
    }

    // All columns to the end of the period, where units begin anew.
    static void finish(Real *weights, const State &s, const Parameters &p, History &h) {
        for_blocks<copies>(weights, [&](auto count, int first, Real *block) {
            for (int pre = 0; pre < N; pre++, block += copies * count * lanes) {
                catch_up<count>(block, s, p, h, first, pre, period);
                for (int k = 0; k < count; k++) at(block, count + k) *= h.unit[period];
            }
        });
        std::memset(h.done, 0, sizeof h.done);
    }
};

inline void deliver(Real *weights, State &s) {
    for_blocks<1>(weights, [&](auto count, int first, Real *block) {
        for (int spike = 0; spike < s.count; spike++)
            for (int k = 0; k < count; k++) at(s.current, first + k) += at(block + size_t(s.spikes[spike]) * count * lanes, k);
    });
}

struct Trial {
    static constexpr int copies = 1;
    Real *low = memory<Real>(period * padded);
    ~Trial() { std::free(low); }
    void keep(const State &s, int step) { std::memcpy(low + step * padded, s.low, sizeof s.low); }
    void add(Real *weights, Real *factor, const Parameters &) { add_history(weights, factor, low); }

    template <typename Sum = Trial> static Real run(Real *weights, State &s, const Parameters &p, const Real *target, int64_t steps) {
        Sum sum;
        Real *factor = memory<Real>(period * padded), output = 0, errors[period], change[padded];
        for (int64_t left = steps / period; left > 0; left--) {
            reset(s);
            std::memset(change, 0, sizeof change);
            for (int step = 0; step < period; step++) {
                integrate(s, p);
                std::memcpy(factor + step * padded, s.gain, sizeof s.gain);
                sum.keep(s, step);
                deliver(weights, s);
                output = respond(s), errors[step] = target[step] - output;
                for (int i = 0; i < padded; i++) change[i] += errors[step] * s.activity[i];
            }
            backwards(factor, s.back, errors, p.forget, p.rate * (1 - p.forget));
            sum.add(weights, factor, p);
            for (int i = 0; i < padded; i++) s.output[i] += p.rate * change[i];
        }
        std::free(factor);
        return output;
    }
};

// l = keep l + (1 - keep) r and r = forget r + z, so that with F(t) = f(t) + keep F(t + 1) and R(t) = (1 - keep) F(t + 1) + forget R(t + 1)
// the sum of f(t) l(t) is that of R(t) z(t), and R(-1), as r = 1 where a trial begins.
struct Events {
    static constexpr int copies = Trial::copies;
    int *spikes = memory<int>(period * N), counts[period];
    ~Events() { std::free(spikes); }
    void keep(const State &s, int step) { std::memcpy(spikes + step * N, s.spikes, (counts[step] = s.count) * sizeof(int)); }

    void add(Real *weights, Real *factor, const Parameters &p) {
        alignas(64) Real filtered[padded] = {}, by_spike[padded] = {};
        for (int step = period - 1; step >= 0; step--) filter(factor + step * padded, filtered, by_spike, p);
        for (int i = 0; i < padded; i++) by_spike[i] = (1 - p.keep) * filtered[i] + p.forget * by_spike[i];
        for_blocks<1>(weights, [&](auto count, int first, Real *block) {
            for (int step = 0; step < period; step++)
                for (int spike = 0; spike < counts[step]; spike++) add_column<count>(block, spikes[step * N + spike], factor + step * padded + first * lanes);
            for (int pre = 0; pre < N; pre++) add_column<count>(block, pre, by_spike + first * lanes);
        });
    }

    template <int count> static void add_column(Real *block, int pre, const Real *values) {
        for (int k = 0; k < count; k++) at(block + size_t(pre) * count * lanes, k) += at(values, k);
    }

    // From F and R of the step after: F, and R in place of f.
    static void filter(Real *factor, Real *filtered, Real *by_spike, const Parameters &p) {
        for (int i = 0; i < padded; i++) {
            by_spike[i] = (1 - p.keep) * filtered[i] + p.forget * by_spike[i];
            filtered[i] = factor[i] + p.keep * filtered[i];
            factor[i] = by_spike[i];
        }
    }

    static Real run(Real *weights, State &s, const Parameters &p, const Real *target, int64_t steps) { return Trial::run<Events>(weights, s, p, target, steps); }
};

// Runs `steps` from the given weights, [post, pre]. parameters: four numbers, biases, initial membranes. result: as in limit.cpp, and all spikes.
template <typename Mode> void run(int64_t steps, const double *recurrent, const double *readout, const double *back, const double *target, const double *parameters, double *result) {
    const Parameters p = {Real(parameters[0]), Real(parameters[1]), Real(parameters[2]), Real(parameters[3])};
    Real *weights = memory<Real>(size_t(padded) * N * Mode::copies), rows[period];
    State *s = memory<State>(1);
    for (int step = 0; step < period; step++) rows[step] = Real(target[step]);
    for (int post = 0; post < N; post++) {
        s->output[post] = Real(readout[post]), s->back[post] = Real(back[post]);
        s->bias[post] = Real(parameters[4 + post]), s->initial[post] = Real(parameters[4 + N + post]);
    }
    lay_out(weights, recurrent, Mode::copies);
    reset(*s);
    clocked(result, [&] { return Mode::run(weights, *s, p, rows, steps); });
    result[0] = change(weights, recurrent, Mode::copies), result[4] = double(s->total);
    std::free(weights);
    std::free(s);
}

}  // namespace

extern "C" void run_online(int64_t steps, const double *w, const double *o, const double *b, const double *t, const double *p, double *result) { run<Online>(steps, w, o, b, t, p, result); }
extern "C" void run_trial(int64_t steps, const double *w, const double *o, const double *b, const double *t, const double *p, double *result) { run<Trial>(steps, w, o, b, t, p, result); }
extern "C" void run_events(int64_t steps, const double *w, const double *o, const double *b, const double *t, const double *p, double *result) { run<Events>(steps, w, o, b, t, p, result); }
