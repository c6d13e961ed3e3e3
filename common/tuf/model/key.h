// A key as TUF metadata names it.
//
// Promise: the id is opaque to clients (SECURITY.md C-03); KeyId::Of() recomputes it for what we
// sign: sha256 of the canonical JSON of the key object. A key of a type that we don't know, or
// whose material is not sound for its scheme, has no `verifier`: it never counts towards a
// threshold.
// Threading: immutable values.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/public_key.h"
#include "common/tuf/model/version.h"

namespace rind::tuf {

class KeyId {
 public:
  // 1 to 128 bytes of printable ASCII.
  static StatusOr<KeyId> Parse(std::string_view text);
  // The id of an Ed25519 (or other) key that we use ourselves.
  static KeyId Of(const PublicKey& key);

  const std::string& text() const { return text_; }
  auto operator<=>(const KeyId&) const = default;

 private:
  explicit KeyId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct Key {
  std::string key_type;               // "ed25519", "ecdsa", "rsa"
  std::string scheme;                 // "ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256"
  std::string material;               // keyval.public
  std::optional<PublicKey> verifier;  // absent for a type or scheme that we don't know

  static Key Of(const PublicKey& key);
  // The scheme that a (key type, scheme) pair means; nothing for a pair that we don't know. The
  // verifier is chosen by this pair alone (SECURITY.md C-09).
  static std::optional<KeyScheme> SchemeOf(std::string_view key_type, std::string_view scheme);
  bool operator==(const Key&) const = default;
};

// The canonical JSON of a key object: what a key id is the sha256 of.
std::string CanonicalKey(const Key& key);

using KeyMap = std::map<KeyId, Key>;

// Which keys sign for a role, and how many of them must.
struct RoleKeys {
  std::vector<KeyId> key_ids;  // as listed, no repeats
  Threshold threshold;
  bool operator==(const RoleKeys&) const = default;
};

}  // namespace rind::tuf
