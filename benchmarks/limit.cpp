// The yardstick: the timed network written by hand, for one thread, with all sizes known to the compiler.
//
// online  one pass over weights and traces per step: trace, weight change and the next step's drive, while a number is in a register.
// trial   weights rest within a trial, so no trace is stored: the factors of its sum are kept, and a matrix product adds them up.
//
// NETWORKS of the same network may run side by side (online): what then no longer fits into a cache is read from the next.
//
// Weights lie in blocks of a few vectors of postsynaptic neurons, presynaptic neuron by presynaptic neuron, each with its traces
// behind it: one stream through memory, no sum across the lanes of a vector, and nothing per neuron is read twice.
//
// Tried and without effect within 3 %: traces in an array of their own, blocks of 4, 5 or 8 vectors, large pages below 2 MB. Asking
// for memory in advance gains 3 to 8 % from N = 100 on, where moving weights and traces to and from the caches is all the time.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#ifdef __linux__
#include <sys/mman.h>
#endif

#ifndef SIZE
#define SIZE 30
#define REAL double
#define STEPS 200
#endif
#ifndef NETWORKS
#define NETWORKS 1
#endif
#ifndef BLOCK
#define BLOCK 4
#endif

namespace {

constexpr int N = SIZE, period = STEPS;  // neurons; steps of the target, and of a trial
using Real = REAL;
constexpr int lanes = 64 / sizeof(Real), vectors = (N + lanes - 1) / lanes, padded = vectors * lanes;
constexpr int width = vectors < BLOCK ? vectors : BLOCK, blocks = vectors / width, rest = vectors % width;
constexpr int ahead = N < 200 ? 4096 : 8192;  // bytes that the pass asks for in advance
typedef Real Vector __attribute__((vector_size(64)));

struct Parameters { Real keep, rise, rate, initial; };

struct alignas(64) State {
    Real activity[padded], before[padded], gain[padded], feedback[padded], drive[padded], output[padded], back[padded];
};

// Memory on a cache line of its own; large pages where the system gives them.
template <typename T> T *memory(size_t count) {
    const size_t page = size_t(1) << 21, bytes = count * sizeof(T), alignment = bytes < page ? 64 : page;
    void *place = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (!place) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (bytes >= page) madvise(place, bytes, MADV_HUGEPAGE);
#endif
    std::memset(place, 0, bytes);
    return static_cast<T *>(place);
}

// Place of the weight of `pre` on `post`, where each weight vector is followed, a block further, by `copies - 1` others.
inline size_t place(int pre, int post, int copies) {
    const int vector = post / lanes, block = vector / width, first = block * width;
    const int here = block < blocks ? width : rest;
    return (size_t(first) * N + size_t(pre) * here) * copies * lanes + size_t(vector - first) * lanes + post % lanes;
}

inline const Vector &at(const Real *values, int vector) { return reinterpret_cast<const Vector *>(values)[vector]; }
inline Vector &at(Real *values, int vector) { return reinterpret_cast<Vector *>(values)[vector]; }

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
        for (int block = 0; block < blocks; block++)
            learn_block<width>(weights + size_t(block) * width * N * copies * lanes, s, p, block * width);
        if constexpr (rest > 0) learn_block<rest>(weights + size_t(blocks) * width * N * copies * lanes, s, p, blocks * width);
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

// weights += sum over steps of factor(step) before(step)^T, for `rows` presynaptic neurons at a time.
template <int count, int rows> inline void add_rows(Real *weights, const Real *factor, const Real *before, int pre) {
    Vector sum[rows][count] = {};
    for (int step = 0; step < period; step++, factor += padded, before += padded)
        for (int row = 0; row < rows; row++)
            for (int k = 0; k < count; k++) sum[row][k] += at(factor, k) * before[pre + row];
    for (int row = 0; row < rows; row++)
        for (int k = 0; k < count; k++) at(weights, row * count + k) += sum[row][k];
}

template <int count> inline void add_block(Real *weights, const Real *factor, const Real *before) {
    constexpr int rows = 24 / count < 6 ? 24 / count : 6;
    int pre = 0;
    for (; pre + rows <= N; pre += rows) add_rows<count, rows>(weights + size_t(pre) * count * lanes, factor, before, pre);
    for (; pre < N; pre++) add_rows<count, 1>(weights + size_t(pre) * count * lanes, factor, before, pre);
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
                for (int block = 0; block < blocks; block++) drive_block<width>(weights + size_t(block) * width * N * lanes, s, block * width);
                if constexpr (rest > 0) drive_block<rest>(weights + size_t(blocks) * width * N * lanes, s, blocks * width);
                output = respond(s, p, target[step], errors[step]);
                std::memcpy(before + step * padded, s.before, sizeof s.before);
                std::memcpy(factor + step * padded, s.gain, sizeof s.gain);
                for (int i = 0; i < padded; i++) change[i] += errors[step] * s.activity[i];
            }
            backwards(s, p, factor, errors);
            for (int block = 0; block < blocks; block++) add_block<width>(weights + size_t(block) * width * N * lanes, factor + block * width * lanes, before);
            if constexpr (rest > 0) add_block<rest>(weights + size_t(blocks) * width * N * lanes, factor + blocks * width * lanes, before);
            for (int i = 0; i < padded; i++) s.output[i] += p.rate * change[i];
        }
        return output;
    }

    // gain(s) becomes rate rise gain(s) times the sum over t >= s of keep^(t - s) feedback(t).
    static void backwards(State &s, const Parameters &p, Real *factor, const Real *errors) {
        Real kept = 0;
        for (int step = period - 1; step >= 0; step--) {
            kept = p.keep * kept + errors[step];
            for (int i = 0; i < padded; i++) factor[step * padded + i] *= p.rate * p.rise * kept * s.back[i];
        }
    }
};

