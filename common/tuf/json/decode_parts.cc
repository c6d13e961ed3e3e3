#include "common/tuf/json/decode_parts.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "common/base/hex.h"
#include "common/base/text.h"

namespace rind::tuf {
namespace {

constexpr std::size_t kMaxSignatures = 64;
// RSA of 16384 bits makes signatures of 2048 bytes.
constexpr std::size_t kMaxSignatureBytes = 2048;
constexpr std::size_t kMaxPattern = 4096;
constexpr std::size_t kMaxKeyIds = 1024;

Status WrongKind(std::string_view what, JsonKind found, JsonKind wanted) {
  return InvalidArgument(Cat(what, ": found ", NameOf(found), ", wanted ", NameOf(wanted)));
}

StatusOr<std::uint64_t> LengthMember(JsonValue object) {
  RIND_ASSIGN_OR_RETURN(const std::int64_t length, IntegerMember(object, "length"));
  if (length < 0) return InvalidArgument(Cat("length: found ", length, ", wanted 0 or more"));
  return static_cast<std::uint64_t>(length);
}

StatusOr<Hashes> HashesMember(JsonValue object) {
  RIND_ASSIGN_OR_RETURN(const JsonValue hashes, Member(object, "hashes", JsonKind::kObject));
  // By far the most usual form, without a map.
  if (hashes.Size() == 1) {
    const auto sha256 = hashes.Find("sha256");
    if (sha256 && sha256->kind() == JsonKind::kString) {
      RIND_ASSIGN_OR_RETURN(const Sha256Digest digest, Sha256Digest::FromHex(sha256->Text()));
      return Hashes::OfSha256(digest);
    }
  }
  std::map<std::string, std::string> by_algorithm;
  RIND_RETURN_IF_ERROR(
      hashes.ForEachMember([&by_algorithm](std::string_view name, JsonValue value) -> Status {
        RIND_ASSIGN_OR_RETURN(const JsonValue hex, Expect(value, JsonKind::kString, name));
        by_algorithm.emplace(name, hex.Text());
        return OkStatus();
      }));
  return Hashes::Create(std::move(by_algorithm));
}

StatusOr<Key> DecodeKey(JsonValue object) {
  Key key;
  RIND_ASSIGN_OR_RETURN(key.key_type, TextMember(object, "keytype"));
  RIND_ASSIGN_OR_RETURN(key.scheme, TextMember(object, "scheme"));
  RIND_ASSIGN_OR_RETURN(const JsonValue value, Member(object, "keyval", JsonKind::kObject));
  // Any name may come up here, but it is a name: the same rule as for a key id.
  if (!KeyId::Parse(key.key_type).ok() || !KeyId::Parse(key.scheme).ok()) {
    return InvalidArgument("keytype and scheme: wanted 1 to 128 bytes of printable ASCII");
  }
  const auto scheme = Key::SchemeOf(key.key_type, key.scheme);
  // A kind of key that we don't know may keep anything in its keyval.
  const auto material = value.Find("public");
  if (!scheme && (!material || material->kind() != JsonKind::kString)) return key;
  RIND_ASSIGN_OR_RETURN(key.material, TextMember(value, "public"));
  if (!scheme) return key;
  auto verifier = PublicKey::Create(*scheme, key.material);
  if (verifier.ok()) key.verifier = *std::move(verifier);
  return key;
}

StatusOr<std::vector<std::string>> Texts(JsonValue array, std::string_view what) {
  std::vector<std::string> texts;
  RIND_RETURN_IF_ERROR(array.ForEachElement([&texts, what](JsonValue element) -> Status {
    RIND_ASSIGN_OR_RETURN(const JsonValue text, Expect(element, JsonKind::kString, what));
    texts.emplace_back(text.Text());
    return OkStatus();
  }));
  return texts;
}

StatusOr<PathPatterns> DecodePatterns(JsonValue paths) {
  RIND_ASSIGN_OR_RETURN(const JsonValue array, Expect(paths, JsonKind::kArray, "paths"));
  RIND_ASSIGN_OR_RETURN(auto patterns, Texts(array, "paths"));
  for (const std::string& pattern : patterns) {
    if (pattern.size() > kMaxPattern) {
      return InvalidArgument(
          Cat("paths: a pattern of ", pattern.size(), " bytes, wanted at most ", kMaxPattern));
    }
  }
  return PathPatterns{std::move(patterns)};
}

StatusOr<PathHashPrefixes> DecodePrefixes(JsonValue paths) {
  RIND_ASSIGN_OR_RETURN(const JsonValue array,
                        Expect(paths, JsonKind::kArray, "path_hash_prefixes"));
  RIND_ASSIGN_OR_RETURN(auto prefixes, Texts(array, "path_hash_prefixes"));
  for (const std::string& prefix : prefixes) {
    const bool hex = std::all_of(prefix.begin(), prefix.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    if (!hex || prefix.empty() || prefix.size() > 64) {
      return InvalidArgument(Cat("path_hash_prefixes: found \"", Printable(prefix, 80),
                                 "\", wanted 1 to 64 lower-case hexadecimal digits"));
    }
  }
  return PathHashPrefixes{std::move(prefixes)};
}

StatusOr<DelegatedRole> DecodeRole(JsonValue object) {
  RIND_ASSIGN_OR_RETURN(const std::string text, TextMember(object, "name"));
  RIND_ASSIGN_OR_RETURN(const RoleName name, RoleName::Parse(text));
  if (name.top_level()) {
    return InvalidArgument(Cat("name: \"", text, "\" is a top-level role"));
  }
  RIND_ASSIGN_OR_RETURN(RoleKeys keys, DecodeRoleKeys(object));
  RIND_ASSIGN_OR_RETURN(const bool terminating, BoolMember(object, "terminating"));
  const auto patterns = object.Find("paths");
  const auto prefixes = object.Find("path_hash_prefixes");
  if (patterns.has_value() == prefixes.has_value()) {
    return InvalidArgument(Cat(text, ": wanted either paths or path_hash_prefixes"));
  }
  DelegatedRole role{
      .name = name, .keys = std::move(keys), .terminating = terminating, .paths = {}};
  if (patterns) {
    RIND_ASSIGN_OR_RETURN(role.paths, DecodePatterns(*patterns));
  } else {
    RIND_ASSIGN_OR_RETURN(role.paths, DecodePrefixes(*prefixes));
  }
  return role;
}

StatusOr<std::vector<DelegatedRole>> DecodeRoles(JsonValue array) {
  std::vector<DelegatedRole> roles;
  std::set<std::string> names;
  RIND_RETURN_IF_ERROR(array.ForEachElement([&roles, &names](JsonValue element) -> Status {
    RIND_ASSIGN_OR_RETURN(const JsonValue object, Expect(element, JsonKind::kObject, "roles"));
    auto role = DecodeRole(object);
    if (!role.ok()) return Annotate(role.status(), Cat("roles[", roles.size(), "]"));
    if (!names.insert(role->name.text()).second) {
      return InvalidArgument(Cat("roles: \"", Printable(role->name.text()), "\" twice"));
    }
    roles.push_back(*std::move(role));
    return OkStatus();
  }));
  return roles;
}

StatusOr<SuccinctRoles> DecodeSuccinct(JsonValue object) {
  RIND_ASSIGN_OR_RETURN(RoleKeys keys, DecodeRoleKeys(object));
  RIND_ASSIGN_OR_RETURN(const std::int64_t bits, IntegerMember(object, "bit_length"));
  RIND_ASSIGN_OR_RETURN(std::string prefix, TextMember(object, "name_prefix"));
  return SuccinctRoles::Create(std::move(keys), bits, std::move(prefix));
}

StatusOr<Signature> DecodeSignature(JsonValue element) {
  RIND_ASSIGN_OR_RETURN(const JsonValue object, Expect(element, JsonKind::kObject, "signatures"));
  RIND_ASSIGN_OR_RETURN(const JsonValue id, Member(object, "keyid", JsonKind::kString));
  RIND_ASSIGN_OR_RETURN(const JsonValue hex, Member(object, "sig", JsonKind::kString));
  RIND_ASSIGN_OR_RETURN(const KeyId key_id, KeyId::Parse(id.Text()));
  if (hex.Text().size() > 2 * kMaxSignatureBytes) {
    return InvalidArgument(Cat("sig: more than ", kMaxSignatureBytes, " bytes"));
  }
  auto bytes = FromHex(hex.Text());
  if (!bytes.ok()) return Annotate(bytes.status(), "sig");
  return Signature{.key_id = key_id, .bytes = *std::move(bytes)};
}

}  // namespace

StatusOr<JsonValue> Expect(JsonValue value, JsonKind kind, std::string_view what) {
  if (value.kind() != kind) return WrongKind(what, value.kind(), kind);
  return value;
}

StatusOr<JsonValue> Member(JsonValue object, std::string_view name, JsonKind kind) {
  const auto value = object.Find(name);
  if (!value) return InvalidArgument(Cat(name, ": not there, wanted ", NameOf(kind)));
  return Expect(*value, kind, name);
}

StatusOr<std::string> TextMember(JsonValue object, std::string_view name) {
  RIND_ASSIGN_OR_RETURN(const JsonValue value, Member(object, name, JsonKind::kString));
  return std::string(value.Text());
}

StatusOr<std::int64_t> IntegerMember(JsonValue object, std::string_view name) {
  RIND_ASSIGN_OR_RETURN(const JsonValue value, Member(object, name, JsonKind::kInteger));
  return value.Integer();
}

StatusOr<bool> BoolMember(JsonValue object, std::string_view name) {
  RIND_ASSIGN_OR_RETURN(const JsonValue value, Member(object, name, JsonKind::kBool));
  return value.Bool();
}

StatusOr<KeyMap> DecodeKeys(JsonValue keys) {
  KeyMap map;
  RIND_RETURN_IF_ERROR(keys.ForEachMember([&map](std::string_view name, JsonValue value) -> Status {
    RIND_ASSIGN_OR_RETURN(KeyId id, KeyId::Parse(name));
    RIND_ASSIGN_OR_RETURN(const JsonValue object, Expect(value, JsonKind::kObject, "keys"));
    auto key = DecodeKey(object);
    if (!key.ok()) return Annotate(key.status(), Cat("keys: ", id.text()));
    map.emplace(std::move(id), *std::move(key));
    return OkStatus();
  }));
  return map;
}

StatusOr<RoleKeys> DecodeRoleKeys(JsonValue role) {
  RIND_ASSIGN_OR_RETURN(const JsonValue ids, Member(role, "keyids", JsonKind::kArray));
  RIND_ASSIGN_OR_RETURN(const std::int64_t needed, IntegerMember(role, "threshold"));
  RIND_ASSIGN_OR_RETURN(const Threshold threshold, Threshold::Create(needed));
  if (ids.Size() > kMaxKeyIds) {
    return InvalidArgument(Cat("keyids: ", ids.Size(), ", wanted at most ", kMaxKeyIds));
  }
  RoleKeys keys{.key_ids = {}, .threshold = threshold};
  std::set<KeyId> seen;
  RIND_RETURN_IF_ERROR(ids.ForEachElement([&keys, &seen](JsonValue element) -> Status {
    RIND_ASSIGN_OR_RETURN(const JsonValue text, Expect(element, JsonKind::kString, "keyids"));
    RIND_ASSIGN_OR_RETURN(const KeyId id, KeyId::Parse(text.Text()));
    if (!seen.insert(id).second) return InvalidArgument(Cat("keyids: ", id.text(), " twice"));
    keys.key_ids.push_back(id);
    return OkStatus();
  }));
  if (static_cast<std::size_t>(needed) > keys.key_ids.size()) {
    return InvalidArgument(
        Cat("threshold: found ", needed, " of ", keys.key_ids.size(), " keys: never reached"));
  }
  return keys;
}

StatusOr<FileMeta> DecodeFileMeta(JsonValue meta) {
  FileMeta file;
  RIND_ASSIGN_OR_RETURN(const std::int64_t version, IntegerMember(meta, "version"));
  RIND_ASSIGN_OR_RETURN(file.version, Version::Create(version));
  if (meta.Size() == 1) return file;
  if (meta.Find("length")) {
    RIND_ASSIGN_OR_RETURN(file.length, LengthMember(meta));
  }
  if (meta.Find("hashes")) {
    RIND_ASSIGN_OR_RETURN(file.hashes, HashesMember(meta));
  }
  return file;
}

StatusOr<TargetFile> DecodeTargetFile(JsonValue target) {
  TargetFile file;
  RIND_ASSIGN_OR_RETURN(file.length, LengthMember(target));
  RIND_ASSIGN_OR_RETURN(file.hashes, HashesMember(target));
  const auto custom = target.Find("custom");
  if (!custom) return file;
  RIND_RETURN_IF_ERROR(Expect(*custom, JsonKind::kObject, "custom").status());
  if (custom->Size() == 1) {
    const auto serial = custom->Find("serial");
    if (serial && serial->kind() == JsonKind::kInteger && serial->Integer() >= 0) {
      file.serial = serial->Integer();
      return file;
    }
  }
  file.custom = custom->Canonical();
  return file;
}

StatusOr<Delegations> DecodeDelegations(JsonValue delegations) {
  RIND_ASSIGN_OR_RETURN(const JsonValue keys, Member(delegations, "keys", JsonKind::kObject));
  const auto roles = delegations.Find("roles");
  const auto succinct = delegations.Find("succinct_roles");
  if (roles.has_value() == succinct.has_value()) {
    return InvalidArgument("wanted either roles or succinct_roles");
  }
  RIND_ASSIGN_OR_RETURN(KeyMap map, DecodeKeys(keys));
  if (roles) {
    RIND_ASSIGN_OR_RETURN(const JsonValue array, Expect(*roles, JsonKind::kArray, "roles"));
    RIND_ASSIGN_OR_RETURN(auto list, DecodeRoles(array));
    return Delegations{.keys = std::move(map), .roles = std::move(list)};
  }
  RIND_ASSIGN_OR_RETURN(const JsonValue object,
                        Expect(*succinct, JsonKind::kObject, "succinct_roles"));
  auto bins = DecodeSuccinct(object);
  if (!bins.ok()) return Annotate(bins.status(), "succinct_roles");
  return Delegations{.keys = std::move(map), .roles = *std::move(bins)};
}

StatusOr<std::vector<Signature>> DecodeSignatures(JsonValue array) {
  if (array.Size() > kMaxSignatures) {
    return InvalidArgument(Cat("signatures: ", array.Size(), ", wanted at most ", kMaxSignatures));
  }
  std::vector<Signature> signatures;
  std::set<KeyId> seen;
  RIND_RETURN_IF_ERROR(array.ForEachElement([&signatures, &seen](JsonValue element) -> Status {
    RIND_ASSIGN_OR_RETURN(Signature signature, DecodeSignature(element));
    if (!seen.insert(signature.key_id).second) {
      return InvalidArgument(Cat("signatures: two by ", signature.key_id.text()));
    }
    signatures.push_back(std::move(signature));
    return OkStatus();
  }));
  return signatures;
}

}  // namespace rind::tuf
