#include "common/tuf/json/encode.h"

#include <algorithm>
#include <utility>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/tuf/json/canonical_json.h"

namespace rind::tuf {
namespace {

constexpr std::string_view kSpecVersion = "1.0.34";

// Members of every document come in this order: _type, expires, ..., spec_version, ..., version.
// Those between are each document's own.
void WriteType(CanonicalWriter& json, TopLevelRole role) {
  json.Name("_type");
  json.String(NameOf(role));
}
void WriteExpires(CanonicalWriter& json, const Header& header) {
  json.Name("expires");
  json.String(FormatUtc(header.expires));
}
void WriteSpecVersion(CanonicalWriter& json) {
  json.Name("spec_version");
  json.String(kSpecVersion);
}
void WriteVersion(CanonicalWriter& json, Version version) {
  json.Name("version");
  json.Integer(version.value());
}

void WriteHashes(CanonicalWriter& json, const Hashes& hashes) {
  json.Name("hashes");
  json.BeginObject();
  if (hashes.OnlySha256()) {
    json.Name("sha256");
    json.Hex(hashes.sha256()->Bytes());
  } else {
    for (const auto& [algorithm, hex] : hashes.by_algorithm()) {
      json.Name(algorithm);
      json.String(hex);
    }
  }
  json.EndObject();
}

void WriteLength(CanonicalWriter& json, std::uint64_t length) {
  json.Name("length");
  json.Integer(static_cast<std::int64_t>(length));
}

void WriteFileMeta(CanonicalWriter& json, const FileMeta& meta) {
  json.BeginObject();
  if (meta.hashes) WriteHashes(json, *meta.hashes);
  if (meta.length) WriteLength(json, *meta.length);
  WriteVersion(json, meta.version);
  json.EndObject();
}

void WriteKeyIds(CanonicalWriter& json, const RoleKeys& keys) {
  json.Name("keyids");
  json.BeginArray();
  for (const KeyId& id : keys.key_ids) json.String(id.text());
  json.EndArray();
}
void WriteThreshold(CanonicalWriter& json, const RoleKeys& keys) {
  json.Name("threshold");
  json.Integer(keys.threshold.value());
}

void WriteKeys(CanonicalWriter& json, const KeyMap& keys) {
  json.Name("keys");
  json.BeginObject();
  for (const auto& [id, key] : keys) {
    json.Name(id.text());
    json.Raw(EncodeKey(key));
  }
  json.EndObject();
}

void WriteTexts(CanonicalWriter& json, std::string_view name,
                const std::vector<std::string>& texts) {
  json.Name(name);
  json.BeginArray();
  for (const std::string& text : texts) json.String(text);
  json.EndArray();
}

void WriteRole(CanonicalWriter& json, const DelegatedRole& role) {
  json.BeginObject();
  WriteKeyIds(json, role.keys);
  json.Name("name");
  json.String(role.name.text());
  if (const auto* prefixes = std::get_if<PathHashPrefixes>(&role.paths)) {
    WriteTexts(json, "path_hash_prefixes", prefixes->prefixes);
  } else {
    WriteTexts(json, "paths", std::get<PathPatterns>(role.paths).patterns);
  }
  json.Name("terminating");
  json.Bool(role.terminating);
  WriteThreshold(json, role.keys);
  json.EndObject();
}

void WriteDelegations(CanonicalWriter& json, const Delegations& delegations) {
  json.Name("delegations");
  json.BeginObject();
  WriteKeys(json, delegations.keys);
  if (const auto* bins = std::get_if<SuccinctRoles>(&delegations.roles)) {
    json.Name("succinct_roles");
    json.BeginObject();
    json.Name("bit_length");
    json.Integer(bins->bit_length());
    WriteKeyIds(json, bins->keys());
    json.Name("name_prefix");
    json.String(bins->name_prefix());
    WriteThreshold(json, bins->keys());
    json.EndObject();
  } else {
    json.Name("roles");
    json.BeginArray();
    for (const DelegatedRole& role : std::get<std::vector<DelegatedRole>>(delegations.roles)) {
      WriteRole(json, role);
    }
    json.EndArray();
  }
  json.EndObject();
}

void WriteTarget(CanonicalWriter& json, const TargetFile& file) {
  json.BeginObject();
  if (file.serial) {
    json.Name("custom");
    json.BeginObject();
    json.Name("serial");
    json.Integer(*file.serial);
    json.EndObject();
  } else if (!file.custom.empty()) {
    json.Name("custom");
    json.Raw(file.custom);
  }
  WriteHashes(json, file.hashes);
  WriteLength(json, file.length);
  json.EndObject();
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20; }

using RoleEntry = std::map<RoleName, FileMeta>::value_type;

// The order of "a.json" and "a-b.json" is not that of "a" and "a-b".
bool FileNameBefore(const RoleEntry* a, const RoleEntry* b) {
  const std::string& left = a->first.text();
  const std::string& right = b->first.text();
  const std::size_t common = std::min(left.size(), right.size());
  const int order = left.compare(0, common, right, 0, common);
  if (order != 0 || left.size() == right.size()) return order < 0;
  // One is the other's beginning: its next character is that of ".json". Names differ there, or one
  // is such as "a" and "a.json": then "a.json" < "a.json.json".
  constexpr std::string_view kJson = ".json";
  return left.size() < right.size()
             ? kJson.compare(Cat(std::string_view(right).substr(common), kJson)) < 0
             : Cat(std::string_view(left).substr(common), kJson).compare(kJson) < 0;
}

}  // namespace

std::string EncodeCanonical(const Root& root) {
  CanonicalWriter json;
  json.BeginObject();
  WriteType(json, TopLevelRole::kRoot);
  json.Name("consistent_snapshot");
  json.Bool(root.consistent_snapshot);
  WriteExpires(json, root.header);
  WriteKeys(json, root.keys);
  json.Name("roles");
  json.BeginObject();
  for (const TopLevelRole role : {TopLevelRole::kRoot, TopLevelRole::kSnapshot,
                                  TopLevelRole::kTargets, TopLevelRole::kTimestamp}) {
    const auto found = root.roles.find(role);
    if (found == root.roles.end()) continue;
    json.Name(NameOf(role));
    json.BeginObject();
    WriteKeyIds(json, found->second);
    WriteThreshold(json, found->second);
    json.EndObject();
  }
  json.EndObject();
  WriteSpecVersion(json);
  WriteVersion(json, root.header.version);
  json.EndObject();
  return json.Take();
}

std::string EncodeCanonical(const Timestamp& timestamp) {
  CanonicalWriter json;
  json.BeginObject();
  WriteType(json, TopLevelRole::kTimestamp);
  WriteExpires(json, timestamp.header);
  json.Name("meta");
  json.BeginObject();
  json.Name("snapshot.json");
  WriteFileMeta(json, timestamp.snapshot);
  json.EndObject();
  WriteSpecVersion(json);
  WriteVersion(json, timestamp.header.version);
  json.EndObject();
  return json.Take();
}

std::string EncodeCanonical(const Snapshot& snapshot) {
  constexpr std::size_t kGuess = 144;  // an entry with hash and length
  std::vector<const RoleEntry*> entries;
  entries.reserve(snapshot.roles.size());
  bool hashes = false;
  for (const RoleEntry& entry : snapshot.roles) {
    entries.push_back(&entry);
    hashes = hashes || entry.second.hashes.has_value();
  }
  if (!std::is_sorted(entries.begin(), entries.end(), FileNameBefore)) {
    std::sort(entries.begin(), entries.end(), FileNameBefore);
  }
  CanonicalWriter json;
  json.Reserve(512 + entries.size() * (hashes ? kGuess : kGuess / 3));
  json.BeginObject();
  WriteType(json, TopLevelRole::kSnapshot);
  WriteExpires(json, snapshot.header);
  json.Name("meta");
  json.BeginObject();
  std::string name;
  for (const RoleEntry* entry : entries) {
    name.assign(entry->first.text()).append(".json");
    json.Name(name);
    WriteFileMeta(json, entry->second);
  }
  json.EndObject();
  WriteSpecVersion(json);
  WriteVersion(json, snapshot.header.version);
  json.EndObject();
  return json.Take();
}

std::string EncodeCanonical(const Targets& targets) {
  constexpr std::size_t kGuess = 224;  // a path of 100 bytes, hash, length, a serial
  CanonicalWriter json;
  json.Reserve(512 + targets.targets.size() * kGuess);
  json.BeginObject();
  WriteType(json, TopLevelRole::kTargets);
  if (targets.delegations) WriteDelegations(json, *targets.delegations);
  WriteExpires(json, targets.header);
  WriteSpecVersion(json);
  json.Name("targets");
  json.BeginObject();
  for (const auto& [path, file] : targets.targets) {
    json.Name(path);
    WriteTarget(json, file);
  }
  json.EndObject();
  WriteVersion(json, targets.header.version);
  json.EndObject();
  return json.Take();
}

std::string EncodeEnvelope(std::string_view canonical, std::vector<Signature> signatures) {
  std::sort(signatures.begin(), signatures.end(),
            [](const Signature& a, const Signature& b) { return a.key_id < b.key_id; });
  CanonicalWriter json;
  json.Reserve(canonical.size() + 64 + signatures.size() * 256);
  json.BeginObject();
  json.Name("signatures");
  json.BeginArray();
  for (const Signature& signature : signatures) {
    json.BeginObject();
    json.Name("keyid");
    json.String(signature.key_id.text());
    json.Name("sig");
    json.Hex(signature.bytes);
    json.EndObject();
  }
  json.EndArray();
  json.Name("signed");
  if (std::any_of(canonical.begin(), canonical.end(), IsControl)) {
    json.Raw(EscapeControls(canonical));
  } else {
    json.Raw(canonical);
  }
  json.EndObject();
  return json.Take();
}

std::string EncodeKey(const Key& key) { return CanonicalKey(key); }

}  // namespace rind::tuf
