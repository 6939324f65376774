// The kernels of one instruction set: compiled once for each, with its flags, its NAME and that of its table, KERNELS.
//
// It includes no C++ library: a template of it, compiled here for a new processor, could be the copy that the linker
// keeps for the whole program, old processors included.
#include "attention.h"
#include "output.h"
#include "product.h"
#include "rows.h"
#if defined(__AMX_INT8__)
#include "tiles.h"
constexpr auto best_product = product_by_tiles;
#else
constexpr auto best_product = product;
#endif

extern const Kernels KERNELS;
const Kernels KERNELS = {NAME,   quantize,      best_product, normalise,        add,      activate,
                         rotate, attend_source, attend_past,  sum_exponentials, keep_best};
