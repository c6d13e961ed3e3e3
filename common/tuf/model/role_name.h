// The name of a role.
//
// Promise: a RoleName is one of the four top-level roles or a delegated name of 1 to 255 bytes of
// strict UTF-8 without control characters. It never becomes part of a path unencoded: use
// FileName() (SECURITY.md C-05).
// Threading: immutable value.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rind::tuf {

enum class TopLevelRole { kRoot, kTargets, kSnapshot, kTimestamp };

// "root", "targets", "snapshot", "timestamp".
std::string_view NameOf(TopLevelRole role);

class RoleName {
 public:
  // "root" and so on name top-level roles, anything else valid a delegated one.
  static StatusOr<RoleName> Parse(std::string_view text);
  // A top-level role.
  explicit(false) RoleName(TopLevelRole role);

  const std::string& text() const { return text_; }
  // Nothing for a delegated role.
  std::optional<TopLevelRole> top_level() const;
  // The name with every byte outside of [A-Za-z0-9_.-] percent-encoded, and a leading dot too; at
  // most 255 bytes are the caller's to check.
  std::string FileName() const;

  auto operator<=>(const RoleName&) const = default;

 private:
  explicit RoleName(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace rind::tuf
