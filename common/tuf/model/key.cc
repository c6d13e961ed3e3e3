#include "common/tuf/model/key.h"

#include "common/base/text.h"
#include "common/crypto/hash.h"

namespace rind::tuf {
namespace {

constexpr std::size_t kMaxKeyId = 128;

std::string_view TypeOf(KeyScheme scheme) {
  switch (scheme) {
    case KeyScheme::kEd25519:
      return "ed25519";
    case KeyScheme::kEcdsaSha2Nistp256:
      return "ecdsa";
    case KeyScheme::kRsaPssSha256:
      return "rsa";
  }
  return "";
}

// A canonical JSON string (json/canonical_json.h, which lies above this folder).
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

}  // namespace

StatusOr<KeyId> KeyId::Parse(std::string_view text) {
  bool good = !text.empty() && text.size() <= kMaxKeyId;
  for (const char c : text) good = good && c >= 0x20 && c <= 0x7E;
  if (!good) {
    return InvalidArgument(Cat("key id \"", Printable(text, 140), "\": wanted 1 to ", kMaxKeyId,
                               " bytes of printable ASCII"));
  }
  return KeyId(std::string(text));
}

KeyId KeyId::Of(const PublicKey& key) { return KeyId(Sha256(CanonicalKey(Key::Of(key))).Hex()); }

Key Key::Of(const PublicKey& key) {
  return {.key_type = std::string(TypeOf(key.scheme())),
          .scheme = std::string(SchemeName(key.scheme())),
          .material = key.material(),
          .verifier = key};
}

std::optional<KeyScheme> Key::SchemeOf(std::string_view key_type, std::string_view scheme) {
  for (const KeyScheme known :
       {KeyScheme::kEd25519, KeyScheme::kEcdsaSha2Nistp256, KeyScheme::kRsaPssSha256}) {
    if (scheme != SchemeName(known)) continue;
    // "ecdsa-sha2-nistp256" as a key type is how older tools write "ecdsa".
    const bool older = known == KeyScheme::kEcdsaSha2Nistp256 && key_type == scheme;
    if (key_type == TypeOf(known) || older) return known;
  }
  return std::nullopt;
}

std::string CanonicalKey(const Key& key) {
  return Cat(R"({"keytype":)", Quoted(key.key_type), R"(,"keyval":{"public":)",
             Quoted(key.material), R"(},"scheme":)", Quoted(key.scheme), "}");
}

}  // namespace rind::tuf
