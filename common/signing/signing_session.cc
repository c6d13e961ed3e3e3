#include "common/signing/signing_session.h"

#include <algorithm>
#include <utility>

#include "common/base/failpoint.h"
#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/evidence/statements.h"
#include "common/signing/refusal.h"
#include "common/tuf/json/encode.h"

namespace rind::signing {
namespace {

Policy WithOwnKeys(SigningSession::Parts& parts) {
  Policy policy = std::move(parts.policy);
  policy.own_keys.clear();
  for (const auto& [role, signer] : parts.signers) {
    policy.own_keys.emplace(role, signer->public_key());
  }
  return policy;
}

// S-09: one key has one role, also among our own.
Status CheckOwnKeysDistinct(const Policy& policy) {
  std::map<std::string, std::string> seen;
  for (const auto& [role, key] : policy.own_keys) {
    const auto [at, fresh] = seen.emplace(key.identity(), role);
    if (!fresh) {
      return FailedPrecondition(Cat("S-09: one key for ", role, " and for ", at->second));
    }
  }
  return OkStatus();
}

bool NeedsEarlier(const Proposal& proposal, const std::set<tuf::RoleName>& staged) {
  // A timestamp is judged by the snapshot's file, which exists once it is signed.
  return staged.contains(proposal.role) ||
         proposal.role == tuf::RoleName(tuf::TopLevelRole::kTimestamp);
}

}  // namespace

LedgerIdentity SigningSession::IdentityOf(const Parts& parts) {
  LedgerIdentity identity = {parts.policy.repository, std::string(NameOf(parts.policy.kind)), {}};
  for (const auto& [role, signer] : parts.signers) {
    identity.keys[role] = ToHex(signer->public_key().identity());
  }
  return identity;
}

StatusOr<std::unique_ptr<SigningSession>> SigningSession::Open(FileSystem& files,
                                                               const Clock& clock,
                                                               const std::string& folder,
                                                               Parts parts) {
  RIND_ASSIGN_OR_RETURN(Ledger ledger, Ledger::Open(files, folder, IdentityOf(parts)));
  RIND_ASSIGN_OR_RETURN(AuditLog audit, AuditLog::Open(files, AuditLogPath(folder)));
  auto session = std::unique_ptr<SigningSession>(
      new SigningSession(clock, std::move(parts), std::move(ledger), std::move(audit)));
  RIND_RETURN_IF_ERROR(CheckOwnKeysDistinct(session->policy_));
  return session;
}

SigningSession::SigningSession(const Clock& clock, Parts parts, Ledger ledger, AuditLog audit)
    : clock_(clock),
      policy_(WithOwnKeys(parts)),
      signers_(std::move(parts.signers)),
      receipts_(std::move(parts.receipts)),
      ledger_(std::move(ledger)),
      audit_(std::move(audit)) {}

StatusOr<std::vector<Outcome>> SigningSession::Sign(const Call& call) {
  const absl::MutexLock lock(&mu_);
  const absl::Time now = clock_.Now();
  std::vector<Outcome> outcomes(call.documents.size(), Internal("was not judged"));
  std::vector<Staged> staged;
  std::set<tuf::RoleName> roles;
  const Status whole =
      JudgeCall(call.repository, call.manager_time, ledger_.memory(), policy_, now);
  for (std::size_t i = 0; i < call.documents.size(); ++i) {
    const Proposal& proposal = call.documents[i];
    if (NeedsEarlier(proposal, roles)) {
      RIND_RETURN_IF_ERROR(Flush(staged, outcomes, now));
      roles.clear();
    }
    if (whole.ok() && IsRepeat(proposal, ledger_.memory())) {
      outcomes[i] = Repeat(proposal, now);
      if (!outcomes[i].ok()) return outcomes[i].status();
      continue;
    }
    StatusOr<Intent> intent =
        whole.ok() ? Judge(proposal, ledger_.memory(), policy_, now) : StatusOr<Intent>(whole);
    if (!intent.ok()) {
      if (RuleOf(intent.status()).empty()) return intent.status();
      Refused(proposal, intent.status(), now);
      outcomes[i] = intent.status();
      continue;
    }
    ledger_.Stage(*intent);
    roles.insert(proposal.role);
    staged.push_back({i, &proposal, *std::move(intent)});
  }
  RIND_RETURN_IF_ERROR(Flush(staged, outcomes, now));
  RIND_RETURN_IF_ERROR(SyncSignatures());
  RIND_RETURN_IF_ERROR(audit_.Sync());
  Failpoint("signer.before_reply");
  return outcomes;
}

Status SigningSession::JudgeAll(const Call& call, absl::Time now, std::vector<Staged>& staged,
                                std::vector<Outcome>& outcomes) {
  Status whole = JudgeCall(call.repository, call.manager_time, ledger_.memory(), policy_, now);
  std::set<tuf::RoleName> roles;
  for (std::size_t i = 0; i < call.documents.size(); ++i) {
    const Proposal& proposal = call.documents[i];
    Status refusal = whole;
    if (refusal.ok() && !roles.insert(proposal.role).second) {
      refusal = Refuse("S-04", Cat(proposal.role.text(), ": twice in one proposal"));
    }
    if (refusal.ok() && IsRepeat(proposal, ledger_.memory())) {
      outcomes[i] = SignedResult();  // the signature is looked up when all are judged
      continue;
    }
    StatusOr<Intent> intent =
        refusal.ok() ? Judge(proposal, ledger_.memory(), policy_, now) : StatusOr<Intent>(refusal);
    if (!intent.ok()) {
      if (!RuleOf(intent.status()).empty()) Refused(proposal, intent.status(), now);
      RIND_RETURN_IF_ERROR(audit_.Sync());
      return intent.status();
    }
    staged.push_back({i, &proposal, *std::move(intent)});
  }
  return OkStatus();
}

StatusOr<std::vector<SignedResult>> SigningSession::SignTogether(const Call& call) {
  const absl::MutexLock lock(&mu_);
  const absl::Time now = clock_.Now();
  std::vector<Outcome> outcomes(call.documents.size(), Internal("was not judged"));
  std::vector<Staged> staged;
  RIND_RETURN_IF_ERROR(JudgeAll(call, now, staged, outcomes));
  for (const Staged& one : staged) ledger_.Stage(one.intent);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].ok()) outcomes[i] = Repeat(call.documents[i], now);
  }
  RIND_RETURN_IF_ERROR(Flush(staged, outcomes, now));
  // A holder's approval is rare: its signatures are on disk before they leave.
  RIND_RETURN_IF_ERROR(ledger_.Sync());
  RIND_RETURN_IF_ERROR(audit_.Sync());
  std::vector<SignedResult> results;
  for (Outcome& outcome : outcomes) {
    RIND_RETURN_IF_ERROR(outcome.status());
    results.push_back(*std::move(outcome));
  }
  Failpoint("signer.before_reply");
  return results;
}

