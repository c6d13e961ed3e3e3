#include "services/offline_signer/proposal_desk.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/signing/refusal.h"
#include "services/offline_signer/review.h"

namespace rind::offline_signer {
namespace {

constexpr std::size_t kMaxLaid = 64;
constexpr std::size_t kMaxDocuments = 64;

// "root, targets, claimed, unclaimed v1".
std::string NamesOf(const LaidProposal& laid) {
  std::vector<std::string> names;
  for (const auto& document : laid.documents) names.push_back(document.role.text());
  return Join(names, ", ");
}

}  // namespace

ProposalDesk::ProposalDesk(signing::SigningSession& session, const Clock& clock,
                           bool demo_bootstrap)
    : session_(session), clock_(clock), demo_(demo_bootstrap) {}

bool ProposalDesk::DemoBootstrap() const { return demo_ && session_.LedgerIsEmpty(); }

bool ProposalDesk::Finished() const {
  const absl::MutexLock lock(&mu_);
  return finished_;
}

bool ProposalDesk::IsBootstrap(const LaidProposal& laid) const {
  return demo_ && std::all_of(laid.documents.begin(), laid.documents.end(), [](const auto& one) {
           const auto version = VersionOf(one);
           return version.ok() && *version == 1;
         });
}

StatusOr<LaidProposal> ProposalDesk::Propose(const std::string& repository, absl::Time manager_time,
                                             const std::string& reason,
                                             std::vector<signing::Proposal> documents) {
  if (documents.empty() || documents.size() > kMaxDocuments) {
    return InvalidArgument(
        Cat("a proposal of ", documents.size(), " documents: wanted 1 to ", kMaxDocuments));
  }
  RIND_ASSIGN_OR_RETURN(const Sha256Digest digest, DigestOf(repository, reason, documents));
  const std::string id = digest.Hex().substr(0, 16);
  const absl::MutexLock lock(&mu_);
  const auto present = laid_.find(id);
  if (present != laid_.end() && present->second.state != ProposalState::kRefused) {
    return present->second;
  }
  LaidProposal laid;
  laid.id = id;
  laid.digest = digest;
  laid.reason = reason;
  laid.documents = std::move(documents);
  const Status judged = session_.Check(
      {.repository = repository, .manager_time = manager_time, .documents = laid.documents});
  if (!judged.ok()) {
    laid.rule = signing::RuleOf(judged);
    if (laid.rule.empty()) return judged;
    laid.state = ProposalState::kRefused;
    laid.message = std::string(MessageOf(judged));
    LogWarning(Cat("proposal ", id, " refused by ", laid.rule, ": ", laid.message));
    // Kept for whoever asks why; a later try is judged anew.
    MakeRoom();
    laid_[id] = laid;
    return laid;
  }
  if (session_.AllRepeats(laid.documents)) {
    RIND_RETURN_IF_ERROR(Sign(laid));
  } else if (IsBootstrap(laid) && session_.LedgerIsEmpty()) {
    LogWarning(Cat("DEMO approval: ", NamesOf(laid), " v1"));
    RIND_RETURN_IF_ERROR(Sign(laid));
  } else {
    LogInfo(Cat("proposal ", id, " waits: rind-offline-signer review ", id));
  }
  MakeRoom();
  laid_[id] = laid;
  return laid;
}

// The desk is bounded: what is decided goes first; a requester that lays more than fits loses the
// one with the lowest id, and may lay it again.
void ProposalDesk::MakeRoom() {
  if (laid_.size() < kMaxLaid) return;
  const auto decided = std::find_if(laid_.begin(), laid_.end(), [](const auto& entry) {
    return entry.second.state != ProposalState::kWaiting;
  });
  laid_.erase(decided != laid_.end() ? decided : laid_.begin());
}

Status ProposalDesk::Sign(LaidProposal& laid) {
  // The requester's clock was compared when it proposed; a person may take hours to read.
  auto results = session_.SignTogether({.repository = session_.policy().repository,
                                        .manager_time = clock_.Now(),
                                        .documents = laid.documents});
  if (!results.ok()) {
    laid.rule = signing::RuleOf(results.status());
    if (laid.rule.empty()) return results.status();
    laid.state = ProposalState::kRefused;
    laid.message = std::string(MessageOf(results.status()));
    return OkStatus();
  }
  laid.signatures = *std::move(results);
  laid.state = ProposalState::kApproved;
  return OkStatus();
}

StatusOr<LaidProposal> ProposalDesk::Fetch(const std::string& id) {
  const absl::MutexLock lock(&mu_);
  const auto found = laid_.find(id);
  if (found == laid_.end()) {
    return NotFound(Cat("proposal ", Printable(id, 32), ": is not here; propose it again"));
  }
  if (found->second.state == ProposalState::kApproved && IsBootstrap(found->second) && !finished_) {
    finished_ = true;
    LogWarning("keys sealed, stopping");
  }
  return found->second;
}

std::string ProposalDesk::Pending() const {
  const absl::MutexLock lock(&mu_);
  std::string out;
  for (const auto& [id, laid] : laid_) {
    if (laid.state != ProposalState::kWaiting) continue;
    out += Cat(id, "  ", NamesOf(laid), "  ", Printable(laid.reason), "\n");
  }
  return out.empty() ? "nothing waits\n" : out;
}

StatusOr<std::string> ProposalDesk::Review(const std::string& id, Sha256Digest* digest) const {
  const absl::MutexLock lock(&mu_);
  const auto found = laid_.find(id);
  if (found == laid_.end()) return NotFound(Cat("proposal ", Printable(id, 32), ": is not here"));
  if (digest != nullptr) *digest = found->second.digest;
  return offline_signer::Review(session_.policy().repository, found->second.reason,
                                found->second.documents, found->second.digest, clock_.Now());
}

StatusOr<std::string> ProposalDesk::Approve(const std::string& id, const Sha256Digest& digest) {
  const absl::MutexLock lock(&mu_);
  const auto found = laid_.find(id);
  if (found == laid_.end()) return NotFound(Cat("proposal ", Printable(id, 32), ": is not here"));
  LaidProposal& laid = found->second;
  if (laid.digest != digest) {
    return FailedPrecondition(Cat("proposal ", id, ": what was shown has another digest"));
  }
  if (laid.state == ProposalState::kWaiting) RIND_RETURN_IF_ERROR(Sign(laid));
  if (laid.state == ProposalState::kRefused) {
    return FailedPrecondition(Cat("refused by ", laid.rule, ": ", laid.message));
  }
  LogInfo(Cat("approved ", id, ": ", NamesOf(laid)));
  return Cat("signed: ", NamesOf(laid), "\n");
}

}  // namespace rind::offline_signer
