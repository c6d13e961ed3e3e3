// The path of a target.
//
// Promise: 1 to 1024 printable ASCII bytes; segments joined by "/"; no empty, "." or ".." segment;
// none of \ ? # % * [ ] and no control character (ARCHITECTURE.md section 4). `TargetPath` is for
// what we publish; the client looks up names that others publish with the looser ClientTargetName.
// Threading: immutable value.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/crypto/hash.h"

namespace rind::tuf {

class TargetPath {
 public:
  static StatusOr<TargetPath> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  // sha256 of the path: what hashed bins are chosen by.
  Sha256Digest PathHash() const;
  // "files/six/<hash>.six-1.0.tar.gz" for "files/six/six-1.0.tar.gz" (consistent snapshots).
  std::string WithHash(const Sha256Digest& digest) const;
  // The part between the first and second "/" ("six"); "" when there is none.
  std::string_view Project() const;

  auto operator<=>(const TargetPath&) const = default;

 private:
  explicit TargetPath(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// The same rule for "<folder>/<sha256>.<name>" on any path text.
std::string PathWithHash(std::string_view path, std::string_view hash_hex);

}  // namespace rind::tuf
