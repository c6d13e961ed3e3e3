#include "common/base/hex.h"

#include <algorithm>
#include <array>

#include <sodium.h>

#include "common/base/text.h"

namespace rind {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr unsigned char kNoDigit = 0xFF;

// A table, because what comes up in a hash is what no processor can predict.
constexpr std::array<unsigned char, 256> MakeValues() {
  std::array<unsigned char, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<unsigned char>(i);
  }
  return values;
}
constexpr std::array<unsigned char, 256> kValues = MakeValues();

unsigned char ValueOf(char digit) { return kValues[static_cast<unsigned char>(digit)]; }

}  // namespace

std::string ToHex(std::string_view bytes) {
  std::string out(bytes.size() * 2, '\0');
  PutHex(out.data(), bytes);
  return out;
}

char* PutHex(char* to, std::string_view bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    *to++ = kDigits[byte >> 4U];
    *to++ = kDigits[byte & 0x0FU];
  }
  return to;
}

bool TakeHex(std::string_view hex, std::span<unsigned char> out) {
  if (hex.size() != 2 * out.size()) return false;
  unsigned seen = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const unsigned high = ValueOf(hex[2 * i]);
    const unsigned low = ValueOf(hex[2 * i + 1]);
    seen |= high | low;
    out[i] = static_cast<unsigned char>(high << 4U | low);
  }
  return seen <= 0x0F;
}

StatusOr<std::string> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) {
    return InvalidArgument(Cat("hex text of ", hex.size(), " digits: wanted an even count"));
  }
  std::string out(hex.size() / 2, '\0');
  if (TakeHex(hex, {reinterpret_cast<unsigned char*>(out.data()), out.size()})) return out;
  const auto wrong =
      std::find_if(hex.begin(), hex.end(), [](char digit) { return ValueOf(digit) == kNoDigit; });
  const auto at = static_cast<std::size_t>(wrong - hex.begin()) / 2 * 2;
  return InvalidArgument(
      Cat("hex text has \"", Printable(hex.substr(at, 2)), "\": wanted digits 0-9 and a-f"));
}

std::string ToBase64(std::string_view bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();  // the terminating NUL that libsodium writes
  return out;
}

StatusOr<std::string> FromBase64(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                        text.size(), nullptr, &length, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0) {
    return InvalidArgument("text is not base64 with padding (RFC 4648 section 4)");
  }
  out.resize(length);
  return out;
}

}  // namespace rind
