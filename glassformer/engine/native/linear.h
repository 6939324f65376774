// The model's linear maps: a product, shared out among threads.
#pragma once
#include <algorithm>

#include "kernels.h"
#include "memory.h"
#include "threads.h"

constexpr int ROWS_TOGETHER = 240;  // of a product, for one item of work: what the second-level cache holds

inline Rows some(Rows rows, int first, int count) {  // `count` of them from `first` on
    rows.count = count, rows.numbers += first * rows.stride;
    if (rows.scales) rows.scales += first;
    return rows;
}

struct Workplace {
    Workplace(const Kernels* kernels, int threads) : kernels(kernels), pool(threads) {}

    // n rows of x as the products with W read them: floats, or rounded to bytes.
    Rows operands(const Matrix& w, const float* x, int64_t x_stride, int n) {
        if (!w.integers) return {n, x_stride * WORD, (const uint8_t*)x, nullptr};
        const int64_t stride = (int64_t)words(w) * WORD + LINE * WORD;  // no multiple of what the cache maps to one place
        uint8_t* to = bytes.at_least(n * stride);
        float* scale = scales.at_least(n);
        pool.run(n, (double)n * w.inputs, [&](int row, int) {
            kernels->quantize(x + row * x_stride, w.inputs, (int)stride, to + row * stride, scale + row);
        });
        return {n, stride, to, scale};
    }

    // y = x W^T + b for n rows, written to `to`, each of them with room for whole panels; returns the first.
    float* linear(const Matrix& w, const float* x, int64_t x_stride, int n, Array<float>& to) {
        const Rows rows = operands(w, x, x_stride, n);
        const int64_t y_stride = room(w);
        float* y = to.at_least(n * y_stride);
        // Each thread has some four parts, so that none waits long for another.
        const int all = panels(w), blocks = (n + ROWS_TOGETHER - 1) / ROWS_TOGETHER;
        const int parts = std::min(all, 4 * pool.threads());
        pool.run(parts * blocks, (double)n * w.inputs * w.outputs / 8, [&](int item, int) {
            const int block = item / parts, first = n * block / blocks, end = n * (block + 1) / blocks;
            const int panel = all * (item % parts) / parts, next = all * (item % parts + 1) / parts;
            float* here = y + first * y_stride + panel * PANEL;
            kernels->product(w, panel, next - panel, some(rows, first, end - first), here, y_stride);
        });
        return y;
    }

    const Kernels* kernels;
    Pool pool;

private:
    Array<uint8_t> bytes;
    Array<float> scales;
};
