#include "services/offline_signer/review.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/tuf/build/build.h"
#include "common/tuf/json/canonical_json.h"
#include "common/tuf/json/decode.h"

namespace rind::offline_signer {
namespace {

using signing::Proposal;

constexpr std::size_t kMaxReason = 500;

bool IsRoot(const Proposal& document) {
  return document.role == tuf::RoleName(tuf::TopLevelRole::kRoot);
}

StatusOr<tuf::Header> HeaderOf(const Proposal& document, const std::string& bytes) {
  if (IsRoot(document)) {
    RIND_ASSIGN_OR_RETURN(const tuf::Root root, tuf::DecodeCanonicalRoot(bytes));
    return root.header;
  }
  RIND_ASSIGN_OR_RETURN(const tuf::Targets targets, tuf::DecodeCanonicalTargets(bytes));
  return targets.header;
}

// What a holder compares, one line for each thing: "keys of snapshot" -> "1 of: 9f2c...".
using Facts = std::map<std::string, std::string>;

std::string KeysText(const tuf::RoleKeys& role, const tuf::KeyMap& keys) {
  std::vector<std::string> parts;
  for (const tuf::KeyId& id : role.key_ids) {
    const auto key = keys.find(id);
    parts.push_back(Printable(key == keys.end() ? id.text() : key->second.material, 64));
  }
  std::sort(parts.begin(), parts.end());
  return Cat(role.threshold.value(), " of ", parts.size(), ": ", Join(parts, ", "));
}

StatusOr<Facts> FactsOf(const Proposal& document, const std::string& bytes) {
  Facts facts;
  if (bytes.empty()) return facts;
  if (IsRoot(document)) {
    RIND_ASSIGN_OR_RETURN(const tuf::Root root, tuf::DecodeCanonicalRoot(bytes));
    for (const auto& [role, keys] : root.roles) {
      facts[Cat("keys of ", tuf::NameOf(role))] = KeysText(keys, root.keys);
    }
    return facts;
  }
  RIND_ASSIGN_OR_RETURN(const tuf::Targets targets, tuf::DecodeCanonicalTargets(bytes));
  if (!targets.delegations.has_value()) return facts;
  const tuf::KeyMap& keys = targets.delegations->keys;
  if (const auto* bins = std::get_if<tuf::SuccinctRoles>(&targets.delegations->roles)) {
    facts["number of bins"] = Cat(bins->BinCount());
    facts["keys of the bins"] = KeysText(bins->keys(), keys);
    return facts;
  }
  for (const tuf::DelegatedRole& role :
       std::get<std::vector<tuf::DelegatedRole>>(targets.delegations->roles)) {
    const std::string_view project = tuf::ProjectOf(role.name);
    const std::string what =
        project.empty() ? Cat("keys of ", Printable(role.name.text())) : Cat("project ", project);
    facts[what] = KeysText(role.keys, keys);
  }
  return facts;
}

void AppendDifferences(const Facts& before, const Facts& after, std::string& out) {
  std::size_t same = 0;
  for (const auto& [what, value] : after) {
    const auto old = before.find(what);
    if (old == before.end()) {
      out += Cat("  new      ", what, ": ", value, "\n");
    } else if (old->second != value) {
      out += Cat("  changed  ", what, ": ", value, "\n           was: ", old->second, "\n");
    } else {
      ++same;
    }
  }
  for (const auto& [what, value] : before) {
    if (!after.contains(what)) out += Cat("  REMOVED  ", what, ": ", value, "\n");
  }
  if (same > 0) out += Cat("  the same: ", same, "\n");
}

void AppendDocument(const Proposal& document, absl::Time now, std::string& out) {
  const auto header = HeaderOf(document, document.proposed);
  const auto after = FactsOf(document, document.proposed);
  const auto before = FactsOf(document, document.previous);
  if (!header.ok() || !after.ok() || !before.ok()) {
    out += Cat("\n", Printable(document.role.text()), ": can't be read\n");
    return;
  }
  out += Cat("\n", document.role.text(), " v", header->version.value());
  const auto old = HeaderOf(document, document.previous);
  if (!document.previous.empty() && old.ok()) {
    out += Cat(" (was v", old->version.value(), ", expires ", FormatUtc(old->expires), ")");
  } else {
    out += " (the first)";
  }
  out += Cat("\n  expires  ", FormatUtc(header->expires), ", in ",
             FormatSpan(header->expires - now), "\n");
  AppendDifferences(*before, *after, out);
  out += Cat("  sha256   ", Sha256(document.proposed).Hex(), "\n");
}

}  // namespace

StatusOr<std::int64_t> VersionOf(const Proposal& document) {
  RIND_ASSIGN_OR_RETURN(const tuf::Header header, HeaderOf(document, document.proposed));
  return header.version.value();
}

StatusOr<Sha256Digest> DigestOf(const std::string& repository, const std::string& reason,
                                const std::vector<Proposal>& documents) {
  if (reason.size() > kMaxReason || !IsStrictUtf8(reason)) {
    return InvalidArgument(Cat("reason: wanted text of at most ", kMaxReason, " bytes"));
  }
  tuf::CanonicalWriter writer;
  writer.BeginObject();
  writer.Name("_type");
  writer.String("rind-proposal");
  writer.Name("documents");
  writer.BeginArray();
  for (const Proposal& document : documents) {
    const auto version = VersionOf(document);
    if (!version.ok()) {
      return InvalidArgument(
          Cat(Printable(document.role.text()), ": signed: ", MessageOf(version.status())));
    }
    writer.BeginObject();
    writer.Name("role");
    writer.String(document.role.text());
    writer.Name("sha256");
    writer.String(Sha256(document.proposed).Hex());
    writer.Name("version");
    writer.Integer(*version);
    writer.EndObject();
  }
  writer.EndArray();
  writer.Name("reason");
  writer.String(reason);
  writer.Name("repository");
  writer.String(repository);
  writer.EndObject();
  return Sha256(writer.Take());
}

std::string Review(const std::string& repository, const std::string& reason,
                   const std::vector<Proposal>& documents, const Sha256Digest& digest,
                   absl::Time now) {
  std::string out = Cat("Proposal ", digest.Hex().substr(0, 16), " for repository ", repository,
                        "\nreason     ", Printable(reason, kMaxReason), "\n");
  for (const Proposal& document : documents) AppendDocument(document, now, out);
  std::string grouped;
  const std::string hex = digest.Hex();
  for (std::size_t i = 0; i < hex.size(); i += 8) grouped += Cat(" ", hex.substr(i, 8));
  out += Cat("\ndigest    ", grouped, "\nCompare it on a second screen before you approve.\n");
  return out;
}

}  // namespace rind::offline_signer
