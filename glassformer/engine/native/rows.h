// What is done to the numbers of one token: norms, activations, rounding to eight bits, rotation.
#pragma once
#include "kernels.h"
#include "vectors.h"

constexpr float MAGIC = 12582912.f;  // 1.5 * 2^23: adding it rounds to a whole number, which is then in the last bits
constexpr int32_t MAGIC_BITS = 0x4B400000;

// c[0] x^(N-1) + c[1] x^(N-2) + ... + c[N-1], by Horner's rule.
template <int N>
static inline Floats polynomial(Floats x, const float (&c)[N]) {
    Floats p = all(c[0]);
    for (int i = 1; i < N; ++i) p = p * x + c[i];
    return p;
}

// e^x = 2^n * e^r,  n = round(x / log 2),  r = x - n * log 2 in [-0.35, 0.35], and e^r as a Taylor polynomial: the
// error is below 2e-7 of the result. log 2 is taken in two parts, of which the first times n is exact.
static inline Floats exponential(Floats x) {
    x = smaller(all(88.f), larger(all(-80.f), x));  // below, products would be denormal, which is slow
    const Floats shifted = x * 1.44269504f + MAGIC;
    const Floats n = shifted - MAGIC;
    const Floats r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    const Floats power = (Floats)(((Ints)shifted - MAGIC_BITS + 127) << 23);
    return polynomial(r, {1.f / 5040, 1.f / 720, 1.f / 120, 1.f / 24, 1.f / 6, .5f, 1.f, 1.f}) * power;
}

// Of n numbers; four of LANES side by side, so that none waits for the last comparison. There is room for padded(n).
static inline float largest_of(const float* x, int n) {
    Floats most[4];
    for (Floats& each : most) each = some(x, n);
    int i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES)
        for (int chain = 0; chain < 4; ++chain) most[chain] = larger(most[chain], load(x + i + LANES * chain));
    for (; i < n; i += LANES) most[0] = larger(most[0], some(x + i, n - i));
    return largest_of(larger(larger(most[0], most[1]), larger(most[2], most[3])));
}

// The sum of e^(x - largest) over n numbers, which are written `to` there where it is not null. There is room for
// padded(n).
static float sum_exponentials(const float* x, int n, float* largest, float* to) {
    *largest = largest_of(x, n);
    Floats sums = {};
    for (int i = 0; i < n; i += LANES) {
        const Floats powers = exponential(some(x + i, n - i) - *largest);
        if (to) store(powers, to + i);
        sums += powers;
    }
    return sum_of(sums);
}

// erf(x) = 1 - (a1 + ... + a5 t^4) t e^(-x^2), t = 1 / (1 + p x); Abramowitz & Stegun 7.1.26, error below 1.5e-7.
static inline Floats error_function(Floats x) {
    const Floats size = x < 0 ? -x : x;
    const Floats t = 1.f / (1.f + .3275911f * size);
    const Floats p = polynomial(t, {1.061405429f, -1.453152027f, 1.421413741f, -.284496736f, .254829592f});
    const Floats y = 1.f - p * t * exponential(-x * x);
    return x < 0 ? -y : y;
}

template <class Each>
static inline float total(int n, Each each) {  // the sum of each(i), LANES of them side by side, in a fixed order
    float part[LANES] = {}, sum = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int lane = 0; lane < LANES; ++lane) part[lane] += each(i + lane);
    for (; i < n; ++i) sum += each(i);
    for (int lane = 0; lane < LANES; ++lane) sum += part[lane];
    return sum;
}

// (x - mean) / sqrt(var + eps) * gain + bias, var the mean of (x - mean)^2; Ba et al. 2016.
// RMSNorm, Zhang & Sennrich 2019, leaves out the mean, and its bias is zero.
static void normalise(bool rms, const float* x, const float* gain, const float* bias, int n, float eps, float* y) {
    const float mean = rms ? 0 : total(n, [&](int i) { return x[i]; }) / n;
    const float var = total(n, [&](int i) { return (x[i] - mean) * (x[i] - mean); }) / n;
    const float scale = 1.f / __builtin_sqrtf(var + eps);
    for (int i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale * gain[i] + bias[i];
}

static void add(float* __restrict x, const float* __restrict y, int n) {
    for (int i = 0; i < n; ++i) x[i] += y[i];
}

// x becomes f(x), or f(x) * times for the gated ones; gelu(x) = x/2 (1 + erf(x / sqrt 2)), silu(x) = x / (1 + e^-x).
// The rest of the last vector, for which x has room, becomes something else.
static void activate(Activation kind, float* x, const float* times, int n) {
    const auto active = [kind](Floats z) {
        if (kind == RELU) return z > 0 ? z : Floats{};
        if (kind == GELU) return .5f * z * (1.f + error_function(z * .70710678f));
        return z / (1.f + exponential(-z));
    };
    for (int i = 0; i < n; i += LANES) store(active(load(x + i)), x + i);
    for (int i = 0; times && i < n; ++i) x[i] *= times[i];
}

// q = round(x * (127 / max |x|)), and scale = max |x| / 127; quantization.py and int8.py have the same formula. What is
// behind the n numbers is read and not used.
static void quantize(const float* x, int n, int padded, uint8_t* bytes, float* scale) {
    Floats most = all(1e-30f);
    for (int i = 0; i < n; i += LANES) {
        const Floats v = some(x + i, n - i, 0);
        most = larger(larger(v, -v), most);
    }
    const float largest = largest_of(most), factor = 127.f / largest;
    for (int i = 0; i < n; ++i) bytes[i] = (uint8_t)((int32_t)__builtin_rintf(x[i] * factor) + OFFSET);
    memset(bytes + n, OFFSET, padded - n);
    *scale = largest / 127.f;
}

// Rotary positions: (a, b) becomes (a cos - b sin, b cos + a sin); turns has cos, sin of each pair of columns.
static void rotate(float* x, int heads, int width, const float* turns) {
    for (int head = 0; head < heads; ++head, x += width)
        for (int i = 0; i < width; i += 2) {
            const float a = x[i], b = x[i + 1];
            x[i] = a * turns[i] - b * turns[i + 1];
            x[i + 1] = b * turns[i] + a * turns[i + 1];
        }
}
