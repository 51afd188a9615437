{# Loops over postsynaptic places on several threads. `_in_blocks(n, line, f)` calls f(first, end) for ranges that together are the places (or blocks of
   places) from 0 to n, each once; every range begins at a multiple of `line`. f runs on several threads at once, so it may only write what belongs to
   its places; each call works on a copy of it, so it captures by value. Which thread works on a range makes no difference to the numbers.

   Threads wait for each other in a loop for a while, then asleep. Who is through with the own range takes those that nobody has begun, so that a
   thread that the system does not run is not waited for. Where calls take longer than on one thread all the same, since the system stops threads
   within their ranges, the next ones are made on one thread, for eight times as long as was lost.

   The crew has C linkage, so that all files and namespaces of a program have the same. #}
#ifndef _BRIAN_RFLO_CREW
#define _BRIAN_RFLO_CREW
namespace _brian_rflo {
typedef std::chrono::steady_clock _CrewClock;
//! Something that threads wait for: a while in a loop, then asleep.
struct _Bell
{
    std::atomic<int> asleep{0};
    std::mutex mutex;
    std::condition_variable bell;

    template <typename Condition> void wait(Condition holds)
    {
        const auto start = _CrewClock::now();
        for (int spins = 1; !holds(); spins++)
        {
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
            __builtin_ia32_pause();
#endif
            if (spins % 16 || _CrewClock::now() - start < std::chrono::microseconds(50))
                continue;
            std::unique_lock<std::mutex> lock(mutex);
            asleep++;
            bell.wait(lock, holds);
            asleep--;
            return;
        }
    }
    void ring()
    {
        if (asleep)
        {
            { std::lock_guard<std::mutex> lock(mutex); }
            bell.notify_all();
        }
    }
};
struct _Crew
{
    struct Turn { std::atomic<std::uint64_t> number{0}; char line[56]; };
    //! The turn, and the last one in which each range was begun.
    Turn turn;
    std::vector<Turn> begun;
    std::atomic<int> left{0};
    std::atomic<bool> is_over{false};
    _Bell start, end;
    int n = 0, line = 1;
    void (*part)(const void*, int, int) = nullptr;
    const void* f = nullptr;
    //! Seconds won by sharing, lately; and until when all is done on one thread, because seconds were lost.
    double won = 0;
    _CrewClock::time_point alone_until;
    std::vector<std::thread> workers;

    explicit _Crew(int threads) : begun(threads)
    {
        for (int own = 1; own < threads; own++)
            workers.emplace_back([this, own]() { serve(own); });
    }
    ~_Crew()
    {
        is_over = true;
        start.ring();
        for (auto& worker : workers)
            worker.join();
    }
    void serve(int own)
    {
        for (std::uint64_t now = 0; ; work(own, now))
        {
            start.wait([this, now]() { return turn.number != now || is_over; });
            if (is_over)
                return;
            now = turn.number;
        }
    }
    void work_on(int range)
    {
        const std::int64_t size = begun.size(), lines = (n + line - 1)/line, first = lines*range/size*line, end = lines*(range + 1)/size*line;
        if (first < end)
            part(f, first, std::min<std::int64_t>(n, end));
    }
    //! Work on all ranges that nobody has begun in this turn; data of a turn do not change before all have ended.
    void work(int own, std::uint64_t now)
    {
        const int size = begun.size();
        for (int k = 0; k < size; k++)
        {
            const int range = (own + k) % size;
            std::uint64_t last = begun[range].number;
            if (last >= now || !begun[range].number.compare_exchange_strong(last, now))
                continue;
            work_on(range);
            if (--left == 0)
                end.ring();
        }
    }
    void share()
    {
        left = begun.size();
        const std::uint64_t now = ++turn.number;
        start.ring();
        work(0, now);
        end.wait([this]() { return left == 0; });
    }
    //! `alone` has the least seconds of this call on one thread, measured now and then, and how often it was made.
    void call(double* alone)
    {
        const auto began = _CrewClock::now();
        const std::int64_t calls = alone[1]++;
        const bool is_alone = calls % 1000 < 3 || (calls >= 20 && calls < 23) || began < alone_until;
        if (is_alone)
            for (int range = 0; range < (int)begun.size(); range++)
                work_on(range);
        else
            share();
        const auto ended = _CrewClock::now();
        const double taken = std::chrono::duration<double>(ended - began).count();
        if (is_alone)
        {
            alone[0] = calls ? std::min(1.02*alone[0], taken) : taken;
            return;
        }
        won = std::min(won + alone[0] - taken, 0.01);
        if (won < -(5*alone[0] + 1e-4))
        {
            alone_until = ended + std::chrono::duration_cast<_CrewClock::duration>(std::chrono::duration<double>(-8*won));
            won = 0;
        }
    }
};
}
extern "C"
#if defined(__GNUC__)
__attribute__((weak))
#else
inline
#endif
void _brian_rflo_crew(int threads, double* alone, int n, int line, void (*part)(const void*, int, int), const void* f)
{
    static std::unique_ptr<_brian_rflo::_Crew> crew;
    if (!crew || (int)crew->begun.size() != threads)
    {
        crew.reset();
        crew.reset(new _brian_rflo::_Crew(threads));
    }
    crew->n = n, crew->line = line, crew->part = part, crew->f = f;
    crew->call(alone);
}
#endif
extern "C" void _brian_rflo_crew(int, double*, int, int, void (*)(const void*, int, int), const void*);
namespace {
//! The function works on a copy of what it captures that nothing points to, so that the compiler keeps it in registers.
template <typename F>
#if defined(__GNUC__)
__attribute__((flatten))
#endif
void _part(const void* f, int first, int end)
{
    const F own = *static_cast<const F*>(f);
    own(first, end);
}
template <typename F> void _in_blocks(int n, int line, const F& f)
{
    static double alone[2];
    _brian_rflo_crew({{threads}}, alone, n, line, _part<F>, &f);
}
}
