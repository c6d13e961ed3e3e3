// The sizes that clients accept by default, and what we stay under (ARCHITECTURE.md section 9).
#pragma once

#include <cstdint>

namespace rind::tuf {

struct Limits {
  std::uint64_t root_bytes = 512'000;
  std::uint64_t timestamp_bytes = 16'384;
  std::uint64_t snapshot_bytes = 2'000'000;  // unless the timestamp gives its length
  std::uint64_t targets_bytes = 5'000'000;
  int root_rotations = 256;
  int delegations = 32;
};

}  // namespace rind::tuf
