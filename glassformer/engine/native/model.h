// The model's matrices, and the order in which encoder and decoder use them.
#pragma once
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels.h"
#include "memory.h"
#include "threads.h"

using Config = glassformer_config;

struct Refused : std::runtime_error {  // what the caller handed over cannot be used
    using std::runtime_error::runtime_error;
};

using Norm = glassformer_norm;
using Layer = glassformer_layer;
using Task = glassformer_task;
using Embedding = glassformer_embedding;

// What a layer computes in between; kept, so that no step asks for memory.
struct Buffers {
    Array<float> mixed, hidden, projected, inner, scales;
    Array<uint8_t> bytes;
    std::vector<Array<float>> weights;              // of attention, one for each thread
    std::vector<std::vector<const float*>> places;  // keys and values of a past, one for each thread
    std::vector<Array<float>> logits;               // of a chunk of the vocabulary, one for each thread
};

struct Workplace {
    Workplace(const Kernels* kernels, int threads) : kernels(kernels), pool(threads) {}

    // n rows of x as the products with W read them: floats, or rounded to bytes.
    Rows operands(const Matrix& w, const float* x, int64_t x_stride, int n);
    // y = x W^T + b for n rows, each of which has room for whole panels.
    void linear(const Matrix& w, const float* x, int64_t x_stride, int n, float* y, int64_t y_stride);

    const Kernels* kernels;
    Pool pool;
    Buffers work;
};

Rows some(const Rows& rows, int first, int count);  // `count` of them from `first` on

struct glassformer_model : Workplace {
    glassformer_model(const Config&, const glassformer_weights&, const Kernels*, int threads);

    const float* sublayer_input(const Norm& norm, const float* x, int n);
    void add_and_norm(const Norm& norm, float* x, const float* fx, int n);  // x becomes x + fx, and the norm around it
    template <class Attend>
    void attention(const Matrix& project, const Matrix& output, const Norm& norm, float* x, int n, Attend attend);
    void feed_forward(const Layer& layer, float* x, int n);
    void normalise(const Norm& norm, const float* x, float* y) const;
    void embed(const Embedding& table, const int32_t* ids, int n, const int32_t* places, float* x);

    int width() const { return heads.width; }
    int kv_width() const { return config.kv_heads * width(); }
    int stride() const { return padded(config.d_model, PANEL); }  // from one row of x to the next

    const Config config;
    const glassformer_weights weights;
    const std::vector<Layer> encoder, decoder;
    const Heads heads;
    std::mutex busy;
};

// What cross-attention reads of one source in one layer, as attention.h has it.
struct SourceMemory {
    Array<float> keys, values;
};

// Self-attention's keys and values of every token that was read, in slots that never move. A row of the search has a
// table of the slots of its past, its ancestors: to reorder a beam is to copy such tables, never keys or values.
// The slots of a row's consecutive positions are a run, [keys or values of a layer][head][slot][column], which is read
// from end to end.
class Cache {
public:
    static constexpr int RUN = 16;  // slots
    Cache(int layers, int kv_heads, int width) : layers_(layers), width_(width), part_(RUN * kv_heads * width) {}
    int add(int n, int length);  // slots for n rows that have `length` before; returns the first, the next is RUN behind
    int size() const { return (int)runs_.size() * RUN; }
    bool has(int slot) const { return slot >= 0 && slot < size() && slot % RUN < runs_[slot / RUN].used; }
    int head_stride() const { return RUN * width_; }
    float* keys(int layer, int slot) { return place(2 * layer, slot); }
    float* values(int layer, int slot) { return place(2 * layer + 1, slot); }

private:
    struct Run {
        float* memory;
        int used;
    };
    float* place(int part, int slot) { return runs_[slot / RUN].memory + (int64_t)part * part_ + slot % RUN * width_; }
    int layers_, width_, part_;
    int rows_ = 0, length_ = 0, used_ = 0;  // of the latest runs
    std::vector<Run> runs_;
    std::vector<Array<float>> memory_;
};

// The tokens that may come in the translation of one source, in ascending order, and their places in the matrix that
// has the outputs of all sources' tokens.
struct Shortlist {
    std::vector<int32_t> ids, places;
};

// Some outputs of a matrix, packed again.
struct Selection {
    Selection(const Matrix& w, const std::vector<int32_t>& outputs);
    Array<uint8_t> numbers;
    Array<float> scales, bias;
    Array<int32_t> sums;
    Matrix matrix;
};

struct glassformer_batch {
    glassformer_batch(glassformer_model& model, const int32_t* ids, const int32_t* lengths, int sources);

    void step(int n, const int32_t* tokens, const int32_t* sources, const int32_t* slots, int length, int32_t* own,
              float* attended, int across);
    void shorten(const int32_t* ids, const int32_t* each);
    // Refused if a number is NaN.
    void best(int count, const uint8_t* forbidden, int32_t* ids, float* log_probs);
    void log_probs_of(const int32_t* tokens, float* log_probs);
    void log_probs(float* log_probs);
    void search(const Task& task);  // Refused ("stuck") if all tokens are forbidden after some path

    glassformer_model& model;
    std::vector<int> lengths;                          // of each source
    std::vector<std::vector<SourceMemory>> memory;     // [source][layer]
    Cache cache;
    std::vector<Shortlist> shortlists;                 // [source]; none where all tokens may come
    std::unique_ptr<Selection> short_generator;        // the outputs of all of them
    int rows = 0;                                      // of the latest step
    std::vector<int32_t> source_of;                    // [row] of it
    Array<float> hidden;                               // its output, before the generator

private:
    void best_of_few(int count, const uint8_t* forbidden, int32_t* ids, float* log_probs);
    void encode(const int32_t* ids, int first, int last);
    void remember(const float* x, int first, int last);
    void take_memory(SourceMemory& to, const float* keys_values, int64_t stride, int length) const;
    void attend_memory(const SourceMemory& of, int length, const float* q, float* y, int thread, float* attended) const;
    void attend_past(int layer, const float* q, const int32_t* slots, int length, int own, float* y, int thread);
};
