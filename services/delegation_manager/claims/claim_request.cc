#include "services/delegation_manager/claims/claim_request.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/evidence/statement_key.h"

namespace rind::delegation_manager {
namespace {

constexpr std::size_t kMaxStatementBytes = 16ULL * 1024;

std::string ShortId(std::string_view key_id) { return Printable(key_id.substr(0, 8)); }

// What the statement says, without its signatures.
StatusOr<evidence::ClaimStatement> CheckStatement(std::string_view bytes,
                                                  std::string_view repository,
                                                  std::string_view project, absl::Time now) {
  if (bytes.size() > kMaxStatementBytes) {
    return InvalidArgument(Cat("claim of ", project, ": a statement of ", bytes.size(),
                               " bytes, at most ", kMaxStatementBytes));
  }
  RIND_ASSIGN_OR_RETURN(evidence::ClaimStatement claim, evidence::DecodeClaim(bytes));
  const std::string who = Cat("claim of ", project);
  if (claim.repository != repository) {
    return FailedPrecondition(
        Cat(who, ": is for repository ", Printable(claim.repository), ", this is ", repository));
  }
  if (claim.project != project) {
    return FailedPrecondition(Cat(who, ": the statement is about ", Printable(claim.project)));
  }
  if (claim.keys.empty() || claim.keys.size() > kMaxProjectKeys) {
    return FailedPrecondition(
        Cat(who, ": ", claim.keys.size(), " keys, wanted 1 to ", kMaxProjectKeys));
  }
  for (std::size_t i = 0; i < claim.keys.size(); ++i) {
    const PublicKey& key = claim.keys[i];
    if (key.scheme() != KeyScheme::kEd25519) {
      return FailedPrecondition(
          Cat(who, ": a key of scheme ", SchemeName(key.scheme()), ", wanted ed25519"));
    }
    if (std::find(claim.keys.begin(), claim.keys.begin() + static_cast<std::ptrdiff_t>(i), key) !=
        claim.keys.begin() + static_cast<std::ptrdiff_t>(i)) {
      return FailedPrecondition(Cat(who, ": key ", key.material().substr(0, 8), " twice"));
    }
  }
  if (static_cast<std::size_t>(claim.threshold.value()) > claim.keys.size()) {
    return FailedPrecondition(
        Cat(who, ": threshold ", claim.threshold.value(), " of ", claim.keys.size(), " keys"));
  }
  if (claim.expires <= now || claim.expires > now + kLongestAuthorisation) {
    return FailedPrecondition(Cat(who, ": valid until ", FormatUtc(claim.expires), ", now is ",
                                  FormatUtc(now), ", at most 90 days ahead"));
  }
  return claim;
}

// Takes each key's signature out of `left`; each must be there and verify.
Status CheckPossession(const evidence::ClaimStatement& claim, std::string_view statement,
                       std::map<std::string, std::string>& left) {
  for (const PublicKey& key : claim.keys) {
    const std::string id = evidence::StatementKeyId(key);
    const auto found = left.find(id);
    if (found == left.end()) {
      return FailedPrecondition(Cat("claim of ", claim.project, ": key ", ShortId(id),
                                    " did not sign it: no proof of its possession"));
    }
    if (!evidence::VerifyStatement(key, statement, found->second).ok()) {
      return FailedPrecondition(Cat("claim of ", claim.project, ": the signature by key ",
                                    ShortId(id), " does not verify"));
    }
    left.erase(found);
  }
  return OkStatus();
}

StatusOr<std::map<std::string, std::string>> ByKey(const SignedClaim& claim,
                                                   std::string_view project) {
  if (claim.signatures.size() > kMaxProjectKeys + 1) {
    return InvalidArgument(Cat("claim of ", project, ": ", claim.signatures.size(),
                               " signatures, at most ", kMaxProjectKeys + 1));
  }
  std::map<std::string, std::string> by_key;
  for (const StatementSignature& signature : claim.signatures) {
    if (!by_key.emplace(signature.key_id, signature.signature).second) {
      return FailedPrecondition(
          Cat("claim of ", project, ": key ", ShortId(signature.key_id), " signed twice"));
    }
  }
  return by_key;
}

}  // namespace

StatusOr<evidence::ClaimStatement> CheckClaim(const SignedClaim& claim, std::string_view repository,
                                              std::string_view project, absl::Time now) {
  RIND_ASSIGN_OR_RETURN(evidence::ClaimStatement statement,
                        CheckStatement(claim.statement, repository, project, now));
  RIND_ASSIGN_OR_RETURN(auto left, ByKey(claim, project));
  RIND_RETURN_IF_ERROR(CheckPossession(statement, claim.statement, left));
  if (!left.empty()) {
    return FailedPrecondition(Cat("claim of ", project, ": signed by ",
                                  ShortId(left.begin()->first), ", which is none of its keys"));
  }
  return statement;
}

StatusOr<evidence::ClaimStatement> CheckAuthorisation(const SignedClaim& authorised,
                                                      const SignedClaim& requested,
                                                      const std::optional<PublicKey>& officer,
                                                      absl::Time now) {
  RIND_ASSIGN_OR_RETURN(const auto asked, evidence::DecodeClaim(requested.statement));
  if (authorised.statement != requested.statement) {
    return FailedPrecondition(Cat("authorisation of ", asked.project,
                                  ": its statement is not the one that was requested"));
  }
  RIND_ASSIGN_OR_RETURN(evidence::ClaimStatement statement,
                        CheckStatement(authorised.statement, asked.repository, asked.project, now));
  RIND_ASSIGN_OR_RETURN(auto left, ByKey(authorised, asked.project));
  RIND_RETURN_IF_ERROR(CheckPossession(statement, authorised.statement, left));
  if (left.size() != 1) {
    return FailedPrecondition(Cat("authorisation of ", asked.project, ": ", left.size(),
                                  " signatures beside the project's keys, wanted one: the claims "
                                  "officer's"));
  }
  const auto& [key_id, signature] = *left.begin();
  if (!officer) return statement;  // the content-signer, which pins the key, judges it
  if (key_id != evidence::StatementKeyId(*officer)) {
    return FailedPrecondition(Cat("authorisation of ", asked.project, ": signed by ",
                                  ShortId(key_id), ", which is not the claims officer's key"));
  }
  if (!evidence::VerifyStatement(*officer, authorised.statement, signature).ok()) {
    return FailedPrecondition(Cat("authorisation of ", asked.project,
                                  ": the claims officer's signature does not verify"));
  }
  return statement;
}

tuf::RoleSigners SignersOf(const evidence::ClaimStatement& claim) {
  return tuf::RoleSigners{.keys = claim.keys, .threshold = claim.threshold};
}

StatusOr<CheckedClaim> CheckClaimRequest(const SignedClaim& claim, std::string_view role_file,
                                         const ProjectPages& pages, const ProjectView& view,
                                         absl::Time now) {
  RIND_ASSIGN_OR_RETURN(evidence::ClaimStatement statement,
                        CheckClaim(claim, view.repository, view.project, now));
  // New files come with a push, once the keys are the project's: until then anybody could fill the
  // disk with what they claim.
  const BlobLength nothing_new = [](const Sha256Digest&) -> StatusOr<std::uint64_t> {
    return FailedPrecondition("is not published now: a claim brings no new files");
  };
  RIND_ASSIGN_OR_RETURN(ProjectRole role, CheckProjectRole(role_file, pages, SignersOf(statement),
                                                           view, nothing_new, now));
  return CheckedClaim{.statement = std::move(statement), .role = std::move(role)};
}

}  // namespace rind::delegation_manager
