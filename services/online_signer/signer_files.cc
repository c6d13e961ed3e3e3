#include "services/online_signer/signer_files.h"

#include <algorithm>
#include <utility>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/signer_home/signer_home.h"
#include "common/signing/ledger.h"

namespace rind::online_signer {
namespace {

using evidence::StatementKey;
using signer_home::Print;
using signer_home::SignerHome;
using signing::SigningSession;

std::string ReceiptKeyPath(const SignerConfig& config) {
  return JoinPath(config.keys.folder, "receipts.statement-key");
}

bool IsContent(const SignerConfig& config) { return config.kind == signing::SignerKind::kContent; }

SignerHome HomeOf(const SignerConfig& config, const runtime::Environment& environment) {
  return SignerHome(environment, {.kind = config.kind,
                                  .repository = config.repository,
                                  .key_roles = KeyRoles(config.kind),
                                  .keys = config.keys,
                                  .ledger_folder = config.ledger_folder,
                                  .seals_more = IsContent(config)});
}

// Who the signer is, without its passphrase.
StatusOr<signing::LedgerIdentity> IdentityWithoutKeys(const SignerConfig& config,
                                                      const runtime::Environment& environment) {
  RIND_ASSIGN_OR_RETURN(const auto keys, HomeOf(config, environment).PublicKeys());
  signing::LedgerIdentity identity = {
      config.repository, std::string(signing::NameOf(config.kind)), {}};
  for (const auto& [role, key] : keys) identity.keys[role] = ToHex(key.identity());
  return identity;
}

Status InitReceiptKey(const SignerConfig& config, const runtime::Environment& environment,
                      const SecretBytes& passphrase) {
  const std::string path = ReceiptKeyPath(config);
  if (!environment.files.Stat(path).ok()) {
    RIND_ASSIGN_OR_RETURN(const StatementKey key, StatementKey::Generate(environment.random));
    RIND_RETURN_IF_ERROR(key.Save(environment.files, path, &passphrase, environment.random));
  }
  RIND_ASSIGN_OR_RETURN(const StatementKey key,
                        StatementKey::Load(environment.files, path, &passphrase));
  RIND_RETURN_IF_ERROR(
      evidence::SavePublicKey(environment.files, config.receipt_key_out, key.public_key()));
  Print(
      Cat("receipts          ", ToHex(key.public_key().identity()), "  ", config.receipt_key_out));
  return OkStatus();
}

}  // namespace

StatusOr<SigningSession::Parts> LoadParts(const SignerConfig& config,
                                          const runtime::Environment& environment,
                                          const std::vector<std::string>& arguments) {
  SigningSession::Parts parts;
  parts.policy.kind = config.kind;
  parts.policy.repository = config.repository;
  RIND_ASSIGN_OR_RETURN(parts.policy.lifetimes, signing::LifetimesOf(config.profile));
  parts.policy.evidence_threshold = config.evidence_threshold;
  parts.policy.bin_bits = config.bin_bits;
  for (const std::string& path : config.evidence_key_files) {
    RIND_ASSIGN_OR_RETURN(PublicKey key, evidence::LoadPublicKey(environment.files, path));
    parts.policy.evidence_keys.push_back(std::move(key));
  }
  for (const std::string& path : config.receipt_key_files) {
    RIND_ASSIGN_OR_RETURN(PublicKey key, evidence::LoadPublicKey(environment.files, path));
    parts.policy.receipt_keys.push_back(std::move(key));
  }
  if (!config.claims_officer_key_file.empty()) {
    RIND_ASSIGN_OR_RETURN(
        parts.policy.claims_officer,
        evidence::LoadPublicKey(environment.files, config.claims_officer_key_file));
  }
  const SignerHome home = HomeOf(config, environment);
  RIND_ASSIGN_OR_RETURN(SecretBytes passphrase, home.Passphrase(arguments));
  if (IsContent(config)) {
    RIND_ASSIGN_OR_RETURN(
        parts.receipts, StatementKey::Load(environment.files, ReceiptKeyPath(config), &passphrase));
  }
  RIND_ASSIGN_OR_RETURN(parts.signers, home.OpenKeys(std::move(passphrase)));
  return parts;
}

Status Init(runtime::Config& file, const runtime::Environment& environment,
            const std::vector<std::string>& arguments) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  return HomeOf(config, environment).Init(arguments, [&](const SecretBytes& passphrase) {
    return IsContent(config) ? InitReceiptKey(config, environment, passphrase) : OkStatus();
  });
}

Status ImportKey(runtime::Config& file, const runtime::Environment& environment,
                 const std::vector<std::string>& arguments) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  return HomeOf(config, environment).ImportKey(arguments);
}

Status ExportKey(runtime::Config& file, const runtime::Environment& environment,
                 const std::vector<std::string>& arguments) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  return HomeOf(config, environment).ExportKey(arguments);
}

Status Destroy(runtime::Config& file, const runtime::Environment& environment,
               const std::vector<std::string>& arguments) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  RIND_RETURN_IF_ERROR(
      HomeOf(config, environment).Destroy(arguments, "What they signed can't be continued."));
  // The receipt key itself lay with the other keys.
  if (IsContent(config) && environment.files.Stat(config.receipt_key_out).ok()) {
    RIND_RETURN_IF_ERROR(environment.files.Remove(config.receipt_key_out));
  }
  Print("deleted");
  return OkStatus();
}

Status PrintState(runtime::Config& file, const runtime::Environment& environment,
                  const std::vector<std::string>& /*arguments*/) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  RIND_ASSIGN_OR_RETURN(const auto identity, IdentityWithoutKeys(config, environment));
  RIND_ASSIGN_OR_RETURN(const signing::Ledger ledger,
                        signing::Ledger::Open(environment.files, config.ledger_folder, identity));
  Print(Cat(signing::NameOf(config.kind), " signer of ", config.repository, ": ",
            ledger.memory().signatures(), " signatures, ", ledger.entries(), " ledger entries"));
  for (const auto& [role, key] : identity.keys) {
    Print(Cat("key  ", role, std::string(18 - std::min<std::size_t>(18, role.size()), ' '), key));
  }
  for (const auto& [role, last] : ledger.memory().roles()) {
    Print(Cat("role ", role.text(), " v", last.version, "  expires ", FormatUtc(last.expires), "  ",
              last.digest.Short()));
  }
  return OkStatus();
}

}  // namespace rind::online_signer
