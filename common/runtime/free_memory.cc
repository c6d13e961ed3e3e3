#include "common/runtime/free_memory.h"

#include <malloc.h>

namespace rind::runtime {
namespace {

// Two cores' worth of threads seldom wait for one another here; the default is eight for a core,
// and what one heap has free is of no use to the others.
constexpr int kHeaps = 2;
// From here on a piece is mapped by itself, and goes back when it is freed. Fixed: by default the
// first such piece that is freed moves the limit up to its own size.
constexpr int kMappedBytes = 256 * 1024;
constexpr std::size_t kWorthIt = 4UL * 1024 * 1024;
constexpr absl::Duration kEvery = absl::Seconds(3);

}  // namespace

void KeepFreeMemorySmall() {
  // They fail for values that make no sense only; then the library's own hold.
  mallopt(M_ARENA_MAX, kHeaps);
  mallopt(M_MMAP_THRESHOLD, kMappedBytes);
}

void FreeMemory::Look(absl::Time now) {
  if (now - last_ < kEvery && now >= last_) return;
  last_ = now;
  const std::size_t free = mallinfo2().fordblks;
  // What was given back counts as free still.
  if (free < kWorthIt || free == left_) return;
  malloc_trim(0);
  left_ = mallinfo2().fordblks;
}

}  // namespace rind::runtime
