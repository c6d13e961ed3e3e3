// The version of a release, in the order of PEP 440.
//
// Promise: Parse() takes what PEP 440 appendix B takes ("v1.0-RC.1", "1!2.0.post3+local"); equal
// versions ("1.0" and "1.0.0") compare equal whatever their spelling.
// Threading: immutable value.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"

namespace rind::pypi {

class Version {
 public:
  static StatusOr<Version> Parse(std::string_view text);

  // An alpha, beta, release candidate or development release.
  bool IsPrerelease() const { return pre_.has_value() || dev_.has_value(); }
  // The canonical spelling, "1!2.0rc1.post3.dev4+local".
  std::string Text() const;

  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const { return (*this <=> other) == 0; }

 private:
  friend class VersionReader;
  // A part of a local version: a number sorts above any text.
  struct LocalPart {
    std::optional<std::uint64_t> number;
    std::string text;
    auto operator<=>(const LocalPart& other) const {
      if (number.has_value() != other.number.has_value()) {
        return number.has_value() ? std::strong_ordering::greater : std::strong_ordering::less;
      }
      return number.has_value() ? *number <=> *other.number : text <=> other.text;
    }
    bool operator==(const LocalPart&) const = default;
  };
  // {pre-release kind, number}, in an order that compares as PEP 440 wants.
  std::pair<int, std::uint64_t> PreOrder() const;

  Version() = default;
  std::uint64_t epoch_ = 0;
  std::vector<std::uint64_t> release_;
  std::optional<std::pair<char, std::uint64_t>> pre_;  // 'a', 'b' or 'c'
  std::optional<std::uint64_t> post_;
  std::optional<std::uint64_t> dev_;
  std::vector<LocalPart> local_;
};

}  // namespace rind::pypi
