// A pool of threads that share the items of a loop.
//
// Which thread takes which item is left to chance, so an item must write what no other one does: then the result has
// the same bits whatever the number of threads. A thread that finds nothing to do looks out for the next loop for
// some microseconds and then sleeps, so that waiting takes no processor from anybody else.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

class Pool {
public:
    explicit Pool(int threads) {
        try {
            for (int number = 1; number < threads; ++number) workers_.emplace_back([this, number] { serve(number); });
        } catch (const std::system_error&) {  // the system gives no more: those that there are do
        }
    }

    ~Pool() {
        stop_ = true;
        wake();
        for (std::thread& worker : workers_) worker.join();
    }

    int threads() const { return (int)workers_.size() + 1; }

    // each(item, thread) for all items from 0 on; alone where `work`, in multiplications or so, is not worth company.
    template <class Each>
    void run(int items, double work, Each each) {
        if (workers_.empty() || items == 1 || work < WORTH_WAKING) {
            for (int item = 0; item < items; ++item) each(item, 0);
            return;
        }
        Loop loop{std::ref(each), items};
        loop_ = &loop;
        wake();
        loop.work_on(0);
        loop_ = nullptr;
        for (int look = 0; working_ > 0; ++look) look < LOOKS ? pause() : std::this_thread::yield();
    }

private:
    static constexpr double WORTH_WAKING = 100000;
    static constexpr int LOOKS = 2000;  // at the next loop before a thread sleeps: some 50 microseconds

    struct Loop {
        std::function<void(int, int)> each;
        int items;
        std::atomic<int> next{0};
        void work_on(int thread) {
            for (int item; (item = next++) < items;) each(item, thread);
        }
    };

    static void pause() {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#else
        std::this_thread::yield();
#endif
    }

    void wake() {
        std::lock_guard<std::mutex> lock(mutex_);
        ++loops_;
        bell_.notify_all();
    }

    void serve(int number) {
        for (unsigned seen = 0; !stop_;) {
            for (int look = 0; loops_ == seen && look < LOOKS; ++look) pause();
            if (loops_ == seen) {
                std::unique_lock<std::mutex> lock(mutex_);
                bell_.wait(lock, [&] { return loops_ != seen; });
            }
            seen = loops_;
            ++working_;  // from here on the loop does not end without this thread
            if (Loop* loop = loop_) loop->work_on(number);
            --working_;
        }
    }

    std::vector<std::thread> workers_;
    std::mutex mutex_;
    std::condition_variable bell_;
    std::atomic<unsigned> loops_{0};
    std::atomic<int> working_{0};
    std::atomic<Loop*> loop_{nullptr};
    std::atomic<bool> stop_{false};
};
