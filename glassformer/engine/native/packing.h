// Weight matrices in the order in which a product reads them.
//
//     W, a row for each output:      packed, a panel of 32 outputs at a time:
//
//     o0   i0 i1 i2 i3 i4 ...        panel 0   i0..i3 of o0, of o1, ... of o31      one after the other,
//     o1   i0 i1 i2 i3 i4 ...                  i4..i7 of o0, of o1, ... of o31      as they are needed
//     ...                            panel 1   i0..i3 of o32, ...
//
// One load brings the same inputs of several outputs, which one instruction multiplies by the same four numbers of x.
// Floats are packed alike, an input at a time: a word is a float, or the integers of four inputs. Outputs that do not
// exist, up to a whole panel, are zero.
#pragma once
#include <vector>

#include "interface.h"
#include "kernels.h"
#include "memory.h"

struct Matrix {
    Array<uint8_t> numbers;
    Array<float> scales, bias;
    Array<int32_t> sums;
    int outputs = 0, inputs = 0;
    bool integers = false;

    Matrix() = default;
    Matrix(int outputs, int inputs, bool integers) : outputs(outputs), inputs(inputs), integers(integers) {
        const int64_t rows = (int64_t)panels() * PANEL;
        bias.reset(rows), scales.reset(rows), sums.reset(rows), numbers.reset(rows * words() * WORD);
    }
    Packed packed() const {
        return {outputs, words(), integers, numbers.data(), scales.data(), sums.data(), bias.data()};
    }
    int panels() const { return (outputs + PANEL - 1) / PANEL; }
    int words() const { return integers ? (inputs + GROUP - 1) / GROUP : inputs; }  // of a row

    // Where a word of output o stands.
    int64_t place(int o, int word) const { return (((int64_t)(o / PANEL) * words() + word) * PANEL + o % PANEL) * WORD; }

    void pack_row(int o, const glassformer_weight& w, int row) {
        const int64_t first = (int64_t)row * inputs;
        for (int i = 0; !integers && i < inputs; ++i) std::memcpy(&numbers[place(o, i)], w.floats + first + i, WORD);
        for (int i = 0; integers && i < inputs; ++i) {
            numbers[place(o, i / GROUP) + i % GROUP] = (uint8_t)w.integers[first + i];
            sums[o] += w.integers[first + i];
        }
        if (integers) scales[o] = w.scales[row];
    }
};

// Several matrices of the same inputs, with their biases (null where they have none), as one.
inline Matrix pack(const std::vector<const glassformer_weight*>& weights,
                   const std::vector<const glassformer_weight*>& biases) {
    int outputs = 0;
    for (const glassformer_weight* w : weights) outputs += (int)w->rows;
    Matrix m(outputs, (int)weights[0]->columns, weights[0]->integers);
    for (int part = 0, o = 0; part < (int)weights.size(); ++part)
        for (int row = 0; row < weights[part]->rows; ++row, ++o) {
            m.pack_row(o, *weights[part], row);
            if (biases[part]) m.bias[o] = biases[part]->floats[row];
        }
    return m;
}

// The matrix with only these outputs, in this order.
inline Matrix chosen(const Matrix& w, const std::vector<int32_t>& outputs) {
    Matrix m((int)outputs.size(), w.inputs, w.integers);
    for (int to = 0; to < m.outputs; ++to) {
        const int from = outputs[to];
        m.bias[to] = w.bias[from], m.scales[to] = w.scales[from], m.sums[to] = w.sums[from];
        for (int word = 0; word < w.words(); ++word)
            std::memcpy(&m.numbers[m.place(to, word)], &w.numbers[w.place(from, word)], WORD);
    }
    return m;
}
