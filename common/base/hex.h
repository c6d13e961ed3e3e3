// Hexadecimal and base64 text of bytes.
//
// Promise: decoding is strict: lower-case digits only, an even count, nothing around them.
// Threading: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rind {

std::string ToHex(std::string_view bytes);
// The same to where there is room for two digits a byte; returns where they end.
char* PutHex(char* to, std::string_view bytes);

// Bytes of a lower-case hexadecimal text; InvalidArgument otherwise.
StatusOr<std::string> FromHex(std::string_view hex);
// The same, for exactly as many bytes as `out` takes; false, and `out` is whatever, otherwise.
bool TakeHex(std::string_view hex, std::span<unsigned char> out);

// Standard alphabet with padding (RFC 4648 section 4).
std::string ToBase64(std::string_view bytes);
StatusOr<std::string> FromBase64(std::string_view text);

}  // namespace rind
