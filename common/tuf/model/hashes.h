// What metadata says of a file's content.
//
// Promise: at least one hash that we can check is there (an empty map is refused: go-tuf 17b4808);
// each that we know must agree.
// Threading: immutable values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/crypto/hash.h"

namespace rind::tuf {

class Hashes {
 public:
  // By algorithm name, lower-case hexadecimal. InvalidArgument when neither sha256 nor sha512 is
  // there, or one of those has a wrong length or digit.
  static StatusOr<Hashes> Create(std::map<std::string, std::string> by_algorithm);
  static Hashes OfSha256(const Sha256Digest& digest);

  std::map<std::string, std::string> by_algorithm() const;
  // Whether sha256 is all there is, as in everything that we publish.
  bool OnlySha256() const { return others_ == nullptr; }
  std::optional<Sha256Digest> sha256() const { return sha256_; }
  // OK when every known hash is that of `bytes`; FailedPrecondition names both otherwise.
  Status Check(std::string_view bytes) const;
  // The hash that a consistent-snapshot name takes: sha256 when there, else sha512, in hex.
  std::string Preferred() const;

  bool operator==(const Hashes& other) const;

 private:
  using Others = std::map<std::string, std::string>;
  Hashes(std::optional<Sha256Digest> sha256, std::shared_ptr<const Others> others)
      : sha256_(sha256), others_(std::move(others)) {}

  // A repository has millions of these: the usual one is a digest and nothing else.
  std::optional<Sha256Digest> sha256_;
  std::shared_ptr<const Others> others_;  // null when there are none
};

}  // namespace rind::tuf
