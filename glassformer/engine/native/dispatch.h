// Which kernels this processor can run.
#pragma once
#include <vector>

#include "kernels.h"

std::vector<const Kernels*> present_kernels();  // the best first
