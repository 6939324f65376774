// Products of integers by AMX, whose instructions multiply tiles: 16 rows of 64 bytes each.
//
//     _tile_dpbusd:  sums[n][o] += sum_word sum_i x[n][word][i] * w[word][o][i],   16 words of GROUP bytes
//
// Packed weights lie as a tile of w wants them: a word's bytes of 16 outputs side by side, and the next word's a panel's
// width behind. Sums of integers are exact, so they are the ones of product.h's add_up to the last bit.
#pragma once
#include "product.h"

constexpr int TILE = 16;         // rows of a tile, and words of a row
constexpr int TILED = 2 * TILE;  // rows that are multiplied together: two tiles of x, two of w (a panel), four of sums

struct TileShapes {  // as the processor reads them; Intel's manual, volume 1, 18.2.1
    uint8_t palette = 1, start = 0, reserved[14] = {};
    uint16_t bytes[16] = {};  // of a row
    uint8_t rows[16] = {};
};

// Tiles 0 to 3 have the sums, 4 and 5 the upper and lower rows of x, 6 and 7 the panel's halves.
static void shape_tiles(int upper, int lower) {
    TileShapes shapes;
    const int rows[8] = {upper, upper, lower, lower, upper, lower, TILE, TILE};
    for (int tile = 0; tile < 8; ++tile) shapes.bytes[tile] = rows[tile] ? 64 : 0, shapes.rows[tile] = (uint8_t)rows[tile];
    __asm__ volatile("" : : "r"(&shapes) : "memory");  // gcc 12 takes the instruction to read the first bytes only
    _tile_loadconfig(&shapes);
}

// The sums of `upper` and `lower` rows of x and a panel, [row][output of the panel]. On the way it fetches weights from
// `next` on into the cache, `step` bytes for each tile of them.
static void add_up_tiles(const uint8_t* w, int words, const uint8_t* x, int64_t stride, int upper, const uint8_t* next,
                         int step, int32_t* sums) {
    constexpr int LONG = PANEL * WORD;  // bytes of a word of a panel, and of a row of sums
    const uint8_t* low = x + upper * stride;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int word = 0; word < words; word += TILE, w += TILE * LONG, x += TILE * WORD, low += TILE * WORD) {
        _tile_loadd(6, w, LONG);
        _tile_loadd(7, w + LONG / 2, LONG);
        _tile_loadd(4, x, stride);
        _tile_dpbusd(0, 4, 6);
        _tile_dpbusd(1, 4, 7);
        for (const uint8_t* end = next + step; next < end; next += 64) __builtin_prefetch(next, 0, 2);
        _tile_loadd(5, low, stride);
        _tile_dpbusd(2, 5, 6);
        _tile_dpbusd(3, 5, 7);
    }
    _tile_stored(0, sums, LONG);
    _tile_stored(1, sums + PANEL / 2, LONG);
    _tile_stored(2, sums + upper * PANEL, LONG);
    _tile_stored(3, sums + upper * PANEL + PANEL / 2, LONG);
}

// As `product`, which takes what fills no tiles, and the few rows that wait for their weights anyway.
static void product_by_tiles(const Matrix& w, int first_panel, int panels, const Rows& x, float* y, int64_t y_stride) {
    if (!w.integers || words(w) % TILE || x.count <= ROWS) return product(w, first_panel, panels, x, y, y_stride);
    const int blocks = (x.count + TILED - 1) / TILED, most = (x.count + blocks - 1) / blocks;
    const int64_t size = (int64_t)words(w) * PANEL * WORD;  // of a panel, of which each block of rows fetches its share
    for (int panel = first_panel, shaped = 0; panel < first_panel + panels; ++panel, y += PANEL)
        for (int row = 0, count; row < x.count; row += count) {
            count = x.count - row < most ? x.count - row : most;
            const int upper = (count + 1) / 2;
            if (count != shaped) shape_tiles(upper, count - upper);
            shaped = count;
            alignas(64) int32_t sums[TILED * PANEL];
            const uint8_t *from = w.numbers + panel * size, *next = from + size + size * row / x.count;
            add_up_tiles(from, words(w), x.numbers + row * x.stride, x.stride, upper, next,
                         TILE * PANEL * WORD * count / x.count, sums);
            for (int o = 0; o < PANEL; o += LANES) {
                const Scaling scaling(w, panel * PANEL + o);
                for (int r = 0; r < count; ++r)
                    store(scaling(read<Ints>(sums + r * PANEL + o), x.scales[row + r]), y + (row + r) * y_stride + o);
            }
        }
    _tile_release();
}
