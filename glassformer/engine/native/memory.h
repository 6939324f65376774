// Numbers that begin at a cache line.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#endif

template <class T>
class Array {
public:
    Array() = default;
    explicit Array(int64_t size) { reset(size); }
    Array(Array&& other) noexcept : data_(other.data_), size_(other.size_) { other.data_ = nullptr, other.size_ = 0; }
    Array& operator=(Array&& other) noexcept {
        std::swap(data_, other.data_), std::swap(size_, other.size_);
        return *this;
    }
    ~Array() { std::free(data_); }

    void reset(int64_t size, bool of_zeros = true) {
        std::free(data_);
        data_ = nullptr, size_ = 0;
        const size_t wanted = (size_t)size * sizeof(T) + 64, line = wanted < LARGE ? 64 : HUGE_PAGE;
        const size_t bytes = (wanted + line - 1) / line * line;
        if (!(data_ = (T*)std::aligned_alloc(line, bytes))) throw std::bad_alloc();
#if defined(__linux__)
        if (line == HUGE_PAGE) madvise((void*)data_, bytes, MADV_HUGEPAGE);
#endif
        if (of_zeros) std::memset((void*)data_, 0, bytes);
        size_ = size;
    }
    T* at_least(int64_t size) {  // room for so many, whose values do not matter
        if (size > size_) reset(size + size / 2, false);
        return data_;
    }
    T* data() { return data_; }
    const T* data() const { return data_; }
    int64_t size() const { return size_; }
    T& operator[](int64_t i) { return data_[i]; }
    const T& operator[](int64_t i) const { return data_[i]; }

private:
    static constexpr size_t HUGE_PAGE = 1 << 21, LARGE = 4 * HUGE_PAGE;
    T* data_ = nullptr;
    int64_t size_ = 0;
};
