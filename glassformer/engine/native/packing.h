// Weight matrices in the order in which a product reads them.
//
//     W, a row for each output:      packed, a panel of 32 outputs at a time:
//
//     o0   i0 i1 i2 i3 i4 ...        panel 0   i0..i3 of o0, of o1, ... of o63      one after the other,
//     o1   i0 i1 i2 i3 i4 ...                  i4..i7 of o0, of o1, ... of o63      as they are needed
//     ...                            panel 1   i0..i3 of o32, ...
//
// One load brings the same inputs of several outputs, which one instruction multiplies by the same four numbers of x.
// Floats are packed alike, an input at a time. Outputs that do not exist, up to a whole panel, are zero.
#pragma once
#include <vector>

#include "interface.h"
#include "kernels.h"
#include "memory.h"

struct Matrix {
    Array<int8_t> integers;
    Array<float> floats, scales, bias;
    Array<int32_t> sums;
    int outputs = 0, inputs = 0;

    Packed packed() const {
        return {outputs, inputs, integers.data(), floats.data(), scales.data(), sums.data(), bias.data()};
    }
    int panels() const { return (outputs + PANEL - 1) / PANEL; }
    int row_bytes() const { return padded(inputs, GROUP); }

    void make_room(bool of_integers) {
        const int64_t rows = (int64_t)panels() * PANEL;
        bias.reset(rows), scales.reset(rows), sums.reset(rows);
        if (of_integers) integers.reset(rows * row_bytes());
        else floats.reset(rows * inputs);
    }

    // Where input i of output o stands.
    int64_t float_at(int o, int i) const { return ((int64_t)(o / PANEL) * inputs + i) * PANEL + o % PANEL; }
    int64_t integer_at(int o, int i) const {
        return (((int64_t)(o / PANEL) * row_bytes() + i / GROUP * GROUP) * PANEL) + o % PANEL * GROUP + i % GROUP;
    }

    void pack_row(int o, const glassformer_weight& w, int row) {
        const int64_t first = (int64_t)row * inputs;
        for (int i = 0; w.floats && i < inputs; ++i) floats[float_at(o, i)] = w.floats[first + i];
        for (int i = 0; w.integers && i < inputs; ++i) sums[o] += integers[integer_at(o, i)] = w.integers[first + i];
        if (w.integers) scales[o] = w.scales[row];
    }
};

// Several matrices of the same inputs, with their biases (null where they have none), as one.
inline Matrix pack(const std::vector<const glassformer_weight*>& weights,
                   const std::vector<const glassformer_weight*>& biases) {
    Matrix m;
    m.inputs = (int)weights[0]->columns;
    for (const glassformer_weight* w : weights) m.outputs += (int)w->rows;
    m.make_room(weights[0]->integers);
    for (int part = 0, o = 0; part < (int)weights.size(); ++part)
        for (int row = 0; row < weights[part]->rows; ++row, ++o) {
            m.pack_row(o, *weights[part], row);
            if (biases[part]) m.bias[o] = biases[part]->floats[row];
        }
    return m;
}

// The matrix with only these outputs, in this order.
inline Matrix chosen(const Matrix& w, const std::vector<int32_t>& outputs) {
    Matrix m;
    m.inputs = w.inputs, m.outputs = (int)outputs.size();
    m.make_room(w.integers.size());
    for (int to = 0; to < m.outputs; ++to) {
        const int from = outputs[to];
        m.bias[to] = w.bias[from], m.scales[to] = w.scales[from], m.sums[to] = w.sums[from];
        for (int i = 0; w.integers.size() && i < w.inputs; i += GROUP)
            std::memcpy(&m.integers[m.integer_at(to, i)], &w.integers[w.integer_at(from, i)], GROUP);
        for (int i = 0; w.floats.size() && i < w.inputs; ++i) m.floats[m.float_at(to, i)] = w.floats[w.float_at(from, i)];
    }
    return m;
}
