// The Transformer, row by row: the same formulas as glassformer/model/, in the same order.
#include "model.h"

#include <algorithm>
#include <cmath>

using Weights = std::map<std::string, const glassformer_weight*>;

namespace {

constexpr int ROWS_TOGETHER = 240;  // of a product, for one item of work: what the second-level cache holds

// Finds weights by name, and refuses what is missing or of another shape.
class Reader {
public:
    Reader(const Weights& weights, bool integers) : weights_(weights), integers_(integers) {}

    const glassformer_weight* find(const std::string& name, int64_t rows, int64_t columns) const {
        const auto found = weights_.find(name);
        if (found == weights_.end()) return nullptr;
        const glassformer_weight& w = *found->second;
        if (w.rows != rows || w.columns != columns) throw Refused("tensor '" + name + "' has another shape");
        return &w;
    }
    const glassformer_weight* matrix(const std::string& name, int64_t rows, int64_t columns) const {
        const glassformer_weight* w = find(name, rows, columns);
        if (!w) throw Refused("tensor '" + name + "' is missing");
        if (integers_ ? !w->integers || !w->scales : !w->floats) throw Refused("tensor '" + name + "' is of another type");
        return w;
    }
    const glassformer_weight* vector(const std::string& name, int64_t n) const {
        const glassformer_weight* w = find(name, 1, n);
        if (w && !w->floats) throw Refused("tensor '" + name + "' is of another type");
        return w;
    }
    // The linear maps with these names and numbers of outputs, as one matrix.
    Matrix linear(const std::vector<std::pair<std::string, int>>& parts, int inputs) const {
        std::vector<const glassformer_weight*> weights, biases;
        for (const auto& [name, outputs] : parts) {
            weights.push_back(matrix(name + ".weight", outputs, inputs));
            biases.push_back(vector(name + ".bias", outputs));
        }
        return pack(weights, biases);
    }
    Norm norm(const std::string& name, int n) const {
        Norm norm{Array<float>(n), Array<float>(n)};
        const glassformer_weight *gain = vector(name + ".weight", n), *bias = vector(name + ".bias", n);
        if (!gain) throw Refused("tensor '" + name + ".weight' is missing");
        std::memcpy(norm.gain.data(), gain->floats, n * sizeof(float));
        if (bias) std::memcpy(norm.bias.data(), bias->floats, n * sizeof(float));
        return norm;
    }

private:
    const Weights& weights_;
    bool integers_;
};

void read_layer(const Reader& read, const Config& c, const std::string& name, EncoderLayer& layer) {
    const int d = c.d_model, kv = c.kv_heads * (d / c.heads);
    const std::string attention = name + ".self_attention", feed_forward = name + ".feed_forward";
    layer.query_key_value =
        read.linear({{attention + ".query", d}, {attention + ".key", kv}, {attention + ".value", kv}}, d);
    layer.output = read.linear({{attention + ".output", d}}, d);
    layer.attention_norm = read.norm(name + ".self_attention_norm.norm", d);
    layer.feed_forward_norm = read.norm(name + ".feed_forward_norm.norm", d);
    std::vector<std::pair<std::string, int>> inner = {{feed_forward + ".inner", c.d_ff}};
    if (c.gated) inner.push_back({feed_forward + ".gate", c.d_ff});
    layer.feed_forward.inner = read.linear(inner, d);
    layer.feed_forward.outer = read.linear({{feed_forward + ".outer", d}}, c.d_ff);
}

void read_cross(const Reader& read, const Config& c, const std::string& name, DecoderLayer& layer) {
    const int d = c.d_model, kv = c.kv_heads * (d / c.heads);
    const std::string attention = name + ".cross_attention";
    layer.cross_query = read.linear({{attention + ".query", d}}, d);
    layer.cross_key_value = read.linear({{attention + ".key", kv}, {attention + ".value", kv}}, d);
    layer.cross_output = read.linear({{attention + ".output", d}}, d);
    layer.cross_norm = read.norm(name + ".cross_attention_norm.norm", d);
}

Array<float> copy(const float* from, int64_t size) {
    Array<float> to(from ? size : 0);
    if (from) std::memcpy(to.data(), from, size * sizeof(float));
    return to;
}

}  // namespace

