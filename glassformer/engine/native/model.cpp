// The Transformer, row by row: the same formulas as glassformer/model/, in the same order.
#include "model.h"

#include <algorithm>
#include <cmath>

constexpr int ROWS_TOGETHER = 240;  // of a product, for one item of work: what the second-level cache holds

glassformer_model::glassformer_model(const Config& c, const glassformer_weights& w, const Kernels* kernels, int threads)
    : Workplace(kernels, threads), config(c), weights(w), encoder(w.encoder, w.encoder + w.encoder_layers),
      decoder(w.decoder, w.decoder + w.decoder_layers),
      heads{c.heads, c.heads / c.kv_heads, c.d_model / c.heads, std::sqrt((float)(c.d_model / c.heads))} {
    work.weights.resize(threads);
    work.places.resize(threads);
    work.logits.resize(threads);
    for (Array<float>& each : work.weights) each.reset((int64_t)c.heads * padded(c.max_length));
    for (auto& each : work.places) each.resize(2 * c.max_length);
}

Rows some(const Rows& rows, int first, int count) {
    Rows part = rows;
    part.count = count, part.numbers += first * rows.stride;
    if (rows.scales) part.scales += first;
    return part;
}

Rows Workplace::operands(const Matrix& w, const float* x, int64_t x_stride, int n) {
    if (!w.integers) return {n, x_stride * WORD, (const uint8_t*)x, nullptr};
    const int64_t stride = (int64_t)words(w) * WORD + LINE * WORD;  // no multiple of what the cache maps to one place
    uint8_t* bytes = work.bytes.at_least(n * stride);
    float* scales = work.scales.at_least(n);
    pool.run(n, (double)n * w.inputs, [&](int row, int) {
        kernels->quantize(x + row * x_stride, w.inputs, (int)stride, bytes + row * stride, scales + row);
    });
    return {n, stride, bytes, scales};
}

void Workplace::linear(const Matrix& w, const float* x, int64_t x_stride, int n, float* y, int64_t y_stride) {
    const Rows rows = operands(w, x, x_stride, n);
    // Each thread has some four parts, so that none waits long for another.
    const int all = panels(w), blocks = (n + ROWS_TOGETHER - 1) / ROWS_TOGETHER;
    const int parts = std::min(all, 4 * pool.threads());
    pool.run(parts * blocks, (double)n * w.inputs * w.outputs / 8, [&](int item, int) {
        const int block = item / parts, first = n * block / blocks, end = n * (block + 1) / blocks;
        const int panel = all * (item % parts) / parts, next = all * (item % parts + 1) / parts;
        kernels->product(w, panel, next - panel, some(rows, first, end - first), y + first * y_stride + panel * PANEL, y_stride);
    });
}

void glassformer_model::normalise(const Norm& norm, const float* x, float* y) const {
    if (config.rms_norm) kernels->rms_norm(x, norm.gain, config.d_model, config.norm_eps, y);
    else kernels->layer_norm(x, norm.gain, norm.bias, config.d_model, config.norm_eps, y);
}

// post (the paper): f(x); pre: f(norm(x)).
const float* glassformer_model::sublayer_input(const Norm& norm, const float* x, int n) {
    if (!config.pre_norm) return x;
    float* h = work.hidden.at_least((int64_t)n * stride());
    pool.run(n, 4. * n * stride(), [&](int row, int) { normalise(norm, x + row * stride(), h + row * stride()); });
    return h;
}

// post: norm(x + f(x)); pre: x + f(norm(x)).
void glassformer_model::add_and_norm(const Norm& norm, float* x, const float* fx, int n) {
    pool.run(n, 4. * n * stride(), [&](int row, int) {
        float* here = x + row * stride();
        kernels->add(here, fx + row * stride(), config.d_model);
        if (!config.pre_norm) normalise(norm, here, here);
    });
}

// One sublayer of attention; attend(projected, stride of its rows, mixed) is what lies between its two linear maps.
template <class Attend>
void glassformer_model::attention(const Matrix& project, const Matrix& output, const Norm& norm, float* x, int n,
                                  Attend attend) {
    const int64_t wide = room(project);
    float* projected = work.projected.at_least(n * wide);
    float* mixed = work.mixed.at_least((int64_t)n * stride());
    float* fx = work.inner.at_least((int64_t)n * stride());
    linear(project, sublayer_input(norm, x, n), stride(), n, projected, wide);
    attend(projected, wide, mixed);
    linear(output, mixed, stride(), n, fx, stride());
    add_and_norm(norm, x, fx, n);
}