Status SigningSession::Check(const Call& call) {
  const absl::MutexLock lock(&mu_);
  std::vector<Outcome> outcomes(call.documents.size(), Internal("was not judged"));
  std::vector<Staged> staged;
  return JudgeAll(call, clock_.Now(), staged, outcomes);
}

Status SigningSession::Flush(std::vector<Staged>& staged, std::vector<Outcome>& outcomes,
                             absl::Time now) {
  if (staged.empty()) return OkStatus();
  Failpoint("signer.before_intent");
  RIND_RETURN_IF_ERROR(ledger_.Sync());
  Failpoint("signer.after_intent");
  for (const Staged& one : staged) {
    outcomes[one.index] = SignOne(*one.proposal, one.intent.version, now);
    RIND_RETURN_IF_ERROR(outcomes[one.index].status());
  }
  Failpoint("signer.after_sign");
  staged.clear();
  return OkStatus();
}

Status SigningSession::SyncSignatures() {
  if (!sync_signatures_) return OkStatus();
  RIND_RETURN_IF_ERROR(ledger_.Sync());
  sync_signatures_ = false;
  return OkStatus();
}

StatusOr<SignedResult> SigningSession::SignOne(const Proposal& proposal, std::int64_t version,
                                               absl::Time now) {
  RIND_ASSIGN_OR_RETURN(const std::string key_role, KeyRoleOf(policy_.kind, proposal.role));
  const keystore::PrivateSigner& signer = *signers_.at(key_role);
  RIND_ASSIGN_OR_RETURN(const std::string signature,
                        signer.Sign(keystore::SigningPermit(), proposal.proposed));
  // A fault while signing can reveal the key: such a signature must not leave (S-12).
  if (!signer.public_key().Verify(proposal.proposed, signature).ok()) {
    return Internal(Cat(proposal.role.text(), " v", version,
                        ": the signature just made does not verify: faulty memory?"));
  }
  const tuf::KeyId key_id = tuf::KeyId::Of(signer.public_key());
  const std::string file = tuf::EncodeEnvelope(proposal.proposed, {{key_id, signature}});
  const Done done = {.role = proposal.role,
                     .version = version,
                     .key_id = key_id.text(),
                     .signature = signature,
                     .file_sha256 = Sha256(file),
                     .file_length = file.size()};
  ledger_.Remember(done);
  // The next timestamp is judged by this snapshot's file, also after a crash; and a signature that
  // can't be made again the same must not be forgotten by one.
  sync_signatures_ = sync_signatures_ || !signer.deterministic() ||
                     proposal.role == tuf::RoleName(tuf::TopLevelRole::kSnapshot);
  audit_.Add({.time = now,
              .outcome = "signed",
              .role = proposal.role.text(),
              .version = version,
              .sha256 = Sha256(proposal.proposed),
              .rule = {},
              .text = {}});
  return Result(proposal, done);
}

