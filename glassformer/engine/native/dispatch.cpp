// Which kernels this processor can run.
#include "dispatch.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

extern const Kernels kernels_amx, kernels_avx512, kernels_avxvnni, kernels_avx2, kernels_dotprod, kernels_portable;

std::vector<const Kernels*> present_kernels() {
    std::vector<const Kernels*> found;
#if defined(__x86_64__)
    unsigned a = 0, b, c, d = 0;  // what not every compiler's __builtin_cpu_supports knows
    const bool amx = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 24 & 3) == 3;  // AMX-TILE, AMX-INT8
    const bool avxvnni = __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vnni");
#if defined(__linux__)  // which keeps the registers of tiles only for a process that has asked for them
    constexpr int ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18;
    if (avx512 && amx && !syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)) found.push_back(&kernels_amx);
#endif
    if (avx512) found.push_back(&kernels_avx512);
    if (avx2 && avxvnni) found.push_back(&kernels_avxvnni);
    if (avx2) found.push_back(&kernels_avx2);
#elif defined(__aarch64__) && defined(__linux__)
    if (getauxval(AT_HWCAP) >> 20 & 1) found.push_back(&kernels_dotprod);  // HWCAP_ASIMDDP
#elif defined(__aarch64__)
    found.push_back(&kernels_dotprod);  // every Apple processor that runs macOS has it
#endif
    found.push_back(&kernels_portable);
    return found;
}