// W_2 act(W_1 x), or W_2 (act(W_g x) * (W_1 x)), some rows at a time so that what is in between stays in the cache.
void glassformer_model::feed_forward(const Layer& layer, float* x, int n) {
    const int64_t wide = room(layer.inner);
    const float* h = sublayer_input(layer.feed_forward_norm, x, n);
    float* inner = work.inner.at_least(n * wide);
    float* out = work.mixed.at_least((int64_t)n * stride());
    linear(layer.inner, h, stride(), n, inner, wide);
    float* active = config.gated ? inner + config.d_ff : inner;  // the gate's outputs come after the inner ones
    pool.run(n, 8. * n * wide, [&](int row, int) {
        const float* times = config.gated ? inner + row * wide : nullptr;
        kernels->activate((Activation)config.activation, active + row * wide, times, config.d_ff);
    });
    linear(layer.outer, active, wide, n, out, stride());
    add_and_norm(layer.feed_forward_norm, x, out, n);
}

// E[id] * factor + PE[place].
void glassformer_model::embed(const Embedding& table, const int32_t* ids, int n, const int32_t* places, float* x) {
    const int d = config.d_model;
    const float factor = config.embedding_factor;
    for (int row = 0; row < n; ++row) {
        float* here = x + (int64_t)row * stride();
        const int64_t id = ids[row];
        if (const float* floats = table.floats)
            for (int i = 0; i < d; ++i) here[i] = floats[id * d + i] * factor;
        else
            for (int i = 0; i < d; ++i) here[i] = table.integers[id * d + i] * table.scales[id] * factor;
        if (table.positions) kernels->add(here, table.positions + (int64_t)places[row] * d, d);
    }
}

int Cache::add(int n, int length) {
    if (n > rows_ || length != length_ + 1 || used_ == RUN) {  // what has no place in the latest runs
        const int64_t each = (int64_t)2 * layers_ * part_;
        memory_.emplace_back().reset(n * each, false);
        for (int row = 0; row < n; ++row) runs_.push_back({memory_.back().data() + row * each, 0});
        rows_ = n, used_ = 0;
    }
    const int first = (int)runs_.size() - rows_;
    for (int row = 0; row < n; ++row) runs_[first + row].used = used_ + 1;
    length_ = length;
    return first * RUN + used_++;
}

glassformer_batch::glassformer_batch(glassformer_model& m, const int32_t* ids, const int32_t* each, int sources)
    : model(m), lengths(each, each + sources), memory(sources), cache((int)m.decoder.size(), m.config.kv_heads, m.width()) {
    for (int first = 0, last; first < sources; first = last) {
        int tokens = 0;
        for (last = first; last < sources && (last == first || tokens + lengths[last] <= ROWS_TOGETHER); ++last)
            tokens += lengths[last];
        encode(ids, first, last);
        ids += tokens;
    }
}

// The encoder, on the tokens of the sources [first, last) one after the other: no padding.
void glassformer_batch::encode(const int32_t* ids, int first, int last) {
    const Config& c = model.config;
    std::vector<int32_t> source_of, places;
    for (int source = first; source < last; ++source)
        for (int place = 0; place < lengths[source]; ++place) source_of.push_back(source - first), places.push_back(place);
    const int n = (int)places.size(), d = model.stride(), width = model.width();
    Array<float> x((int64_t)n * d);
    std::vector<SourceMemory> own(last - first);
    model.embed(model.weights.source, ids, n, places.data(), x.data());
    for (const Layer& layer : model.encoder) {
        const auto attend = [&](float* qkv, int64_t wide, float* mixed) {
            for (int row = 0; c.rotary && row < n; ++row)
                model.kernels->rotate(qkv + row * wide, c.heads + c.kv_heads, width, model.weights.turns + (int64_t)places[row] * width);
            for (int source = first, row = 0; source < last; row += lengths[source++])
                take_memory(own[source - first], qkv + row * wide + c.d_model, wide, lengths[source]);
            model.pool.run(n, 64. * n * d, [&](int row, int thread) {
                const int source = source_of[row];
                attend_memory(own[source], lengths[first + source], qkv + row * wide, mixed + row * d, thread, nullptr);
            });
        };
        model.attention(layer.query_key_value, layer.output, layer.attention_norm, x.data(), n, attend);
        model.feed_forward(layer, x.data(), n);
    }
    if (c.final_norm)
        for (int row = 0; row < n; ++row) model.normalise(model.weights.encoder_norm, &x[(int64_t)row * d], &x[(int64_t)row * d]);
    remember(x.data(), first, last);
}

// Cross-attention's keys and values, once for each source.
void glassformer_batch::remember(const float* x, int first, int last) {
    const int kv = model.kv_width(), d = model.stride();
    const int64_t wide = padded(2 * kv, PANEL);
    int n = 0;
    for (int source = first; source < last; ++source) n += lengths[source], memory[source].resize(model.decoder.size());
    float* projected = model.work.projected.at_least(n * wide);
    for (int layer = 0; layer < (int)model.decoder.size(); ++layer) {
        model.linear(model.decoder[layer].cross_key_value, x, d, n, projected, wide);
        for (int source = first, row = 0; source < last; row += lengths[source++])
            take_memory(memory[source][layer], projected + row * wide, wide, lengths[source]);
    }
}

