// Which texts may be the name of a role or a target.
//
// Promise: strict UTF-8 without control characters, bidirectional controls, zero-width characters
// or noncharacters, so that what a person reads is what a machine compares (SECURITY.md P-06). "NFC
// only" is an approximation without Unicode's tables: the combining marks U+0300 to U+036F and
// their extensions, conjoining Hangul, compatibility ideographs and the few letters whose NFC is
// another letter are refused. Names that are ASCII or precomposed Latin, Greek, Cyrillic, Chinese,
// Japanese or Korean pass; some exotic decomposed spellings pass too. Threading: pure functions.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/base/status.h"

namespace rind::tuf {

// A client's own bound for target names; what we publish is shorter (target_path.h).
inline constexpr std::size_t kMaxTargetName = 4096;

// InvalidArgument, opened by `what` ("role name"), unless `text` has 1 to `max` bytes and no
// forbidden character.
Status CheckName(std::string_view what, std::string_view text, std::size_t max);

}  // namespace rind::tuf
