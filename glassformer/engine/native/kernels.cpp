// The kernels of one instruction set: compiled once for each, with -DKERNELS=name -DKERNELS_name and its flags.
//
// It includes no C++ library: a template of it, compiled here for a new processor, could be the copy that the linker
// keeps for the whole program, old processors included.
#include "attention.h"
#include "output.h"
#include "product.h"
#include "rows.h"
#if defined(KERNELS_amx)
#include "tiles.h"
constexpr auto best_product = product_by_tiles;
#else
constexpr auto best_product = product;
#endif

#define TEXT(name) #name
#define NAME(name) TEXT(name)
#define JOINED(a, b) a##b
#define TABLE(name) JOINED(kernels_, name)

extern const Kernels TABLE(KERNELS);
const Kernels TABLE(KERNELS) = {NAME(KERNELS), quantize,      best_product, normalise,        add,      activate,
                                rotate,        attend_source, attend_past,  sum_exponentials, keep_best};