void glassformer_batch::take_memory(SourceMemory& to, const float* keys_values, int64_t stride, int length) const {
    const int kv = model.kv_width(), width = model.width();
    if (!to.keys.size()) to.keys.reset((int64_t)kv * length + LINE, false), to.values.reset((int64_t)kv * length, false);
    float *keys = to.keys.data(), *values = to.values.data();
    for (int head = 0; head < model.config.kv_heads; ++head, keys += width * length, values += width * length)
        for (int place = 0; place < length; ++place) {
            const float* from = keys_values + place * stride + head * width;
            const int line = place / LINE * LINE, wide = std::min(length - line, LINE);
            float* k = keys + line * width + place - line;
            for (int column = 0; column < width; ++column) k[column * wide] = from[column];
            std::memcpy(values + place * width, from + kv, width * sizeof(float));
        }
}

// Where `attended` is not null, each head adds its share of the mean over all layers and heads.
void glassformer_batch::attend_memory(const SourceMemory& of, int length, const float* q, float* y, int thread,
                                      float* attended) const {
    float* weights = model.work.weights[thread].data();
    model.kernels->attend_source(model.heads, q, of.keys.data(), of.values.data(), length, weights, y);
    for (int head = 0; attended && head < model.heads.count; ++head, weights += padded(length))
        for (int s = 0; s < length; ++s) attended[s] += weights[s] / (model.heads.count * (int)model.decoder.size());
}

// To the slots of a row's past and its own.
void glassformer_batch::attend_past(int layer, const float* q, const int32_t* slots, int length, int own, float* y,
                                    int thread) {
    const float **keys = model.work.places[thread].data(), **values = keys + model.config.max_length;
    for (int t = 0; t <= length; ++t) {
        const int slot = t < length ? slots[t] : own;
        keys[t] = cache.keys(layer, slot);
        values[t] = cache.values(layer, slot);
    }
    model.kernels->attend_past(model.heads, q, keys, values, cache.head_stride(), length + 1,
                               model.work.weights[thread].data(), y);
}

void glassformer_batch::step(int n, const int32_t* tokens, const int32_t* sources, const int32_t* slots, int length,
                             int32_t* own, float* attended, int across) {
    const Config& c = model.config;
    const int d = model.stride(), width = model.width(), kv = model.kv_width();
    const int first = cache.add(n, length);
    for (int row = 0; row < n; ++row) own[row] = first + row * Cache::RUN;
    const std::vector<int32_t> places(n, length);
    float* x = hidden.at_least((int64_t)n * d);
    rows = n;
    source_of.assign(sources, sources + n);
    if (attended) std::memset(attended, 0, (size_t)n * across * sizeof(float));
    model.embed(model.weights.target, tokens, n, places.data(), x);
    for (int number = 0; number < (int)model.decoder.size(); ++number) {
        const Layer& layer = model.decoder[number];
        const auto attend_to_past = [&](float* qkv, int64_t wide, float* mixed) {
            model.pool.run(n, 2. * n * d * (length + 1), [&](int row, int thread) {
                float* q = qkv + row * wide;
                if (c.rotary) model.kernels->rotate(q, c.heads + c.kv_heads, width, model.weights.turns + (int64_t)length * width);
                for (int head = 0; head < c.kv_heads; ++head) {
                    const float* k = q + c.d_model + head * width;
                    std::memcpy(cache.keys(number, own[row]) + head * cache.head_stride(), k, width * sizeof(float));
                    std::memcpy(cache.values(number, own[row]) + head * cache.head_stride(), k + kv, width * sizeof(float));
                }
                attend_past(number, q, slots + (int64_t)row * length, length, own[row], mixed + row * d, thread);
            });
        };
        const auto attend_to_source = [&](float* q, int64_t wide, float* mixed) {
            model.pool.run(n, 64. * n * d, [&](int row, int thread) {
                const int source = sources[row];
                attend_memory(memory[source][number], lengths[source], q + row * wide, mixed + row * d, thread,
                              attended ? attended + (int64_t)row * across : nullptr);
            });
        };
        model.attention(layer.query_key_value, layer.output, layer.attention_norm, x, n, attend_to_past);
        model.attention(layer.cross_query, layer.cross_output, layer.cross_norm, x, n, attend_to_source);
        model.feed_forward(layer, x, n);
    }
    if (c.final_norm)
        for (int row = 0; row < n; ++row) model.normalise(model.weights.decoder_norm, x + row * d, x + row * d);
}
