#include "common/signing/policy.h"

#include <algorithm>
#include <utility>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/signing/refusal.h"
#include "common/signing/rules.h"
#include "common/tuf/build/build.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/json/encode.h"

namespace rind::signing {
namespace {

using tuf::RoleName;

bool IsBin(std::string_view role) {
  if (!role.starts_with(tuf::kBinPrefix) || role.size() < 5 || role.size() > 8 || role[3] != '-') {
    return false;
  }
  return std::all_of(role.begin() + 4, role.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// `role` itself or a shard of it: "claimed", "claimed-a".
bool IsOrShards(std::string_view role, std::string_view base) {
  return role == base ||
         (role.size() > base.size() + 1 && role.starts_with(base) && role[base.size()] == '-');
}

absl::Duration LifetimeOf(const Lifetimes& lifetimes, std::string_view key_role) {
  if (key_role == "timestamp") return lifetimes.timestamp;
  if (key_role == "snapshot") return lifetimes.snapshot;
  if (key_role == "bins") return lifetimes.bins;
  if (key_role == "recently-claimed") return lifetimes.recently_claimed;
  return lifetimes.offline;
}

// S-02 and S-04, and that `previous` is the document that was signed last.
Status CheckVersion(std::string_view who, std::int64_t version, const Proposal& proposal,
                    const Memory& memory) {
  const Remembered* last = memory.Find(proposal.role);
  const std::int64_t newest = last == nullptr ? 0 : last->version;
  if (last != nullptr && version == newest) {
    return Refuse("S-04",
                  Cat(who, ": another document with this version was signed: found ",
                      Sha256(proposal.proposed).Short(), ", wanted ", last->digest.Short()));
  }
  if (version != newest + 1) {
    return Refuse("S-02", Cat(who, ": the newest version is ", newest, ": wanted ", newest + 1));
  }
  if (last == nullptr) {
    if (proposal.previous.empty()) return OkStatus();
    return Refuse("S-02", Cat(who, ": a previous document was sent, and none was ever signed"));
  }
  const Sha256Digest found = Sha256(proposal.previous);
  if (found != last->digest) {
    return Refuse("S-02", Cat(who, ": the previous document sent along is ", found.Short(),
                              ", the one signed is ", last->digest.Short()));
  }
  return OkStatus();
}

Status CheckLifetime(std::string_view who, absl::Time expires, absl::Duration lifetime,
                     absl::Time now) {
  if (expires <= now) {
    return Refuse("S-03",
                  Cat(who, ": expires ", FormatUtc(expires), ", and it is ", FormatUtc(now)));
  }
  if (expires > now + lifetime + kClockTolerance) {
    return Refuse("S-03", Cat(who, ": lives for ", FormatSpan(expires - now), ": wanted at most ",
                              FormatSpan(lifetime)));
  }
  return OkStatus();
}

// A document of one kind and its predecessor, both decoded; the proposed one is exactly what our
// own encoder makes of it.
template <typename Document>
struct Pair {
  Document proposed;
  std::optional<Document> previous;
  const Document* before() const { return previous.has_value() ? &*previous : nullptr; }
};

template <typename Document, typename Decode>
StatusOr<Pair<Document>> DecodePair(const Proposal& proposal, Decode decode) {
  const std::string& role = proposal.role.text();
  StatusOr<Document> proposed = decode(proposal.proposed);
  RIND_RETURN_IF_ERROR(RefuseIfError(proposed.status(), "P-05", role));
  if (tuf::EncodeCanonical(*proposed) != proposal.proposed) {
    return Refuse("P-05", Cat(role, " v", proposed->header.version.value(),
                              ": holds members or spellings that this signer does not write"));
  }
  Pair<Document> pair = {*std::move(proposed), std::nullopt};
  if (!proposal.previous.empty()) {
    StatusOr<Document> previous = decode(proposal.previous);
    RIND_RETURN_IF_ERROR(
        RefuseIfError(previous.status(), "P-05", Cat(role, ": previous document")));
    pair.previous = *std::move(previous);
  }
  return pair;
}

// What a proposal is held against.
struct Measure {
  const std::string& key_role;
  const Memory& memory;
  const Policy& policy;
  absl::Time now;
};

// The rules that every document is under; gives the intent that the role's own rules complete.
StatusOr<Intent> JudgeHeader(std::string_view who, const Proposal& proposal,
                             const tuf::Header& header, const Measure& measure) {
  RIND_RETURN_IF_ERROR(CheckVersion(who, header.version.value(), proposal, measure.memory));
  RIND_RETURN_IF_ERROR(CheckLifetime(
      who, header.expires, LifetimeOf(measure.policy.lifetimes, measure.key_role), measure.now));
  Intent intent;
  intent.role = proposal.role;
  intent.version = header.version.value();
  intent.digest = Sha256(proposal.proposed);
  intent.expires = header.expires;
  intent.time = measure.now;
  return intent;
}

// `rules(who, pair, intent)` are those of the role.
template <typename Document, typename Decode, typename Rules>
StatusOr<Intent> JudgeAs(const Proposal& proposal, const Measure& measure, Decode decode,
                         Rules rules) {
  RIND_ASSIGN_OR_RETURN(const auto pair, DecodePair<Document>(proposal, decode));
  const tuf::Header& header = pair.proposed.header;
  const std::string who = Cat(proposal.role.text(), " v", header.version.value());
  RIND_ASSIGN_OR_RETURN(Intent intent, JudgeHeader(who, proposal, header, measure));
  RIND_RETURN_IF_ERROR(rules(who, pair, intent));
  return intent;
}

Status JudgeTargetsRole(std::string_view who, const Proposal& proposal,
                        const Pair<tuf::Targets>& pair, const Measure& measure, Intent& intent) {
  const auto& [key_role, memory, policy, now] = measure;
  if (key_role == "bins") {
    RIND_ASSIGN_OR_RETURN(intent.departed, JudgeBin(who, proposal, pair.proposed, pair.before(),
                                                    memory, policy, now));
    return OkStatus();
  }
  if (key_role == "recently-claimed") {
    return JudgeRecentlyClaimed(who, proposal, pair.proposed, pair.before(), memory, policy, now,
                                intent);
  }
  if (key_role == "targets") return JudgeTopTargets(who, pair.proposed, policy);
  if (key_role == "claimed") {
    return JudgeClaimed(who, proposal, pair.proposed, pair.before(), policy, now);
  }
  return JudgeUnclaimed(who, pair.proposed, policy);
}

}  // namespace

std::string_view NameOf(SignerKind kind) {
  switch (kind) {
    case SignerKind::kRelease:
      return "release";
    case SignerKind::kContent:
      return "content";
    case SignerKind::kOffline:
      return "offline";
  }
  return "";
}

StatusOr<Lifetimes> LifetimesOf(std::string_view profile) {
  Lifetimes lifetimes = {.offline = absl::Hours(24 * 365),
                         .recently_claimed = absl::Hours(24 * 7),
                         .bins = absl::Hours(24 * 7),
                         .snapshot = absl::Hours(24 * 7),
                         .timestamp = absl::Hours(24)};
  if (profile == "default") return lifetimes;
  if (profile == "pep458") {
    lifetimes.bins = lifetimes.snapshot = absl::Hours(24);
    return lifetimes;
  }
  if (profile == "relaxed") {
    lifetimes.timestamp = absl::Hours(24 * 7);
    return lifetimes;
  }
  return InvalidArgument(
      Cat("profile '", Printable(profile, 40), "': wanted default, pep458 or relaxed"));
}

StatusOr<std::string> KeyRoleOf(SignerKind kind, const RoleName& role) {
  const std::string& name = role.text();
  switch (kind) {
    case SignerKind::kRelease:
      if (name == "snapshot" || name == "timestamp") return name;
      break;
    case SignerKind::kContent:
      if (IsBin(name)) return std::string("bins");
      if (IsOrShards(name, "recently-claimed")) return std::string("recently-claimed");
      break;
    case SignerKind::kOffline:
      if (name == "root" || name == "targets" || name == "unclaimed") return name;
      if (IsOrShards(name, "claimed")) return std::string("claimed");
      break;
  }
  return Refuse("S-01",
                Cat(Printable(name, 100), ": is not a role of the ", NameOf(kind), " signer"));
}

Status JudgeCall(std::string_view repository, absl::Time manager_time, const Memory& memory,
                 const Policy& policy, absl::Time now) {
  if (repository != policy.repository) {
    return Refuse("S-09",
                  Cat("repository '", Printable(repository, 64), "': wanted ", policy.repository));
  }
  const absl::Duration apart = manager_time > now ? manager_time - now : now - manager_time;
  if (apart > kClockTolerance) {
    return Refuse("S-03",
                  Cat("the manager says it is ", FormatUtc(manager_time), ", this signer's clock ",
                      FormatUtc(now), ": wanted at most 60 s between them"));
  }
  if (now < memory.clock_floor()) {
    return Refuse("S-03", Cat("this signer's clock says ", FormatUtc(now), ", and it signed at ",
                              FormatUtc(memory.clock_floor()), ": a clock that ran backwards"));
  }
  return OkStatus();
}

bool IsRepeat(const Proposal& proposal, const Memory& memory) {
  const Remembered* last = memory.Find(proposal.role);
  return last != nullptr && last->digest == Sha256(proposal.proposed);
}

StatusOr<Intent> Judge(const Proposal& proposal, const Memory& memory, const Policy& policy,
                       absl::Time now) {
  RIND_ASSIGN_OR_RETURN(const std::string key_role, KeyRoleOf(policy.kind, proposal.role));
  if (!policy.own_keys.contains(key_role)) {
    return Refuse("S-01", Cat(proposal.role.text(), ": this signer has no key for ", key_role));
  }
  const Measure measure = {key_role, memory, policy, now};
  if (key_role == "root") {
    return JudgeAs<tuf::Root>(proposal, measure, tuf::DecodeCanonicalRoot,
                              [&](const auto& who, const auto& pair, Intent& /*intent*/) {
                                return JudgeRoot(who, pair.proposed, policy);
                              });
  }
  if (key_role == "snapshot") {
    return JudgeAs<tuf::Snapshot>(proposal, measure, tuf::DecodeCanonicalSnapshot,
                                  [&](const auto& who, const auto& pair, Intent& intent) {
                                    return JudgeSnapshot(who, proposal, pair.proposed,
                                                         pair.before(), memory, policy, intent);
                                  });
  }
  if (key_role == "timestamp") {
    return JudgeAs<tuf::Timestamp>(proposal, measure, tuf::DecodeCanonicalTimestamp,
                                   [&](const auto& who, const auto& pair, Intent& /*intent*/) {
                                     return JudgeTimestamp(who, pair.proposed, memory);
                                   });
  }
  return JudgeAs<tuf::Targets>(proposal, measure, tuf::DecodeCanonicalTargets,
                               [&](const auto& who, const auto& pair, Intent& intent) {
                                 return JudgeTargetsRole(who, proposal, pair, measure, intent);
                               });
}

}  // namespace rind::signing
