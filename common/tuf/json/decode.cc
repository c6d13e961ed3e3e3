#include "common/tuf/json/decode.h"

#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/tuf/json/decode_parts.h"
#include "common/tuf/json/strict_parse.h"
#include "common/tuf/model/name_rule.h"
#include "common/tuf/model/rejection.h"

namespace rind::tuf {
namespace {

constexpr std::string_view kJson = ".json";

// Every error of this file leaves through here: the role, and a reason to branch on.
Status Malformed(const Status& status, TopLevelRole role) {
  const Rejection reason =
      absl::IsResourceExhausted(status) ? Rejection::kTooLarge : Rejection::kMalformed;
  return Reject(reason, Cat(NameOf(role), ": ", MessageOf(status)));
}

// "1.N" or "1.N.N": TUF 1.0.34, "spec_version": a client takes documents of its own major version.
bool IsSpecVersionOne(std::string_view text) {
  const auto parts = Split(text, '.');
  if (parts.size() < 2 || parts.size() > 3 || parts[0] != "1") return false;
  for (const std::string& part : parts) {
    if (!ParseUnsigned(part, 1'000'000)) return false;
  }
  return true;
}

StatusOr<Header> DecodeHeader(JsonValue document, TopLevelRole role) {
  RIND_ASSIGN_OR_RETURN(const JsonValue type, Member(document, "_type", JsonKind::kString));
  if (type.Text() != NameOf(role)) {
    return InvalidArgument(
        Cat("_type: found \"", Printable(type.Text(), 40), "\", wanted \"", NameOf(role), "\""));
  }
  RIND_ASSIGN_OR_RETURN(const JsonValue spec, Member(document, "spec_version", JsonKind::kString));
  if (!IsSpecVersionOne(spec.Text())) {
    return InvalidArgument(
        Cat("spec_version: found \"", Printable(spec.Text(), 40), "\", wanted 1.x.y"));
  }
  Header header;
  RIND_ASSIGN_OR_RETURN(const std::int64_t version, IntegerMember(document, "version"));
  RIND_ASSIGN_OR_RETURN(header.version, Version::Create(version));
  RIND_ASSIGN_OR_RETURN(const JsonValue expires, Member(document, "expires", JsonKind::kString));
  const auto time = ParseUtc(expires.Text());
  if (!time.ok()) return Annotate(time.status(), "expires");
  header.expires = *time;
  return header;
}

StatusOr<Root> RootOf(JsonValue document) {
  Root root;
  RIND_ASSIGN_OR_RETURN(root.header, DecodeHeader(document, TopLevelRole::kRoot));
  // Older repositories leave it out; then it is false.
  root.consistent_snapshot = false;
  if (document.Find("consistent_snapshot")) {
    RIND_ASSIGN_OR_RETURN(root.consistent_snapshot, BoolMember(document, "consistent_snapshot"));
  }
  RIND_ASSIGN_OR_RETURN(const JsonValue keys, Member(document, "keys", JsonKind::kObject));
  RIND_ASSIGN_OR_RETURN(root.keys, DecodeKeys(keys));
  RIND_ASSIGN_OR_RETURN(const JsonValue roles, Member(document, "roles", JsonKind::kObject));
  for (const TopLevelRole role : {TopLevelRole::kRoot, TopLevelRole::kTargets,
                                  TopLevelRole::kSnapshot, TopLevelRole::kTimestamp}) {
    RIND_ASSIGN_OR_RETURN(const JsonValue object, Member(roles, NameOf(role), JsonKind::kObject));
    auto role_keys = DecodeRoleKeys(object);
    if (!role_keys.ok()) return Annotate(role_keys.status(), Cat("roles: ", NameOf(role)));
    root.roles.emplace(role, *std::move(role_keys));
  }
  return root;
}

StatusOr<Timestamp> TimestampOf(JsonValue document) {
  Timestamp timestamp;
  RIND_ASSIGN_OR_RETURN(timestamp.header, DecodeHeader(document, TopLevelRole::kTimestamp));
  RIND_ASSIGN_OR_RETURN(const JsonValue meta, Member(document, "meta", JsonKind::kObject));
  RIND_ASSIGN_OR_RETURN(const JsonValue file, Member(meta, "snapshot.json", JsonKind::kObject));
  auto snapshot = DecodeFileMeta(file);
  if (!snapshot.ok()) return Annotate(snapshot.status(), "meta: snapshot.json");
  timestamp.snapshot = *std::move(snapshot);
  return timestamp;
}

Status AddRole(Snapshot& snapshot, std::string_view name, JsonValue value) {
  if (!name.ends_with(kJson)) {
    return InvalidArgument(Cat("found \"", Printable(name, 80), "\", wanted a name with .json"));
  }
  RIND_ASSIGN_OR_RETURN(RoleName role, RoleName::Parse(name.substr(0, name.size() - kJson.size())));
  RIND_ASSIGN_OR_RETURN(const JsonValue object, Expect(value, JsonKind::kObject, name));
  auto file = DecodeFileMeta(object);
  if (!file.ok()) return Annotate(file.status(), Printable(name));
  snapshot.roles.emplace_hint(snapshot.roles.end(), std::move(role), *std::move(file));
  return OkStatus();
}

StatusOr<Snapshot> SnapshotOf(JsonValue document) {
  Snapshot snapshot;
  RIND_ASSIGN_OR_RETURN(snapshot.header, DecodeHeader(document, TopLevelRole::kSnapshot));
  RIND_ASSIGN_OR_RETURN(const JsonValue meta, Member(document, "meta", JsonKind::kObject));
  const Status added = meta.ForEachMember([&snapshot](std::string_view name, JsonValue value) {
    return AddRole(snapshot, name, value);
  });
  if (!added.ok()) return Annotate(added, "meta");
  if (!snapshot.roles.contains(RoleName(TopLevelRole::kTargets))) {
    return InvalidArgument("meta: targets.json: not there");
  }
  return snapshot;
}

Status AddTarget(Targets& targets, std::string_view path, JsonValue value) {
  RIND_RETURN_IF_ERROR(CheckName("target", path, kMaxTargetName));
  RIND_ASSIGN_OR_RETURN(const JsonValue object, Expect(value, JsonKind::kObject, path));
  auto file = DecodeTargetFile(object);
  if (!file.ok()) return Annotate(file.status(), Printable(path));
  targets.targets.emplace_hint(targets.targets.end(), path, *std::move(file));
  return OkStatus();
}

StatusOr<Targets> TargetsOf(JsonValue document) {
  Targets targets;
  RIND_ASSIGN_OR_RETURN(targets.header, DecodeHeader(document, TopLevelRole::kTargets));
  RIND_ASSIGN_OR_RETURN(const JsonValue files, Member(document, "targets", JsonKind::kObject));
  const Status added = files.ForEachMember([&targets](std::string_view path, JsonValue value) {
    return AddTarget(targets, path, value);
  });
  if (!added.ok()) return Annotate(added, "targets");
  if (document.Find("delegations")) {
    RIND_ASSIGN_OR_RETURN(const JsonValue object,
                          Member(document, "delegations", JsonKind::kObject));
    auto delegations = DecodeDelegations(object);
    if (!delegations.ok()) return Annotate(delegations.status(), "delegations");
    targets.delegations = *std::move(delegations);
  }
  return targets;
}

template <typename Document>
using Decoder = StatusOr<Document> (*)(JsonValue);

template <typename Document>
StatusOr<SignedDocument<Document>> Envelope(std::string_view bytes, Decoder<Document> decode) {
  RIND_ASSIGN_OR_RETURN(const JsonDocument json,
                        JsonDocument::Parse(bytes, ControlCharacters::kRefused));
  RIND_ASSIGN_OR_RETURN(const JsonValue envelope,
                        Expect(json.root(), JsonKind::kObject, "the file"));
  RIND_ASSIGN_OR_RETURN(const JsonValue array, Member(envelope, "signatures", JsonKind::kArray));
  RIND_ASSIGN_OR_RETURN(const JsonValue content, Member(envelope, "signed", JsonKind::kObject));
  RIND_ASSIGN_OR_RETURN(Document document, decode(content));
  RIND_ASSIGN_OR_RETURN(auto signatures, DecodeSignatures(array));
  return SignedDocument<Document>{.document = std::move(document),
                                  .canonical = content.Canonical(),
                                  .signatures = std::move(signatures)};
}

template <typename Document>
StatusOr<Document> CanonicalOnly(std::string_view canonical, Decoder<Document> decode) {
  RIND_ASSIGN_OR_RETURN(const JsonDocument json,
                        JsonDocument::Parse(canonical, ControlCharacters::kRaw));
  const JsonValue root = json.root();
  if (!root.IsCanonical() || root.SourceSize() != canonical.size()) {
    return InvalidArgument("not in canonical form");
  }
  RIND_ASSIGN_OR_RETURN(const JsonValue object, Expect(root, JsonKind::kObject, "the document"));
  return decode(object);
}

// The value, or its error with the role and a reason.
template <typename Value>
StatusOr<Value> For(TopLevelRole role, StatusOr<Value> value) {
  if (!value.ok()) return Malformed(value.status(), role);
  return value;
}

}  // namespace

StatusOr<SignedDocument<Root>> DecodeRoot(std::string_view bytes) {
  return For(TopLevelRole::kRoot, Envelope<Root>(bytes, &RootOf));
}
StatusOr<SignedDocument<Timestamp>> DecodeTimestamp(std::string_view bytes) {
  return For(TopLevelRole::kTimestamp, Envelope<Timestamp>(bytes, &TimestampOf));
}
StatusOr<SignedDocument<Snapshot>> DecodeSnapshot(std::string_view bytes) {
  return For(TopLevelRole::kSnapshot, Envelope<Snapshot>(bytes, &SnapshotOf));
}
StatusOr<SignedDocument<Targets>> DecodeTargets(std::string_view bytes) {
  return For(TopLevelRole::kTargets, Envelope<Targets>(bytes, &TargetsOf));
}

StatusOr<Root> DecodeCanonicalRoot(std::string_view canonical) {
  return For(TopLevelRole::kRoot, CanonicalOnly<Root>(canonical, &RootOf));
}
StatusOr<Timestamp> DecodeCanonicalTimestamp(std::string_view canonical) {
  return For(TopLevelRole::kTimestamp, CanonicalOnly<Timestamp>(canonical, &TimestampOf));
}
StatusOr<Snapshot> DecodeCanonicalSnapshot(std::string_view canonical) {
  return For(TopLevelRole::kSnapshot, CanonicalOnly<Snapshot>(canonical, &SnapshotOf));
}
StatusOr<Targets> DecodeCanonicalTargets(std::string_view canonical) {
  return For(TopLevelRole::kTargets, CanonicalOnly<Targets>(canonical, &TargetsOf));
}

}  // namespace rind::tuf