// Runs `steps` from the given weights, [post, pre]. result: sum |W - W0|, last output, CPU seconds, wall seconds.
template <typename Mode> void run(int64_t steps, const double *recurrent, const double *readout, const double *back, const double *target, const double *parameters, double *result) {
    const Parameters p = {Real(1 - parameters[0]), Real(parameters[0]), Real(parameters[1]), Real(parameters[2])};
    const size_t size = size_t(padded) * N * Mode::copies;
    Real *weights = memory<Real>(NETWORKS * size), rows[period];
    State *s = memory<State>(NETWORKS);
    for (int step = 0; step < period; step++) rows[step] = Real(target[step]);
    for (int post = 0; post < N; post++) {
        s->output[post] = Real(readout[post]), s->back[post] = Real(back[post]), s->activity[post] = p.initial;
        for (int pre = 0; pre < N; pre++) weights[place(pre, post, Mode::copies)] = Real(recurrent[size_t(post) * N + pre]);
    }
    for (int post = 0; post < N; post++)
        for (int pre = 0; pre < N; pre++) s->drive[post] += weights[place(pre, post, Mode::copies)] * p.initial;
    for (int network = 1; network < NETWORKS; network++) {
        s[network] = *s;
        std::memcpy(weights + network * size, weights, size * sizeof(Real));
    }
    const auto wall = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    result[1] = Mode::run(weights, s, p, rows, steps);
    result[2] = double(std::clock() - cpu) / CLOCKS_PER_SEC;
    result[3] = std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
    result[0] = 0;
    for (int post = 0; post < N; post++)
        for (int pre = 0; pre < N; pre++) result[0] += std::fabs(double(weights[place(pre, post, Mode::copies)]) - double(Real(recurrent[size_t(post) * N + pre])));
    std::free(weights);
    std::free(s);
}

}  // namespace

extern "C" void run_online(int64_t steps, const double *w, const double *o, const double *b, const double *t, const double *p, double *result) { run<Online>(steps, w, o, b, t, p, result); }
extern "C" void run_trial(int64_t steps, const double *w, const double *o, const double *b, const double *t, const double *p, double *result) { run<Trial>(steps, w, o, b, t, p, result); }
