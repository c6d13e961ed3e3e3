// Gives memory that a service no longer uses back to the system.
//
// The C library keeps what was freed: after one call with 16,384 documents a service would hold on
// to the most that it ever needed, for every thread that ever served one.
// Threading: KeepFreeMemorySmall() once, before any thread starts; a FreeMemory belongs to one
// thread.
#pragma once

#include <cstddef>

#include "absl/time/time.h"

namespace rind::runtime {

// Few heaps, and large pieces outside of them.
void KeepFreeMemorySmall();

class FreeMemory {
 public:
  // Called every now and then: looks every few seconds, and acts when there is enough to gain.
  void Look(absl::Time now);

 private:
  absl::Time last_ = absl::InfinitePast();
  std::size_t left_ = 0;  // free, and given back or not to be had
};

}  // namespace rind::runtime
