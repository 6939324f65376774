// Weight matrices in the order in which a product reads them.
//
//     W, a row for each output:      packed, a panel of 64 outputs at a time:
//
//     o0   i0 i1 i2 i3 i4 ...        panel 0   i0..i3 of o0, of o1, ... of o63      one after the other,
//     o1   i0 i1 i2 i3 i4 ...                  i4..i7 of o0, of o1, ... of o63      as they are needed
//     ...                            panel 1   i0..i3 of o64, ...
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

    void pack_row(int o, const glassformer_weight& w, int row) {
        const int64_t panel = o / PANEL, place = o % PANEL, groups = row_bytes() / GROUP;
        if (w.floats) {
            for (int i = 0; i < inputs; ++i)
                floats[(panel * inputs + i) * PANEL + place] = w.floats[(int64_t)row * inputs + i];
            return;
        }
        const int8_t* from = w.integers + (int64_t)row * inputs;
        for (int64_t group = 0; group < groups; ++group) {
            int8_t* to = &integers[((panel * groups + group) * PANEL + place) * GROUP];
            for (int i = (int)group * GROUP; i < inputs && i < (group + 1) * GROUP; ++i) sums[o] += *to++ = from[i];
        }
        scales[o] = w.scales[row];
    }
};

// Several matrices of the same inputs, with their biases (null where they have none), as one.
inline Matrix pack(const std::vector<const glassformer_weight*>& weights,
                   const std::vector<const glassformer_weight*>& biases) {
    Matrix m;
    m.inputs = (int)weights[0]->columns;
    for (const glassformer_weight* w : weights) m.outputs += (int)w->rows;
    const int64_t rows = (int64_t)m.panels() * PANEL;
    m.bias.reset(rows);
    m.scales.reset(rows);
    m.sums.reset(rows);
    if (weights[0]->integers) m.integers.reset(rows * m.row_bytes());
    else m.floats.reset(rows * m.inputs);
    for (int part = 0, o = 0; part < (int)weights.size(); ++part)
        for (int row = 0; row < weights[part]->rows; ++row, ++o) {
            m.pack_row(o, *weights[part], row);
            if (biases[part]) m.bias[o] = biases[part]->floats[row];
        }
    return m;
}
