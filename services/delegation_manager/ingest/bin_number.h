// Which bin a target belongs to (TAP 15): the first bits of sha256 of its path.
//
// Promise: the same number as tuf::SuccinctRoles::BinFor().
// Threading: pure functions.
#pragma once

#include <bit>
#include <cstdint>

#include "common/tuf/model/target_path.h"

namespace rind::delegation_manager {

inline bool IsBinCount(std::uint32_t count) {
  return std::has_single_bit(count) && count >= 16 && count <= 32768;
}

inline int BitsOf(std::uint32_t bin_count) { return std::countr_zero(bin_count); }

// `bin_count` is a power of two, 16 to 32768.
inline std::uint32_t BinNumber(const tuf::TargetPath& path, std::uint32_t bin_count) {
  const Sha256Digest digest = path.PathHash();
  const auto first = static_cast<unsigned char>(digest.Bytes()[0]);
  const auto second = static_cast<unsigned char>(digest.Bytes()[1]);
  const std::uint32_t bits = (std::uint32_t{first} << 8U) | second;
  return bits >> (16U - static_cast<std::uint32_t>(BitsOf(bin_count)));
}

}  // namespace rind::delegation_manager
