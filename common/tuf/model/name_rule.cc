#include "common/tuf/model/name_rule.h"

#include <algorithm>
#include <cstdint>

#include "common/base/text.h"

namespace rind::tuf {
namespace {

struct Range {
  std::uint32_t first, last;
};

// Sorted; looked up by binary search.
constexpr Range kForbidden[] = {
    {0x0000, 0x001F},    // C0 controls
    {0x007F, 0x009F},    // delete, C1 controls
    {0x00AD, 0x00AD},    // soft hyphen
    {0x0300, 0x036F},    // combining marks: NFC composes them
    {0x0374, 0x0374},    // NFC is another letter
    {0x037E, 0x037E},    // NFC is ";"
    {0x0387, 0x0387},    // NFC is U+00B7
    {0x061C, 0x061C},    // bidi
    {0x115F, 0x1160},    // Hangul fillers
    {0x1161, 0x11FF},    // conjoining Hangul
    {0x180E, 0x180E},    // zero width
    {0x1AB0, 0x1AFF},    // combining marks
    {0x1DC0, 0x1DFF},    // combining marks
    {0x200B, 0x200F},    // zero width, bidi
    {0x2028, 0x202E},    // separators, bidi
    {0x2060, 0x206F},    // zero width, bidi
    {0x20D0, 0x20FF},    // combining marks
    {0x2126, 0x2126},    // ohm: NFC is omega
    {0x212A, 0x212B},    // kelvin, angstrom: NFC are K, U+00C5
    {0x3099, 0x309A},    // combining voiced marks
    {0xD800, 0xDFFF},    // surrogates
    {0xF900, 0xFAFF},    // compatibility ideographs
    {0xFDD0, 0xFDEF},    // noncharacters
    {0xFE00, 0xFE0F},    // variation selectors
    {0xFE20, 0xFE2F},    // combining marks
    {0xFEFF, 0xFEFF},    // zero width
    {0xFFF9, 0xFFFB},    // annotations
    {0xFFFE, 0xFFFF},    // noncharacters
    {0x1D173, 0x1D17A},  // musical controls
    {0x2F800, 0x2FA1F},  // compatibility ideographs
    {0xE0000, 0xE0FFF},  // tags, variation selectors
};

bool IsForbidden(std::uint32_t point) {
  const auto* const range = std::lower_bound(
      std::begin(kForbidden), std::end(kForbidden), point,
      [](const Range& candidate, std::uint32_t value) { return candidate.last < value; });
  return (range != std::end(kForbidden) && range->first <= point) || (point & 0xFFFEU) == 0xFFFEU;
}

// The code point at `at` of well-formed UTF-8; moves `at` past it.
std::uint32_t NextPoint(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  std::uint32_t point = lead & (0x3FU >> static_cast<unsigned>(more));
  for (int i = 0; i < more; ++i) {
    point = (point << 6U) | (static_cast<unsigned char>(text[at++]) & 0x3FU);
  }
  return point;
}

}  // namespace

Status CheckName(std::string_view what, std::string_view text, std::size_t max) {
  if (text.empty()) return InvalidArgument(Cat(what, ": empty"));
  if (text.size() > max) {
    return InvalidArgument(
        Cat(what, " \"", Printable(text, 40), "\": ", text.size(), " bytes, wanted at most ", max));
  }
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F;
  });
  if (plain) return OkStatus();
  if (!IsStrictUtf8(text)) {
    return InvalidArgument(Cat(what, " \"", Printable(text, 80), "\": not UTF-8"));
  }
  for (std::size_t at = 0; at < text.size();) {
    if (IsForbidden(NextPoint(text, at))) {
      return InvalidArgument(Cat(what, " \"", Printable(text, 80),
                                 "\": a control, invisible or decomposed character"));
    }
  }
  return OkStatus();
}

}  // namespace rind::tuf
