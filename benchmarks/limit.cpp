// The yardstick: the timed network written by hand, for one thread, with all sizes known to the compiler.
//
// online  one pass over weights and traces per step: trace, weight change and the next step's drive, while a number is in a register.
// trial   weights rest within a trial, so no trace is stored: the factors of its sum are kept, and a matrix product adds them up.
//
// NETWORKS of the same network may run side by side (online): what then no longer fits into a cache is read from the next.
//
// Tried and without effect within 3 %: traces in an array of their own, blocks of 4, 5 or 8 vectors, large pages below 2 MB. Asking
// for memory in advance gains 3 to 8 % from N = 100 on, where moving weights and traces to and from the caches is all the time.

#include "limit.h"

namespace {

constexpr int ahead = N < 200 ? 4096 : 8192;  // bytes that the pass asks for in advance

struct Parameters { Real keep, rise, rate, initial; };

struct alignas(64) State {
    Real activity[padded], before[padded], gain[padded], feedback[padded], drive[padded], output[padded], back[padded];
};

// From the drive: activity of this step, its slope, the output, the error. Returns the output.
inline Real respond(State &s, const Parameters &p, Real target, Real &error) {
    Real output = 0;
    for (int i = 0; i < padded; i++) {
        const Real rate = std::tanh(s.drive[i]);
        s.before[i] = s.activity[i];
        s.gain[i] = 1 - rate * rate;
        s.activity[i] += p.rise * (rate - s.activity[i]);
        output += s.output[i] * s.activity[i];
    }
    error = target - output;
    return output;
}

// One block of the pass: W columns of `count` vectors over all presynaptic neurons.
template <int count> inline void learn_block(Real *weights, State &s, const Parameters &p, int first) {
    Vector drive[count], rise[count], change[count];
    for (int k = 0; k < count; k++) {
        drive[k] = Vector{};
        rise[k] = p.rise * at(s.gain, first + k);
        change[k] = p.rate * at(s.feedback, first + k);
    }
    for (int pre = 0; pre < N; pre++, weights += 2 * count * lanes)
        for (int k = 0; k < count; k++) {
            __builtin_prefetch(reinterpret_cast<char *>(weights + k * lanes) + ahead, 1);
            __builtin_prefetch(reinterpret_cast<char *>(weights + (count + k) * lanes) + ahead, 1);
            const Vector trace = p.keep * at(weights, count + k) + rise[k] * s.before[pre];
            const Vector weight = at(weights, k) + change[k] * trace;
            at(weights, count + k) = trace;
            at(weights, k) = weight;
            drive[k] += weight * s.activity[pre];
        }
    for (int k = 0; k < count; k++) at(s.drive, first + k) = drive[k];
}

struct Online {
    static constexpr int copies = 2;
    static Real run(Real *weights, State *states, const Parameters &p, const Real *target, int64_t steps) {
        Real output = 0;
        for (int64_t step = 0, row = 0; step < steps; step++, row = row + 1 == period ? 0 : row + 1)
            for (int network = NETWORKS - 1; network >= 0; network--)
                output = advance(weights + network * (size_t(padded) * N * copies), states[network], p, target[row]);
        return output;
    }

    static Real advance(Real *weights, State &s, const Parameters &p, Real target) {
        Real error;
        const Real output = respond(s, p, target, error);
        for (int i = 0; i < padded; i++) {
            s.feedback[i] = s.back[i] * error;
            s.output[i] += p.rate * error * s.activity[i];
        }
        for_blocks<copies>(weights, [&](auto count, int first, Real *block) { learn_block<count>(block, s, p, first); });
        return output;
    }
};

// Drive alone: two presynaptic neurons at a time, so that sums do not wait for one another.
template <int count> inline void drive_block(const Real *weights, State &s, int first) {
    Vector even[count] = {}, odd[count] = {};
    int pre = 0;
    for (; pre + 1 < N; pre += 2, weights += 2 * count * lanes)
        for (int k = 0; k < count; k++) {
            even[k] += at(weights, k) * s.activity[pre];
            odd[k] += at(weights, count + k) * s.activity[pre + 1];
        }
    for (int k = 0; k < count; k++) at(s.drive, first + k) = even[k] + odd[k];
    if (pre < N)
        for (int k = 0; k < count; k++) at(s.drive, first + k) += at(weights, k) * s.activity[pre];
}

struct Trial {
    static constexpr int copies = 1;
    static Real run(Real *weights, State *states, const Parameters &p, const Real *target, int64_t steps) {
        State &s = states[0];
        static Real *before = memory<Real>(period * padded), *factor = memory<Real>(period * padded);
        Real output = 0, errors[period], change[padded];
        for (int64_t trial = 0; trial < steps / period; trial++) {
            for (int i = 0; i < padded; i++) s.activity[i] = i < N ? p.initial : 0, change[i] = 0;
            for (int step = 0; step < period; step++) {
                for_blocks<copies>(weights, [&](auto count, int first, Real *block) { drive_block<count>(block, s, first); });
                output = respond(s, p, target[step], errors[step]);
                std::memcpy(before + step * padded, s.before, sizeof s.before);
                std::memcpy(factor + step * padded, s.gain, sizeof s.gain);
                for (int i = 0; i < padded; i++) change[i] += errors[step] * s.activity[i];
            }
            backwards(factor, s.back, errors, p.keep, p.rate * p.rise);
            add_history(weights, factor, before);
            for (int i = 0; i < padded; i++) s.output[i] += p.rate * change[i];
        }
        return output;
    }
};

// Runs `steps` from the given weights, [post, pre]. result: sum |W - W0|, last output, CPU seconds, wall seconds.
template <typename Mode> void run(int64_t steps, const double *recurrent, const double *readout, const double *back, const double *target, const double *parameters, double *result) {
    const Parameters p = {Real(1 - parameters[0]), Real(parameters[0]), Real(parameters[1]), Real(parameters[2])};
    const size_t size = size_t(padded) * N * Mode::copies;
    Real *weights = memory<Real>(NETWORKS * size), rows[period];
    State *s = memory<State>(NETWORKS);
    for (int step = 0; step < period; step++) rows[step] = Real(target[step]);
    for (int post = 0; post < N; post++) s->output[post] = Real(readout[post]), s->back[post] = Real(back[post]), s->activity[post] = p.initial;
    lay_out(weights, recurrent, Mode::copies);
    for (int post = 0; post < N; post++)
        for (int pre = 0; pre < N; pre++) s->drive[post] += weights[place(pre, post, Mode::copies)] * p.initial;
    for (int network = 1; network < NETWORKS; network++) {
        s[network] = *s;
        std::memcpy(weights + network * size, weights, size * sizeof(Real));
    }
    clocked(result, [&] { return Mode::run(weights, s, p, rows, steps); });
    result[0] = change(weights, recurrent, Mode::copies);
    std::free(weights);
    std::free(s);
}

}  // namespace

extern "C" void run_online(int64_t steps, const double *w, const double *o, const double *b, const double *t, const double *p, double *result) { run<Online>(steps, w, o, b, t, p, result); }
extern "C" void run_trial(int64_t steps, const double *w, const double *o, const double *b, const double *t, const double *p, double *result) { run<Trial>(steps, w, o, b, t, p, result); }
