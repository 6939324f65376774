// The arithmetic of the engine, as a table of functions: one table for each instruction set, made from one source.
//
// kernels.cpp is compiled once for each of them, with other flags; dispatch.cpp says which of the tables the
// processor can run. This header is included by code of every instruction set, so it must hold no function that the
// linker could share.
#pragma once
#include <cstdint>

#include "interface.h"

constexpr int PANEL = 32;  // outputs that are computed together
constexpr int GROUP = 4;   // inputs whose eight-bit products one instruction adds up
constexpr int WORD = 4;    // bytes of a float, or of the integers of a group
constexpr int LINE = 16;   // floats of a cache line

static constexpr int padded(int n, int to = LINE) { return (n + to - 1) / to * to; }  // up to a whole line

enum Activation { RELU, GELU, SILU };

using Matrix = glassformer_matrix;

static constexpr int panels(const Matrix& w) { return (w.outputs + PANEL - 1) / PANEL; }
static constexpr int room(const Matrix& w) { return panels(w) * PANEL; }  // the room of a row of its outputs
static constexpr int words(const Matrix& w) { return w.integers ? (w.inputs + GROUP - 1) / GROUP : w.inputs; }  // of a row

// Rows that are to be multiplied, of floats or of integers to which `OFFSET` is added, for instructions that take
// unsigned bytes.
struct Rows {
    int count;
    int64_t stride;           // bytes from one row to the next
    const uint8_t* numbers;
    const float* scales;      // [row]; null for floats
};

// Heads of attention: `shared` next to each other have the same keys and values.
struct Heads {
    int count, shared, width;
    float divisor;            // of the scores
};

// A token that may come next.
struct Candidate {
    float logit;
    int32_t id;
};

struct Kernels {
    const char* name;
    void (*quantize)(const float* x, int n, int padded, uint8_t* bytes, float* scale);
    void (*product)(const Matrix& w, int first_panel, int panels, const Rows& x, float* y, int64_t y_stride);
    void (*normalise)(bool rms, const float* x, const float* gain, const float* bias, int n, float eps, float* y);
    void (*add)(float* x, const float* y, int n);
    void (*activate)(Activation kind, float* x, const float* times, int n);
    void (*rotate)(float* x, int heads, int width, const float* turns);
    void (*attend_source)(const Heads& heads, const float* q, const float* keys, const float* values, int length,
                          float* weights, float* y);
    void (*attend_past)(const Heads& heads, const float* q, const float* const* past, int64_t keys, int64_t stride,
                        int length, float* weights, float* y);
    float (*sum_exponentials)(const float* x, int n, float* largest, float* to);
    void (*keep_best)(const float* logits, int n, const int32_t* ids, int first_id, const uint8_t* forbidden, int count,
                      Candidate* best);
};