void Table::row(int id, float factor, int n, float* x) const {
    if (weight.floats)
        for (int i = 0; i < n; ++i) x[i] = weight.floats[(int64_t)id * n + i] * factor;
    else
        for (int i = 0; i < n; ++i) x[i] = weight.integers[(int64_t)id * n + i] * weight.scales[id] * factor;
}

glassformer_model::glassformer_model(const Config& c, const Weights& weights, const Kernels* kernels, int threads)
    : Workplace(kernels, threads), config(c),
      heads{c.heads, c.heads / c.kv_heads, c.d_model / c.heads, std::sqrt((float)(c.d_model / c.heads))} {
    const auto first = weights.find("generator.weight");
    const auto table = weights.find("target_embedding.token.weight");
    if (table == weights.end()) throw Refused("tensor 'target_embedding.token.weight' is missing");
    const Reader read(weights, table->second->integers);
    target_table.weight = *read.matrix("target_embedding.token.weight", c.vocabulary, c.d_model);
    source_table.weight = c.source_vocabulary
                              ? *read.matrix("source_embedding.token.weight", c.source_vocabulary, c.d_model)
                              : target_table.weight;
    generator = first == weights.end()
                    ? pack({&target_table.weight}, {read.vector("generator.bias", c.vocabulary)})
                    : read.linear({{"generator", c.vocabulary}}, c.d_model);
    for (int i = 0; i < c.encoder_layers; ++i)  // no memory for layers whose weights are not there
        read_layer(read, c, "encoder." + std::to_string(i), encoder.emplace_back());
    for (int i = 0; i < c.decoder_layers; ++i) {
        read_layer(read, c, "decoder." + std::to_string(i), decoder.emplace_back());
        read_cross(read, c, "decoder." + std::to_string(i), decoder.back());
    }
    if (c.final_norm) {
        encoder_norm = read.norm("encoder_norm", c.d_model);
        decoder_norm = read.norm("decoder_norm", c.d_model);
    }
    work.weights.resize(threads);
    work.places.resize(threads);
    work.logits.resize(threads);
    for (Array<float>& each : work.weights) each.reset((int64_t)c.heads * padded(c.max_length));
    for (auto& each : work.places) each.resize(2 * c.max_length);
}

void glassformer_model::set_positions(const float* source, const float* target, const float* cosines_sines) {
    source_table.positions = copy(source, (int64_t)config.max_length * config.d_model);
    target_table.positions = copy(target, (int64_t)config.max_length * config.d_model);
    turns = copy(cosines_sines, (int64_t)config.max_length * width());
}

Rows some(const Rows& rows, int first, int count) {
    Rows part = rows;
    part.count = count;
    if (rows.bytes) part.bytes += first * rows.stride, part.scales += first;
    else part.floats += first * rows.stride;
    return part;
}

Rows Workplace::operands(const Matrix& w, const float* x, int64_t x_stride, int n) {
    if (!w.integers.size()) return {n, x_stride, x, nullptr, nullptr};
    const int64_t stride = w.row_bytes();
    uint8_t* bytes = work.bytes.at_least(n * stride);
    float* scales = work.scales.at_least(n);
    pool.run(n, (double)n * w.inputs, [&](int row, int) {
        kernels->quantize(x + row * x_stride, w.inputs, (int)stride, bytes + row * stride, scales + row);
    });
    return {n, stride, nullptr, bytes, scales};
}

void Workplace::linear(const Matrix& w, const float* x, int64_t x_stride, int n, float* y, int64_t y_stride) {
    const Rows rows = operands(w, x, x_stride, n);
    const int panels = w.panels(), blocks = (n + ROWS_TOGETHER - 1) / ROWS_TOGETHER;
    pool.run(panels * blocks, (double)n * w.inputs * w.outputs / 8, [&](int item, int) {
        const int first = item / panels * ROWS_TOGETHER, panel = item % panels;
        kernels->product(w.packed(), panel, 1, some(rows, first, std::min(n - first, ROWS_TOGETHER)),
                         y + first * y_stride + panel * PANEL, y_stride);
    });
}

