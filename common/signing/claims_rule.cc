// S-08: who may be claimed, by whose word, and how such a document looks.

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/signing/refusal.h"
#include "common/signing/rules.h"
#include "common/tuf/json/encode.h"

namespace rind::signing {
namespace {

using tuf::ClaimedProject;

constexpr std::string_view kRule = "S-08";

std::vector<std::string> IdentitiesOf(const tuf::RoleSigners& signers) {
  std::vector<std::string> identities;
  for (const PublicKey& key : signers.keys) identities.push_back(key.identity());
  std::sort(identities.begin(), identities.end());
  return identities;
}

// OK when `key` signed the authorisation.
Status CheckSignedBy(const PublicKey& key, const SuppliedAuthorisation& authorisation,
                     std::string_view whose) {
  const std::string id = evidence::StatementKeyId(key);
  for (const auto& signature : authorisation.signatures) {
    if (signature.key_id != id) continue;
    return RefuseIfError(evidence::VerifyStatement(key, authorisation.statement, signature.bytes),
                         kRule, Cat("signature of ", whose, " ", id.substr(0, 8)));
  }
  return Refuse(kRule, Cat("is not signed by ", whose, " ", id.substr(0, 8)));
}

Status CheckAuthorisation(const ClaimedProject& project, const evidence::ClaimStatement& statement,
                          const SuppliedAuthorisation& authorisation, const Policy& policy,
                          absl::Time now) {
  if (statement.repository != policy.repository) {
    return Refuse("S-09", Cat("is for repository ", Printable(statement.repository, 64),
                              ": wanted ", policy.repository));
  }
  if (statement.expires <= now) {
    return Refuse(kRule,
                  Cat("expired ", FormatUtc(statement.expires), ", and it is ", FormatUtc(now)));
  }
  if (!SameSigners({statement.keys, statement.threshold}, project.signers)) {
    return Refuse(
        kRule, Cat("names ", statement.keys.size(), " keys and threshold ",
                   statement.threshold.value(), ", the document others (",
                   project.signers.keys.size(), " and ", project.signers.threshold.value(), ")"));
  }
  RIND_RETURN_IF_ERROR(CheckSignedBy(*policy.claims_officer, authorisation, "the claims officer"));
  for (const PublicKey& key : statement.keys) {
    RIND_RETURN_IF_ERROR(CheckSignedBy(key, authorisation, "the project's key"));
  }
  return OkStatus();
}

// S-09: a project's key must not be one that this signer signs with.
Status CheckNotOurs(std::string_view who, const ClaimedProject& project, const Policy& policy) {
  for (const PublicKey& key : project.signers.keys) {
    for (const auto& [role, own] : policy.own_keys) {
      if (own == key) {
        return Refuse("S-09",
                      Cat(who, ": ", project.project, ": its key is this signer's for ", role));
      }
    }
  }
  return OkStatus();
}

// A removal needs the latest `claimed`, which delegates to the project with the same keys.
Status CheckPromoted(std::string_view who, const std::vector<ClaimedProject>& removed,
                     const Proposal& proposal, const Memory& memory, const Policy& policy,
                     Intent& intent) {
  RIND_ASSIGN_OR_RETURN(const TrustChain chain,
                        TrustChain::Build(who, memory.root(), proposal.files));
  const TrustChain::File* targets = chain.Find(tuf::TopLevelRole::kTargets);
  const TrustChain::File* claimed = chain.Find(tuf::ClaimedRole());
  if (targets == nullptr || claimed == nullptr) {
    return Refuse(kRule, Cat(who, ": ", removed.front().project,
                             ": would leave, and targets and claimed were not sent along to show "
                             "that it was promoted"));
  }
  // The root that proofs start from is one whose targets name this signer's own key.
  const tuf::RoleKeys* ours = targets->document.delegations.has_value()
                                  ? targets->document.delegations->KeysFor(proposal.role)
                                  : nullptr;
  const tuf::KeyId own = tuf::KeyId::Of(policy.own_keys.at("recently-claimed"));
  if (ours == nullptr ||
      std::find(ours->key_ids.begin(), ours->key_ids.end(), own) == ours->key_ids.end()) {
    return Refuse("S-09", Cat(who, ": targets sent along do not name this signer's key"));
  }
  for (const auto& [role, file] : {std::pair("targets", targets), std::pair("claimed", claimed)}) {
    const std::int64_t version = file->document.header.version.value();
    if (version < memory.OfflineVersion(role)) {
      return Refuse("S-02", Cat(who, ": ", role, " v", version, " was sent along, and v",
                                memory.OfflineVersion(role), " was shown before"));
    }
    intent.offline[role] = version;
  }
  intent.root = chain.moved();
  RIND_ASSIGN_OR_RETURN(const std::vector<ClaimedProject> promoted,
                        ClaimsOf("claimed sent along", claimed->document));
  for (const ClaimedProject& project : removed) {
    const auto there =
        std::find_if(promoted.begin(), promoted.end(),
                     [&](const ClaimedProject& other) { return other.project == project.project; });
    if (there == promoted.end() || !SameSigners(there->signers, project.signers)) {
      return Refuse(kRule, Cat(who, ": ", project.project,
                               ": would leave, and claimed does not delegate to it with the same "
                               "keys"));
    }
  }
  return OkStatus();
}

}  // namespace

bool SameSigners(const tuf::RoleSigners& a, const tuf::RoleSigners& b) {
  return a.threshold == b.threshold && IdentitiesOf(a) == IdentitiesOf(b);
}

StatusOr<std::vector<ClaimedProject>> ClaimsOf(std::string_view who, const tuf::Targets& document) {
  auto projects = tuf::ReadClaims(document);
  RIND_RETURN_IF_ERROR(RefuseIfError(projects.status(), kRule, who));
  if (tuf::EncodeCanonical(tuf::BuildClaims(document.header, *projects)) !=
      tuf::EncodeCanonical(document)) {
    return Refuse(kRule, Cat(who,
                             ": is not exactly one terminating delegation for each project, "
                             "sorted, with its two patterns"));
  }
  return projects;
}

ClaimChanges Compare(const std::vector<ClaimedProject>& before,
                     const std::vector<ClaimedProject>& after) {
  std::map<std::string, const ClaimedProject*> old;
  for (const ClaimedProject& project : before) old[project.project] = &project;
  ClaimChanges changes;
  for (const ClaimedProject& project : after) {
    const auto found = old.find(project.project);
    if (found == old.end() || !SameSigners(found->second->signers, project.signers)) {
      changes.added_or_rekeyed.push_back(project);
    }
    if (found != old.end()) old.erase(found);
  }
  for (const auto& [name, project] : old) changes.removed.push_back(*project);
  return changes;
}

Status CheckAuthorised(std::string_view who, const std::vector<ClaimedProject>& projects,
                       const std::vector<SuppliedAuthorisation>& authorisations,
                       const Policy& policy, absl::Time now) {
  for (const ClaimedProject& project : projects) {
    const std::string where = Cat(who, ": ", project.project);
    RIND_RETURN_IF_ERROR(CheckNotOurs(who, project, policy));
    if (!policy.claims_officer.has_value()) {
      return Refuse(kRule, Cat(where, ": is claimed, and no claims officer is configured here"));
    }
    // The newest problem of an authorisation for this project, if none of them is good.
    Status outcome = Refuse(kRule, Cat(where,
                                       ": is new or has new keys, and no authorisation for "
                                       "it was sent along"));
    for (const SuppliedAuthorisation& authorisation : authorisations) {
      const auto statement = evidence::DecodeClaim(authorisation.statement);
      RIND_RETURN_IF_ERROR(RefuseIfError(statement.status(), kRule, where));
      if (statement->project != project.project) continue;
      outcome = CheckAuthorisation(project, *statement, authorisation, policy, now);
      if (outcome.ok()) break;
      outcome = Refuse(RuleOf(outcome), Cat(where, ": its authorisation ", MessageOf(outcome)));
    }
    RIND_RETURN_IF_ERROR(outcome);
  }
  return OkStatus();
}

Status JudgeRecentlyClaimed(std::string_view who, const Proposal& proposal,
                            const tuf::Targets& proposed, const tuf::Targets* previous,
                            const Memory& memory, const Policy& policy, absl::Time now,
                            Intent& intent) {
  RIND_ASSIGN_OR_RETURN(const auto after, ClaimsOf(who, proposed));
  std::vector<ClaimedProject> before;
  if (previous != nullptr) {
    RIND_ASSIGN_OR_RETURN(before, ClaimsOf(who, *previous));
  }
  const ClaimChanges changes = Compare(before, after);
  RIND_RETURN_IF_ERROR(
      CheckAuthorised(who, changes.added_or_rekeyed, proposal.authorisations, policy, now));
  if (changes.removed.empty()) return OkStatus();
  return CheckPromoted(who, changes.removed, proposal, memory, policy, intent);
}

Status JudgeClaimed(std::string_view who, const Proposal& proposal, const tuf::Targets& proposed,
                    const tuf::Targets* previous, const Policy& policy, absl::Time now) {
  RIND_ASSIGN_OR_RETURN(const auto after, ClaimsOf(who, proposed));
  std::vector<ClaimedProject> before;
  if (previous != nullptr) {
    RIND_ASSIGN_OR_RETURN(before, ClaimsOf(who, *previous));
  }
  // Removals are shown to the holder, who approves; nobody else could vouch for them.
  return CheckAuthorised(who, Compare(before, after).added_or_rekeyed, proposal.authorisations,
                         policy, now);
}

}  // namespace rind::signing