StatusOr<SignedResult> SigningSession::Repeat(const Proposal& proposal, absl::Time now) {
  const Remembered& last = *ledger_.memory().Find(proposal.role);
  // An intent whose signature was lost with the process is signed again: the very same bytes.
  if (last.key_id.empty()) {
    if (ledger_.staged()) RIND_RETURN_IF_ERROR(ledger_.Sync());
    return SignOne(proposal, last.version, now);
  }
  audit_.Add({.time = now,
              .outcome = "repeated",
              .role = proposal.role.text(),
              .version = last.version,
              .sha256 = last.digest,
              .rule = {},
              .text = {}});
  return Result(proposal, {.role = proposal.role,
                           .version = last.version,
                           .key_id = last.key_id,
                           .signature = last.signature,
                           .file_sha256 = last.file_sha256,
                           .file_length = last.file_length});
}

StatusOr<SignedResult> SigningSession::Result(const Proposal& proposal, const Done& done) const {
  SignedResult result = {.key_id = done.key_id,
                         .signature = done.signature,
                         .sha256 = done.file_sha256,
                         .length = done.file_length,
                         .receipt = std::nullopt};
  if (!receipts_.has_value()) return result;
  RIND_ASSIGN_OR_RETURN(const tuf::Version version, tuf::Version::Create(done.version));
  const std::string statement = evidence::Encode(evidence::ReceiptStatement{
      policy_.repository, proposal.role, version, done.file_sha256, done.file_length});
  result.receipt = SignedStatement{statement, receipts_->key_id(), receipts_->Sign(statement)};
  return result;
}

void SigningSession::Refused(const Proposal& proposal, const Status& refusal, absl::Time now) {
  const std::string rule = RuleOf(refusal);
  ++refusals_[rule];
  audit_.Add({.time = now,
              .outcome = "refused",
              .role = proposal.role.text(),
              .version = 0,
              .sha256 = Sha256(proposal.proposed),
              .rule = rule,
              .text = std::string(MessageOf(refusal))});
}

SessionState SigningSession::State(const std::vector<std::string>& roles) const {
  const absl::MutexLock lock(&mu_);
  SessionState state = {.roles = {},
                        .signatures = ledger_.memory().signatures(),
                        .ledger_entries = ledger_.entries(),
                        .refusals = refusals_,
                        .pinned_root = std::nullopt};
  for (const std::string& name : roles) {
    const auto role = tuf::RoleName::Parse(name);
    const Remembered* found = role.ok() ? ledger_.memory().Find(*role) : nullptr;
    if (found != nullptr) state.roles.emplace(name, *found);
  }
  if (ledger_.memory().root() != nullptr) {
    state.pinned_root = Sha256(ledger_.memory().root()->bytes);
  }
  return state;
}

bool SigningSession::LedgerIsEmpty() const {
  const absl::MutexLock lock(&mu_);
  return ledger_.memory().roles().empty();
}

bool SigningSession::AllRepeats(std::span<const Proposal> documents) const {
  const absl::MutexLock lock(&mu_);
  return std::all_of(documents.begin(), documents.end(), [this](const Proposal& proposal) {
    mu_.AssertHeld();
    return IsRepeat(proposal, ledger_.memory());
  });
}

}  // namespace rind::signing
