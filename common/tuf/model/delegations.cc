#include "common/tuf/model/delegations.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/crypto/hash.h"

namespace rind::tuf {
namespace {

constexpr int kMaxBits = 32;

// Past the character at `at`: ? stands for a code point, not for a byte of one.
std::size_t AfterCharacter(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
  return at;
}

bool CoversPath(const PathPatterns& paths, std::string_view target) {
  return std::any_of(
      paths.patterns.begin(), paths.patterns.end(),
      [target](const std::string& pattern) { return MatchesPattern(pattern, target); });
}

bool CoversHash(const PathHashPrefixes& paths, std::string_view hash) {
  return std::any_of(paths.prefixes.begin(), paths.prefixes.end(),
                     [hash](const std::string& prefix) { return hash.starts_with(prefix); });
}

std::size_t SuffixWidth(int bits) { return static_cast<std::size_t>((bits + 3) / 4); }

std::string SuffixOf(std::uint64_t bin, std::size_t width) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out(width, '0');
  for (std::size_t i = width; i > 0; --i, bin >>= 4U) out[i - 1] = kDigits[bin & 0x0FU];
  return out;
}

}  // namespace

bool MatchesPattern(std::string_view pattern, std::string_view path) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = kNone;  // where the last * of this segment is, and what it has taken so far
  std::size_t taken = 0;
  while (t < path.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = t;
    } else if (p < pattern.size() && pattern[p] == '?' && path[t] != '/') {
      ++p;
      t = AfterCharacter(path, t);
    } else if (p < pattern.size() && pattern[p] == path[t] && pattern[p] != '?') {
      // Segments match one by one: past a "/" no * of an earlier segment is tried again.
      if (path[t] == '/') star = kNone;
      ++p;
      ++t;
    } else if (star != kNone && path[taken] != '/') {
      p = star + 1;
      t = taken = AfterCharacter(path, taken);
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool DelegatedRole::Covers(std::string_view target) const {
  if (const auto* patterns = std::get_if<PathPatterns>(&paths)) {
    return CoversPath(*patterns, target);
  }
  return CoversHash(std::get<PathHashPrefixes>(paths), Sha256(target).Hex());
}

StatusOr<SuccinctRoles> SuccinctRoles::Create(RoleKeys keys, std::int64_t bit_length,
                                              std::string name_prefix) {
  if (bit_length < 1 || bit_length > kMaxBits) {
    return InvalidArgument(Cat("bit_length: found ", bit_length, ", wanted 1 to ", kMaxBits));
  }
  if (name_prefix.empty()) return InvalidArgument("name_prefix: empty");
  SuccinctRoles roles(std::move(keys), static_cast<int>(bit_length), std::move(name_prefix));
  const auto longest =
      RoleName::Parse(Cat(roles.name_prefix_, "-", SuffixOf(0, SuffixWidth(roles.bit_length_))));
  if (!longest.ok()) return Annotate(longest.status(), "name_prefix");
  return roles;
}

std::uint64_t SuccinctRoles::BinFor(std::string_view target) const {
  const Sha256Digest digest = Sha256(target);
  std::uint64_t first = 0;
  for (const char c : digest.Bytes().substr(0, 4)) {
    first = (first << 8U) | static_cast<unsigned char>(c);
  }
  return first >> static_cast<unsigned>(kMaxBits - bit_length_);
}

RoleName SuccinctRoles::BinName(std::uint64_t bin) const {
  // Create() has parsed a name of this form: a suffix of other digits can't make it invalid.
  return *RoleName::Parse(Cat(name_prefix_, "-", SuffixOf(bin, SuffixWidth(bit_length_))));
}

std::optional<std::uint64_t> SuccinctRoles::BinOf(const RoleName& name) const {
  const std::string_view text = name.text();
  const std::size_t width = SuffixWidth(bit_length_);
  if (text.size() != name_prefix_.size() + 1 + width || !text.starts_with(name_prefix_) ||
      text[name_prefix_.size()] != '-') {
    return std::nullopt;
  }
  std::uint64_t bin = 0;
  for (const char c : text.substr(name_prefix_.size() + 1)) {
    if (c >= '0' && c <= '9') {
      bin = bin * 16 + static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      bin = bin * 16 + static_cast<std::uint64_t>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  if (bin >= BinCount()) return std::nullopt;
  return bin;
}

const RoleKeys* Delegations::KeysFor(const RoleName& role) const {
  if (const auto* bins = std::get_if<SuccinctRoles>(&roles)) {
    return bins->BinOf(role) ? &bins->keys() : nullptr;
  }
  for (const DelegatedRole& delegated : std::get<std::vector<DelegatedRole>>(roles)) {
    if (delegated.name == role) return &delegated.keys;
  }
  return nullptr;
}

std::vector<Delegations::Match> Delegations::Matching(std::string_view target) const {
  if (const auto* bins = std::get_if<SuccinctRoles>(&roles)) {
    // TAP 15: each bin's delegation is terminating.
    return {{bins->BinName(bins->BinFor(target)), true}};
  }
  std::vector<Match> matches;
  std::string hash;
  for (const DelegatedRole& role : std::get<std::vector<DelegatedRole>>(roles)) {
    bool covers = false;
    if (const auto* patterns = std::get_if<PathPatterns>(&role.paths)) {
      covers = CoversPath(*patterns, target);
    } else {
      // Once for all: there may be 16,384 of these.
      if (hash.empty()) hash = Sha256(target).Hex();
      covers = CoversHash(std::get<PathHashPrefixes>(role.paths), hash);
    }
    if (covers) matches.push_back({role.name, role.terminating});
  }
  return matches;
}

}  // namespace rind::tuf
