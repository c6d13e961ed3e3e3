#include "services/online_signer/online_signer.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/rpc/server.h"
#include "common/signing/signing_session.h"
#include "services/online_signer/signer_config.h"
#include "services/online_signer/signer_files.h"
#include "services/online_signer/signer_service.h"

namespace rind::online_signer {
namespace {

class OnlineSigner final : public runtime::Service {
 public:
  OnlineSigner(std::unique_ptr<signing::SigningSession> session, std::optional<PublicKey> receipts)
      : session_(std::move(session)), service_(*session_, std::move(receipts)) {}

  Status Start(const SignerConfig& config) {
    RIND_ASSIGN_OR_RETURN(
        server_, rpc::Server::Start(
                     config.server,
                     {{&service_, std::string(rind::signer::v1::Signer::service_full_name())}}));
    server_->SetServing(true);
    const std::string host = config.server.listen.substr(0, config.server.listen.rfind(':'));
    ready_ = Cat("READY  ", signing::NameOf(config.kind), "-signer: ", host, ":", server_->port());
    return OkStatus();
  }

  std::string ReadyLine() const override { return ready_; }
  void Stop(absl::Duration grace) override { server_->Stop(grace); }

 private:
  const std::unique_ptr<signing::SigningSession> session_;
  SignerService service_;
  std::unique_ptr<rpc::Server> server_;
  std::string ready_;
};

StatusOr<std::unique_ptr<runtime::Service>> Build(runtime::Config& file,
                                                  const runtime::Environment& environment) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  // Before the keys: a signer that was never set up is told about `init`, not about a missing key.
  if (absl::IsNotFound(
          environment.files.Stat(signing::LedgerPath(config.ledger_folder)).status())) {
    signing::LedgerIdentity none;
    return signing::Ledger::Open(environment.files, config.ledger_folder, none).status();
  }
  RIND_ASSIGN_OR_RETURN(auto parts, LoadParts(config, environment, {}));
  std::optional<PublicKey> receipts;
  if (parts.receipts.has_value()) receipts = parts.receipts->public_key();
  RIND_ASSIGN_OR_RETURN(auto session,
                        signing::SigningSession::Open(environment.files, environment.clock,
                                                      config.ledger_folder, std::move(parts)));
  auto signer = std::make_unique<OnlineSigner>(std::move(session), std::move(receipts));
  RIND_RETURN_IF_ERROR(signer->Start(config));
  return signer;
}

}  // namespace

runtime::ServiceSpec Spec() {
  return {.name = "online-signer",
          .description = "Judges and signs the documents of the online roles (release or content)",
          .build = &Build,
          .commands =
              {{"init",
                "make keys and ledger (--keep what is there, --make-passphrase, --passphrase-fd N)",
                &Init},
               {"import-key",
                "take a role's key from a PEM file, before init: import-key ROLE FILE", &ImportKey},
               {"export-key", "write a role's key as encrypted PEM: export-key ROLE --out FILE",
                &ExportKey},
               {"destroy", "delete keys and ledger for ever (--yes)", &Destroy},
               {"state", "print keys and what the ledger remembers", &PrintState}},
          .health = {},
          .umask = 077};
}

}  // namespace rind::online_signer
