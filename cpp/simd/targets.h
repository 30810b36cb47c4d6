// Every instruction set of a build in turn, for tests. For the sources of simd/ only.
#pragma once

#include <hwy/highway.h>
#include <hwy/targets.h>

namespace ruvector {

/// Calls f() once for every set that this build carries and this CPU runs, with Highway's dispatch
/// narrowed to it meanwhile, so no other thread may be choosing kernels.
template <typename F>
void ForEachTarget(const F& f) {
#if (HWY_TARGETS & (HWY_TARGETS - 1)) == 0
  f();  // one target, and none of Highway's run-time detection is linked (WASM)
#else
  for (int64_t targets = hwy::SupportedTargets() & HWY_TARGETS; targets != 0;
       targets &= targets - 1) {
    hwy::SetSupportedTargetsForTest(targets & -targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    f();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
#endif
}

}  // namespace ruvector
