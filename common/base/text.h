// Small text operations on standard strings, and the crossing to abseil's.
//
// Threading: pure functions.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rind {

namespace text_internal {
inline void Append(std::string& out, std::string_view piece) { out.append(piece); }
inline void Append(std::string& out, char piece) { out.push_back(piece); }
template <std::integral T>
requires(!std::same_as<T, char> && !std::same_as<T, bool>) void Append(std::string& out, T piece) {
  out.append(std::to_string(piece));
}
}  // namespace text_internal

// Joins strings, characters and whole numbers: Cat("bin-", 3, " v", 7) is "bin-3 v7".
template <typename... Pieces>
std::string Cat(const Pieces&... pieces) {
  std::string out;
  (text_internal::Append(out, pieces), ...);
  return out;
}

// "a", "b" with ", " is "a, b".
std::string Join(const std::vector<std::string>& pieces, std::string_view separator);

// Splits at each `separator`; empty pieces are kept. "" is one empty piece.
std::vector<std::string> Split(std::string_view text, char separator);

// Without ASCII white space at both ends.
std::string_view Trim(std::string_view text);

// ASCII letters lowered; other bytes as they are.
std::string ToLower(std::string_view text);

// A whole decimal number without sign, leading zeros or spaces, at most `max`; else nothing.
std::optional<std::uint64_t> ParseUnsigned(std::string_view text, std::uint64_t max);

// True when `text` is well-formed UTF-8: no overlong form, surrogate, or NUL (SECURITY.md P-06).
bool IsStrictUtf8(std::string_view text);

// For messages: control characters, quotes and non-ASCII bytes escaped, cut after `max` bytes.
std::string Printable(std::string_view text, std::size_t max = 200);

}  // namespace rind
