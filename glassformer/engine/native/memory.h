// Numbers that begin at a cache line.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

template <class T>
class Array {  // of zeros at first
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
        const size_t bytes = ((size_t)size * sizeof(T) + 63) / 64 * 64 + 64;
        if (!(data_ = (T*)std::aligned_alloc(64, bytes))) throw std::bad_alloc();
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
    T* data_ = nullptr;
    int64_t size_ = 0;
};
