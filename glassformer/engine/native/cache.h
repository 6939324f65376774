// What attention reads: keys and values of a source, and those of all tokens that the decoder has read.
#pragma once
#include <cstring>
#include <vector>

#include "kernels.h"
#include "memory.h"

// The keys and values of one source in one layer, as attention.h has them. Given are rows of a key and a value each.
struct SourceMemory {
    SourceMemory() = default;
    SourceMemory(const float* rows, int64_t stride, int length, int kv_heads, int width)
        : keys((int64_t)kv_heads * width * padded(length)), values((int64_t)kv_heads * width * length) {
        std::fill_n(keys.data(), (int64_t)kv_heads * width * padded(length), 0.f);
        for (int head = 0; head < kv_heads; ++head)
            for (int place = 0; place < length; ++place) {
                const float* from = rows + place * stride + head * width;
                float* k = &keys[((int64_t)head * padded(length) + place / LINE * LINE) * width + place % LINE];
                for (int column = 0; column < width; ++column) k[column * LINE] = from[column];
                float* v = &values[((int64_t)head * length + place) * width];
                std::memcpy(v, from + kv_heads * width, width * sizeof(float));
            }
    }
    Array<float> keys, values;
};

// Self-attention's keys and values of every token that was read, in slots that never move. A row of the search has a
// table of the slots of its past, its ancestors: to reorder a beam is to copy such tables, never keys or values.
// The slots of a row's consecutive positions are a run, [layer][keys' heads, then values'][slot][column], which is read from
// end to end.
class Cache {
public:
    static constexpr int RUN = 16;  // slots
    Cache(int layers, int kv_heads, int width)
        : head(RUN * width), layer(2 * kv_heads * head), run_(layers * layer), width_(width) {}

    // Slots for n rows that have `length` before; returns the first, the next is RUN behind.
    int add(int n, int length) {
        if (n > rows_ || length != length_ + 1 || used_ == RUN) {  // what has no place in the latest runs
            memory_.emplace_back(n * run_);
            for (int row = 0; row < n; ++row) runs_.push_back({&memory_.back()[row * run_], 0});
            rows_ = n, used_ = 0;
        }
        const int first = (int)runs_.size() - rows_;
        for (int row = 0; row < n; ++row) runs_[first + row].used = used_ + 1;
        length_ = length;
        return first * RUN + used_++;
    }
    int size() const { return (int)runs_.size() * RUN; }
    bool has(int slot) const { return slot >= 0 && slot < size() && slot % RUN < runs_[slot / RUN].used; }
    float* at(int slot) const { return runs_[slot / RUN].memory + slot % RUN * width_; }  // its first key in the first layer

    const int64_t head, layer;  // from one to the next

private:
    struct Run {
        float* memory;
        int used;
    };
    int64_t run_;  // numbers of a run
    int width_;
    int rows_ = 0, length_ = 0, used_ = 0;  // of the latest runs
    std::vector<Run> runs_;
    std::vector<Array<float>> memory_;
};