void glassformer_model::normalise(const Norm& norm, const float* x, float* y) const {
    if (config.rms_norm) kernels->rms_norm(x, norm.gain.data(), config.d_model, config.norm_eps, y);
    else kernels->layer_norm(x, norm.gain.data(), norm.bias.data(), config.d_model, config.norm_eps, y);
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

// W_2 act(W_1 x), or W_2 (act(W_g x) * (W_1 x)), some rows at a time so that what is in between stays in the cache.
void glassformer_model::feed_forward(const EncoderLayer& layer, float* x, int n) {
    const FeedForward& f = layer.feed_forward;
    const int64_t wide = padded(f.inner.outputs);
    const float* h = sublayer_input(layer.feed_forward_norm, x, n);
    float* inner = work.inner.at_least(n * wide);
    float* out = work.mixed.at_least((int64_t)n * stride());
    linear(f.inner, h, stride(), n, inner, wide);
    float* active = config.gated ? inner + config.d_ff : inner;  // the gate's outputs come after the inner ones
    pool.run(n, 8. * n * wide, [&](int row, int) {
        const float* times = config.gated ? inner + row * wide : nullptr;
        kernels->activate((Activation)config.activation, active + row * wide, times, config.d_ff);
    });
    linear(f.outer, active, wide, n, out, stride());
    add_and_norm(layer.feed_forward_norm, x, out, n);
}

// E[id] * factor + PE[place].
void glassformer_model::embed(const Table& table, const int32_t* ids, int n, const int32_t* places, float* x) {
    for (int row = 0; row < n; ++row) {
        float* here = x + (int64_t)row * stride();
        table.row(ids[row], config.embedding_factor, config.d_model, here);
        if (table.positions.size())
            kernels->add(here, &table.positions[(int64_t)places[row] * config.d_model], config.d_model);
    }
}

int Cache::add(int n, int length) {
    if (n > rows_ || length != length_ + 1 || used_ == RUN) {  // what has no place in the latest runs
        const int64_t each = (int64_t)2 * layers_ * part_;
        float* memory = memory_.emplace_back().at_least(n * each);
        for (int row = 0; row < n; ++row) runs_.push_back({memory + row * each, 0});
        rows_ = n, used_ = 0;
    }
    const int first = (int)runs_.size() - rows_;
    for (int row = 0; row < n; ++row) runs_[first + row].used = used_ + 1;
    length_ = length;
    return first * RUN + used_++;
}

glassformer_batch::glassformer_batch(glassformer_model& m, const int32_t* ids, const int32_t* each, int sources)
    : model(m), lengths(each, each + sources), memory(sources), cache(m.config.decoder_layers, m.config.kv_heads, m.width()) {
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
    const int n = (int)places.size(), d = model.stride(), width = model.width(), kv = model.kv_width();
    const int64_t wide = padded(c.d_model + 2 * kv);
    Array<float> x((int64_t)n * d);
    std::vector<SourceMemory> own(last - first);
    model.embed(model.source_table, ids, n, places.data(), x.data());
    for (const EncoderLayer& layer : model.encoder) {
        float* qkv = model.work.projected.at_least(n * wide);
        model.linear(layer.query_key_value, model.sublayer_input(layer.attention_norm, x.data(), n), d, n, qkv, wide);
        if (c.rotary)
            for (int row = 0; row < n; ++row)
                model.kernels->rotate(qkv + row * wide, c.heads + c.kv_heads, width, &model.turns[(int64_t)places[row] * width]);
        float* mixed = model.work.mixed.at_least((int64_t)n * d);
        for (int source = first, row = 0; source < last; row += lengths[source++])
            take_memory(own[source - first], qkv + row * wide + c.d_model, wide, lengths[source]);
        model.pool.run(n, 64. * n * d, [&](int row, int thread) {
            attend_memory(own[source_of[row]], lengths[first + source_of[row]], qkv + row * wide, mixed + row * d, thread,
                          nullptr);
        });
        float* fx = model.work.inner.at_least((int64_t)n * d);
        model.linear(layer.output, mixed, d, n, fx, d);
        model.add_and_norm(layer.attention_norm, x.data(), fx, n);
        model.feed_forward(layer, x.data(), n);
    }
    if (c.final_norm)
        for (int row = 0; row < n; ++row) model.normalise(model.encoder_norm, &x[(int64_t)row * d], &x[(int64_t)row * d]);
    remember(x.data(), first, last);
}

// Cross-attention's keys and values, once for each source.
void glassformer_batch::remember(const float* x, int first, int last) {
    const int kv = model.kv_width(), d = model.stride();
    const int64_t wide = padded(2 * kv);
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
    float* keys = to.keys.at_least((int64_t)kv * padded(length));
    float* values = to.values.at_least((int64_t)kv * length);
    for (int head = 0; head < model.config.kv_heads; ++head, keys += width * padded(length), values += width * length)
        for (int place = 0; place < length; ++place) {
            const float* from = keys_values + place * stride + head * width;
            float* k = keys + place / LINE * width * LINE + place % LINE;
            for (int column = 0; column < width; ++column) k[column * LINE] = from[column];
            std::memcpy(values + place * width, from + kv, width * sizeof(float));
        }
}

// Where `attended` is not null, each head adds its share of the mean over all layers and heads.
void glassformer_batch::attend_memory(const SourceMemory& of, int length, const float* q, float* y, int thread,
                                      float* attended) const {
    float* weights = model.work.weights[thread].data();
    model.kernels->attend_source(model.heads, q, of.keys.data(), of.values.data(), length, weights, y);
    for (int head = 0; attended && head < model.heads.count; ++head, weights += padded(length))
        for (int s = 0; s < length; ++s) attended[s] += weights[s] / (model.heads.count * model.config.decoder_layers);
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
    const int64_t wide = padded(c.d_model + 2 * kv);
    const int first = cache.add(n, length);
    for (int row = 0; row < n; ++row) own[row] = first + row * Cache::RUN;
    const std::vector<int32_t> places(n, length);
    float* x = hidden.at_least((int64_t)n * d);
    rows = n;
    source_of.assign(sources, sources + n);
    if (attended) std::memset(attended, 0, (size_t)n * across * sizeof(float));
    model.embed(model.target_table, tokens, n, places.data(), x);
    for (int number = 0; number < c.decoder_layers; ++number) {
        const DecoderLayer& layer = model.decoder[number];
        float* qkv = model.work.projected.at_least(n * wide);
        float* mixed = model.work.mixed.at_least((int64_t)n * d);
        float* fx = model.work.inner.at_least((int64_t)n * d);
        model.linear(layer.query_key_value, model.sublayer_input(layer.attention_norm, x, n), d, n, qkv, wide);
        model.pool.run(n, 2. * n * d * (length + 1), [&](int row, int thread) {
            float* q = qkv + row * wide;
            if (c.rotary) model.kernels->rotate(q, c.heads + c.kv_heads, width, &model.turns[(int64_t)length * width]);
            for (int head = 0; head < c.kv_heads; ++head) {
                const float* k = q + c.d_model + head * width;
                std::memcpy(cache.keys(number, own[row]) + head * cache.head_stride(), k, width * sizeof(float));
                std::memcpy(cache.values(number, own[row]) + head * cache.head_stride(), k + kv, width * sizeof(float));
            }
            attend_past(number, q, slots + (int64_t)row * length, length, own[row], mixed + row * d, thread);
        });
        model.linear(layer.output, mixed, d, n, fx, d);
        model.add_and_norm(layer.attention_norm, x, fx, n);

        model.linear(layer.cross_query, model.sublayer_input(layer.cross_norm, x, n), d, n, qkv, wide);
        model.pool.run(n, 64. * n * d, [&](int row, int thread) {
            const int source = sources[row];
            attend_memory(memory[source][number], lengths[source], qkv + row * wide, mixed + row * d, thread,
                          attended ? attended + (int64_t)row * across : nullptr);
        });
        model.linear(layer.cross_output, mixed, d, n, fx, d);
        model.add_and_norm(layer.cross_norm, x, fx, n);

        model.feed_forward(layer, x, n);
    }
    if (c.final_norm)
        for (int row = 0; row < n; ++row) model.normalise(model.decoder_norm, x + row * d, x + row * d);
}
