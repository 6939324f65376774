// Which kernels this processor can run.
#include <cstring>
#include <string>
#include <vector>

#include "kernels.h"

extern const Kernels kernels_amx, kernels_avx512, kernels_avxvnni, kernels_avx2, kernels_dotprod, kernels_portable;

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
static bool may_use_tiles() {  // Linux keeps their registers only for a process that has asked for them
    constexpr int ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18;
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}
#else
static bool may_use_tiles() { return false; }
#endif

static std::vector<const Kernels*> present() {
    unsigned a = 0, b, c, d = 0;  // what not every compiler's __builtin_cpu_supports knows
    const bool amx = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 24 & 3) == 3;  // AMX-TILE, AMX-INT8
    const bool avxvnni = __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vnni");
    std::vector<const Kernels*> found;
    if (avx512 && amx && may_use_tiles()) found.push_back(&kernels_amx);
    if (avx512) found.push_back(&kernels_avx512);
    if (avx2 && avxvnni) found.push_back(&kernels_avxvnni);
    if (avx2) found.push_back(&kernels_avx2);
    found.push_back(&kernels_portable);
    return found;
}
#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
static bool has_dotprod() { return getauxval(AT_HWCAP) >> 20 & 1; }  // HWCAP_ASIMDDP
#else
static bool has_dotprod() { return true; }  // every Apple processor that runs macOS
#endif

static std::vector<const Kernels*> present() {
    if (has_dotprod()) return {&kernels_dotprod, &kernels_portable};
    return {&kernels_portable};
}
#else
static std::vector<const Kernels*> present() { return {&kernels_portable}; }
#endif

const Kernels* best_kernels(const char* wanted) {
    for (const Kernels* kernels : present())
        if (!wanted || !*wanted || !std::strcmp(wanted, kernels->name)) return kernels;
    return nullptr;
}

const char* kernel_names() {
    static const std::string names = [] {
        std::string all;
        for (const Kernels* kernels : present()) all += (all.empty() ? "" : " ") + std::string(kernels->name);
        return all;
    }();
    return names.c_str();
}
