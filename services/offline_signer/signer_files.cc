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
                                  .keys = config.keys,
                                  .ledger_folder = config.ledger_folder,
                                  .seals_more = false});
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
  RIND_RETURN_IF_ERROR(HomeOf(config, environment)
                           .Destroy(arguments, "No client that trusts them can be updated then."));
  signer_home::Print("deleted");
  return OkStatus();
}

}  // namespace rind::offline_signer
