// What a targets role hands on to others.
//
// Promise: a delegation has either path patterns or hash prefixes, never both or neither; a set of
// succinct bins stands alone (TAP 15). Order is the document's: it is the order of the search.
// Source: TUF 1.0.34, "delegations"; SECURITY.md C-07, C-10, C-11.
// Threading: immutable values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/tuf/model/key.h"
#include "common/tuf/model/role_name.h"
#include "common/tuf/model/target_path.h"

namespace rind::tuf {

// Shell-style patterns in which * and ? never match "/".
struct PathPatterns {
  std::vector<std::string> patterns;
  bool operator==(const PathPatterns&) const = default;
};
// Lower-case hexadecimal prefixes of the sha256 of a target's path.
struct PathHashPrefixes {
  std::vector<std::string> prefixes;
  bool operator==(const PathHashPrefixes&) const = default;
};

struct DelegatedRole {
  RoleName name;
  RoleKeys keys;
  bool terminating = false;
  std::variant<PathPatterns, PathHashPrefixes> paths;

  // Whether the role may speak for `target` (its text; any name that a client asks for).
  bool Covers(std::string_view target) const;
  bool operator==(const DelegatedRole&) const = default;
};

class SuccinctRoles {
 public:
  // InvalidArgument unless 1 <= bit_length <= 32 and `name_prefix` makes valid role names.
  static StatusOr<SuccinctRoles> Create(RoleKeys keys, std::int64_t bit_length,
                                        std::string name_prefix);
  const RoleKeys& keys() const { return keys_; }
  int bit_length() const { return bit_length_; }
  const std::string& name_prefix() const { return name_prefix_; }

  std::uint64_t BinCount() const { return std::uint64_t{1} << bit_length_; }
  // The bin of a target: the first bit_length bits of sha256(path).
  std::uint64_t BinFor(std::string_view target) const;
  // "<prefix>-<hex>", the hex as wide as the last bin's.
  RoleName BinName(std::uint64_t bin) const;
  // The number in a bin's name; nothing when `name` is none of these bins, to the letter.
  std::optional<std::uint64_t> BinOf(const RoleName& name) const;
  bool operator==(const SuccinctRoles&) const = default;

 private:
  SuccinctRoles(RoleKeys keys, int bits, std::string prefix)
      : keys_(std::move(keys)), bit_length_(bits), name_prefix_(std::move(prefix)) {}
  RoleKeys keys_;
  int bit_length_;
  std::string name_prefix_;
};

struct Delegations {
  KeyMap keys;
  std::variant<std::vector<DelegatedRole>, SuccinctRoles> roles;

  // The keys that this document names for `role`; null when it does not delegate to it.
  const RoleKeys* KeysFor(const RoleName& role) const;
  // The roles that may speak for `target`, in order, with their terminating bit.
  struct Match {
    RoleName name;
    bool terminating;
  };
  std::vector<Match> Matching(std::string_view target) const;
  bool operator==(const Delegations&) const = default;
};

// Whether `pattern` matches `path`: * any run and ? any one character, neither ever "/"; all else
// is literal. Linear time in the product of their lengths.
bool MatchesPattern(std::string_view pattern, std::string_view path);

}  // namespace rind::tuf
