// Numbers that begin at a line of the processor's cache. They have no value before they are given one.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#endif

template <class T>
class Array {
public:
    Array() = default;
    explicit Array(int64_t size) : size_(size) {
        constexpr size_t HUGE_PAGE = 1 << 21;
        const size_t wanted = size * sizeof(T) + 64, line = wanted < 4 * HUGE_PAGE ? 64 : HUGE_PAGE;
        const size_t bytes = (wanted + line - 1) / line * line;  // a vector may be read that begins at the last number
        data_.reset((T*)std::aligned_alloc(line, bytes));
        if (!data_) throw std::bad_alloc();
#if defined(__linux__)
        if (line == HUGE_PAGE) madvise((void*)data_.get(), bytes, MADV_HUGEPAGE);
#endif
    }
    T* at_least(int64_t size) {  // room for so many; what was there is lost if that is more
        if (size > size_) *this = Array(size + size / 2);
        return data();
    }
    T* data() const { return data_.get(); }
    T& operator[](int64_t i) const { return data_[i]; }

private:
    std::unique_ptr<T[], void (*)(void*)> data_{nullptr, std::free};
    int64_t size_ = 0;
};
