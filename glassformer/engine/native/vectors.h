// A few numbers at once: what kernels.cpp needs of each instruction set. The rest is the compiler's vector types.
//
// The one thing that compilers do not find by themselves is the eight-bit product. Each `dot` below is
//
//     sums[lane] += x[0] * w[lane][0] + x[1] * w[lane][1] + x[2] * w[lane][2] + x[3] * w[lane][3]
//
// with the same four x for every lane and no rounding or overflow: x and w are from -127 to 127.
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__AVX512VNNI__)
#include <immintrin.h>
constexpr int LANES = 16, COLUMNS = 2, ROWS = 12, OFFSET = 128;  // VNNI reads x as unsigned bytes, so 128 is added to them
#elif defined(__AVXVNNI__)
#include <immintrin.h>
constexpr int LANES = 8, COLUMNS = 4, ROWS = 2, OFFSET = 128;
#elif defined(__AVX2__)
#include <immintrin.h>
constexpr int LANES = 8, COLUMNS = 4, ROWS = 2, OFFSET = 0;
#elif defined(__ARM_FEATURE_DOTPROD)
#include <arm_neon.h>
constexpr int LANES = 4, COLUMNS = 4, ROWS = 4, OFFSET = 0;
#else
constexpr int LANES = 4, COLUMNS = 4, ROWS = 1, OFFSET = 0;
#endif

typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));

template <class T>
static inline T read(const void* from) {
    T x;
    memcpy(&x, from, sizeof x);
    return x;
}

static inline Floats load(const float* from) { return read<Floats>(from); }

static inline void store(Floats x, float* to) { memcpy(to, &x, sizeof x); }

static inline Floats all(float value) { return value - Floats{}; }  // the same number in each lane

static inline Floats dot(Floats sums, float x, Floats w) { return sums + x * w; }

#if defined(__AVX512VNNI__)
static inline Ints dot(Ints sums, int32_t x, Ints w) {
    return (Ints)_mm512_dpbusd_epi32((__m512i)sums, _mm512_set1_epi32(x), (__m512i)w);
}
#elif defined(__AVXVNNI__)
static inline Ints dot(Ints sums, int32_t x, Ints w) {
    return (Ints)_mm256_dpbusd_avx_epi32((__m256i)sums, _mm256_set1_epi32(x), (__m256i)w);
}
#elif defined(__AVX2__)
// |x| * (w with x's sign): the sum of two is at most 2 * 127 * 127 = 32,258, which sixteen bits hold.
static inline Ints dot(Ints sums, int32_t x, Ints w) {
    __m256i xs = _mm256_set1_epi32(x);
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(xs), _mm256_sign_epi8((__m256i)w, xs));
    return sums + (Ints)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
#elif defined(__ARM_FEATURE_DOTPROD)
static inline Ints dot(Ints sums, int32_t x, Ints w) {
    return (Ints)vdotq_s32((int32x4_t)sums, (int8x16_t)w, vreinterpretq_s8_s32(vdupq_n_s32(x)));
}
#else
static inline Ints dot(Ints sums, int32_t x, Ints w) {
    int8_t a[4], b[sizeof(Ints)];
    memcpy(a, &x, sizeof a);
    memcpy(b, &w, sizeof b);
    for (int lane = 0; lane < LANES; ++lane)
        for (int i = 0; i < 4; ++i) sums[lane] += a[i] * b[4 * lane + i];
    return sums;
}
#endif

// The first n of LANES numbers, of which all can be read; in the place of those behind them something else, as a rule what
// is the largest of nothing and adds nothing to a sum of exponentials.
static inline Floats some(const float* from, int n, float behind = -1e30f) {
    if (__builtin_expect(n >= LANES, 1)) return load(from);  // as nearly all are: a branch, not a mask for each
    static const int32_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return read<Ints>(numbers) < n ? load(from) : all(behind);
}

// Where one is not a number: y. Of the plain form gcc 12 makes two instructions where one of them is a constant.
#if defined(__AVX512F__)
static inline Floats larger(Floats x, Floats y) { return (Floats)_mm512_max_ps((__m512)x, (__m512)y); }
static inline Floats smaller(Floats x, Floats y) { return (Floats)_mm512_min_ps((__m512)x, (__m512)y); }
#else
static inline Floats larger(Floats x, Floats y) { return x > y ? x : y; }
static inline Floats smaller(Floats x, Floats y) { return x < y ? x : y; }
#endif

// Halves are put together until one number is left: fewer steps than one number after the other.
template <class V, class Put>
static inline float together(V x, Put put) {
    if constexpr (sizeof x == 2 * sizeof(float)) return put(x[0], x[1]);
    else {
        typedef float Half __attribute__((vector_size(sizeof x / 2)));
        Half halves[2];
        memcpy(halves, &x, sizeof x);
        return together(put(halves[0], halves[1]), put);
    }
}
static inline float sum_of(Floats x) {
    return together(x, [](auto a, auto b) { return a + b; });
}
static inline float largest_of(Floats x) {
    return together(x, [](auto a, auto b) { return a > b ? a : b; });
}
