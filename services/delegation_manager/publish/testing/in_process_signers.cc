#include "services/delegation_manager/publish/testing/in_process_signers.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/base/text.h"
#include "common/keystore/encrypted_file_key_store.h"
#include "common/signing/refusal.h"

namespace rind::delegation_manager::testing {
namespace {

template <typename T>
T Must(StatusOr<T> value) {
  if (!value.ok()) {
    std::printf("test set-up: %s\n", value.status().ToString().c_str());
    std::abort();
  }
  return *std::move(value);
}
void Must(const Status& status) { Must(status.ok() ? StatusOr<int>(0) : StatusOr<int>(status)); }

signing::Proposal ToProposal(const DocumentToSign& document) {
  signing::Proposal out{document.role, document.canonical, document.previous, {}, {}, {}, {}};
  for (const Vouched& vouched : document.vouched) {
    signing::SuppliedEvidence supplied;
    supplied.evidence = {vouched.evidence.statement, vouched.evidence.key_id,
                         vouched.evidence.signature};
    for (const ProvenTarget& target : vouched.targets) {
      supplied.targets.push_back({target.target, target.index, target.path});
    }
    out.vouched.push_back(std::move(supplied));
  }
  for (const SignedClaim& claim : document.authorisations) {
    signing::SuppliedAuthorisation supplied{claim.statement, {}};
    for (const auto& signature : claim.signatures) {
      supplied.signatures.push_back({signature.key_id, signature.signature});
    }
    out.authorisations.push_back(std::move(supplied));
  }
  for (const SignedReceipt& receipt : document.receipts) {
    out.receipts.push_back({receipt.statement, receipt.key_id, receipt.signature});
  }
  for (const RoleFile& file : document.files) out.files.push_back({file.role, file.bytes});
  return out;
}

StatusOr<SignOutcome> ToOutcome(const signing::Outcome& outcome) {
  if (!outcome.ok()) {
    const std::string rule = signing::RuleOf(outcome.status());
    if (rule.empty()) return outcome.status();
    return SignOutcome(Refused{rule, std::string(MessageOf(outcome.status()))});
  }
  SignedByKey out{*tuf::KeyId::Parse(outcome->key_id), outcome->signature, outcome->sha256, {}};
  if (outcome->receipt) {
    out.receipt = SignedReceipt{outcome->receipt->statement, outcome->receipt->key_id,
                                outcome->receipt->signature};
  }
  return SignOutcome(std::move(out));
}

std::map<std::string, tuf::RoleSigners, std::less<>> KeysOf(const signing::Policy& policy) {
  std::map<std::string, tuf::RoleSigners, std::less<>> keys;
  for (const auto& [role, key] : policy.own_keys) keys[role] = tuf::RoleSigners{{key}};
  return keys;
}

std::unique_ptr<signing::SigningSession> MakeSession(FileSystem& files, const Clock& clock,
                                                     const std::string& folder,
                                                     const std::vector<std::string>& roles,
                                                     signing::SigningSession::Parts parts) {
  SystemRandom random;
  std::string text = "passphrase";
  keystore::EncryptedFileKeyStore store(files, random, JoinPath(folder, "keys"),
                                        Must(SecretBytes::TakeFrom(text)), sealing::Cost::Least());
  parts.policy.repository = std::string(kRepository);
  parts.policy.lifetimes = Must(signing::LifetimesOf("default"));
  for (const std::string& role : roles) {
    Must(store.Create(role).status());
    parts.signers[role] = Must(store.Open(role));
  }
  const std::string ledger = JoinPath(folder, "ledger");
  Must(files.MakeDirectories(ledger, 0700));
  Must(signing::Ledger::Init(files, ledger, signing::SigningSession::IdentityOf(parts)));
  return Must(signing::SigningSession::Open(files, clock, ledger, std::move(parts)));
}

}  // namespace

StatusOr<std::vector<SignOutcome>> SessionSigner::Sign(std::span<const DocumentToSign> documents) {
  if (down) return Unavailable("the signer is down");
  ++signed_calls;
  std::vector<signing::Proposal> proposals;
  for (const DocumentToSign& document : documents) proposals.push_back(ToProposal(document));
  RIND_ASSIGN_OR_RETURN(const auto outcomes,
                        session_->Sign({std::string(kRepository), clock_.Now(), proposals}));
  std::vector<SignOutcome> out;
  for (const signing::Outcome& outcome : outcomes) {
    RIND_ASSIGN_OR_RETURN(SignOutcome one, ToOutcome(outcome));
    out.push_back(std::move(one));
  }
  return out;
}

StatusOr<SignerState> SessionSigner::GetState(const std::vector<std::string>& roles) {
  if (down) return Unavailable("the signer is down");
  SignerState state{std::string(kRepository), KeysOf(session_->policy()), {}, {}};
  const auto memory = session_->State(roles);
  for (const auto& [role, remembered] : memory.roles) state.versions[role] = remembered.version;
  state.refusals = memory.refusals;
  return state;
}

StatusOr<ProposalStatus> SessionOfflineSigner::Propose(const Proposal& proposal) {
  proposal_ = proposal;
  status_ = ProposalStatus{"0123456789abcdef", ProposalState::kWaiting, {}, {}};
  if (approve_at_once) RIND_RETURN_IF_ERROR(Approve());
  return status_;
}

StatusOr<ProposalStatus> SessionOfflineSigner::GetProposal(const std::string& id) {
  if (id != status_.id) return NotFound("no such proposal");
  return status_;
}

Status SessionOfflineSigner::Approve() {
  std::vector<signing::Proposal> documents;
  for (const ProposedDocument& document : proposal_.documents) {
    DocumentToSign plain;
    plain.role = document.role;
    plain.canonical = document.canonical;
    plain.previous = document.previous;
    plain.authorisations = document.authorisations;
    documents.push_back(ToProposal(plain));
  }
  const auto results = session_->SignTogether({std::string(kRepository), clock_.Now(), documents});
  if (!results.ok()) {
    const std::string rule = signing::RuleOf(results.status());
    if (rule.empty()) return results.status();
    status_.state = ProposalState::kRefused;
    status_.refusal = {rule, std::string(MessageOf(results.status()))};
    return OkStatus();
  }
  status_.state = ProposalState::kApproved;
  for (std::size_t i = 0; i < results->size(); ++i) {
    status_.signatures[documents[i].role] = {
        {*tuf::KeyId::Parse((*results)[i].key_id), (*results)[i].signature}};
  }
  return OkStatus();
}

StatusOr<OfflineState> SessionOfflineSigner::GetState() {
  OfflineState state{std::string(kRepository), KeysOf(session_->policy()), {}, approve_at_once, ""};
  for (const auto& [role, remembered] :
       session_->State({"root", "targets", "claimed", "unclaimed"}).roles) {
    state.versions[role] = remembered.version;
  }
  return state;
}

std::unique_ptr<Signers> Signers::Make(FileSystem& files, const Clock& clock,
                                       const std::string& folder) {
  SystemRandom random;
  auto signers = std::make_unique<Signers>();
  signers->syncer =
      std::make_unique<evidence::StatementKey>(Must(evidence::StatementKey::Generate(random)));
  signers->officer =
      std::make_unique<evidence::StatementKey>(Must(evidence::StatementKey::Generate(random)));
  signing::SigningSession::Parts content;
  content.policy.kind = signing::SignerKind::kContent;
  content.policy.evidence_keys = {signers->syncer->public_key()};
  content.policy.claims_officer = signers->officer->public_key();
  content.receipts = Must(evidence::StatementKey::Generate(random));
  signing::SigningSession::Parts release;
  release.policy.kind = signing::SignerKind::kRelease;
  release.policy.receipt_keys = {content.receipts->public_key()};
  signing::SigningSession::Parts offline;
  offline.policy.kind = signing::SignerKind::kOffline;
  offline.policy.claims_officer = signers->officer->public_key();
  signers->content =
      std::make_unique<SessionSigner>(MakeSession(files, clock, JoinPath(folder, "content"),
                                                  {"bins", "recently-claimed"}, std::move(content)),
                                      clock);
  signers->release =
      std::make_unique<SessionSigner>(MakeSession(files, clock, JoinPath(folder, "release"),
                                                  {"snapshot", "timestamp"}, std::move(release)),
                                      clock);
  signers->offline = std::make_unique<SessionOfflineSigner>(
      MakeSession(files, clock, JoinPath(folder, "offline"),
                  {"root", "targets", "claimed", "unclaimed"}, std::move(offline)),
      clock);
  return signers;
}

}  // namespace rind::delegation_manager::testing
