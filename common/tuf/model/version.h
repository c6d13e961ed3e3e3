// The version of a document and the threshold of a role.
//
// Promise: a Version is 1 to 2^53 - 1; a Threshold is 1 to 1024. Zero and negative ones can't exist
// (SECURITY.md C-02, S-02).
// Threading: immutable values.
#pragma once

#include <compare>
#include <cstdint>

#include "common/base/status.h"

namespace rind::tuf {

class Version {
 public:
  static constexpr std::int64_t kMax = (std::int64_t{1} << 53) - 1;
  static StatusOr<Version> Create(std::int64_t value);
  static Version First() { return Version(1); }

  std::int64_t value() const { return value_; }
  // The next one; FailedPrecondition at the end of the range.
  StatusOr<Version> Next() const;
  auto operator<=>(const Version&) const = default;

 private:
  explicit Version(std::int64_t value) : value_(value) {}
  std::int64_t value_;
};

class Threshold {
 public:
  static constexpr std::int64_t kMax = 1024;
  static StatusOr<Threshold> Create(std::int64_t value);
  std::int64_t value() const { return value_; }
  auto operator<=>(const Threshold&) const = default;

 private:
  explicit Threshold(std::int64_t value) : value_(value) {}
  std::int64_t value_;
};

}  // namespace rind::tuf
