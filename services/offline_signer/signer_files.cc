#include "services/offline_signer/signer_files.h"

#include <utility>

#include "common/evidence/statement_key.h"
#include "common/signer_home/signer_home.h"

namespace rind::offline_signer {
namespace {

using signer_home::SignerHome;

SignerHome HomeOf(const SignerConfig& config, const runtime::Environment& environment) {
  return SignerHome(environment, {.kind = signing::SignerKind::kOffline,
                                  .repository = config.repository,
                                  .key_roles = KeyRoles(),
                                  .keys_folder = config.keys_folder,
                                  .passphrase_file = config.passphrase_file,
                                  .ledger_folder = config.ledger_folder});
}

}  // namespace

StatusOr<signing::SigningSession::Parts> LoadParts(const SignerConfig& config,
                                                   const runtime::Environment& environment) {
  signing::SigningSession::Parts parts;
  parts.policy.kind = signing::SignerKind::kOffline;
  parts.policy.repository = config.repository;
  RIND_ASSIGN_OR_RETURN(parts.policy.lifetimes, signing::LifetimesOf("default"));
  if (!config.claims_officer_key_file.empty()) {
    RIND_ASSIGN_OR_RETURN(
        parts.policy.claims_officer,
        evidence::LoadPublicKey(environment.files, config.claims_officer_key_file));
  }
  const SignerHome home = HomeOf(config, environment);
  RIND_ASSIGN_OR_RETURN(SecretBytes passphrase, home.Passphrase({}));
  RIND_ASSIGN_OR_RETURN(parts.signers, home.OpenKeys(std::move(passphrase)));
  return parts;
}

Status Init(runtime::Config& file, const runtime::Environment& environment,
            const std::vector<std::string>& arguments) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  return HomeOf(config, environment).Init(arguments, [](const SecretBytes&) { return OkStatus(); });
}

Status Destroy(runtime::Config& file, const runtime::Environment& environment,
               const std::vector<std::string>& arguments) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  RIND_RETURN_IF_ERROR(HomeOf(config, environment)
                           .Destroy(arguments, "No client that trusts them can be updated then."));
  signer_home::Print("deleted");
  return OkStatus();
}

}  // namespace rind::offline_signer
