#include "services/offline_signer/offline_signer.h"

#include <memory>
#include <string>
#include <utility>

#include "common/base/text.h"
#include "common/rpc/server.h"
#include "common/signing/signing_session.h"
#include "services/offline_signer/approval_commands.h"
#include "services/offline_signer/approval_socket.h"
#include "services/offline_signer/ceremony_service.h"
#include "services/offline_signer/proposal_desk.h"
#include "services/offline_signer/signer_config.h"
#include "services/offline_signer/signer_files.h"

namespace rind::offline_signer {
namespace {

class OfflineSigner final : public runtime::Service {
 public:
  OfflineSigner(std::unique_ptr<signing::SigningSession> session, const Clock& clock, bool demo)
      : session_(std::move(session)), desk_(*session_, clock, demo), service_(desk_, *session_) {}

  Status Start(const SignerConfig& config) {
    RIND_ASSIGN_OR_RETURN(socket_, ApprovalSocket::Start(config.approval_socket, desk_));
    RIND_ASSIGN_OR_RETURN(
        server_,
        rpc::Server::Start(
            config.server,
            {{&service_, std::string(rind::ceremony::v1::Ceremony::service_full_name())}}));
    server_->SetServing(true);
    const std::string host = config.server.listen.substr(0, config.server.listen.rfind(':'));
    ready_ = Cat("READY  offline-signer: ", host, ":", server_->port());
    return OkStatus();
  }

  std::string ReadyLine() const override { return ready_; }
  bool Finished() const override { return desk_.Finished(); }
  // Calls that run are answered first: the signatures of a bootstrap among them.
  void Stop(absl::Duration grace) override {
    server_->Stop(grace);
    socket_.reset();
  }

 private:
  const std::unique_ptr<signing::SigningSession> session_;
  ProposalDesk desk_;
  CeremonyService service_;
  std::unique_ptr<ApprovalSocket> socket_;
  std::unique_ptr<rpc::Server> server_;
  std::string ready_;
};

// A demo signer that is started again when the repository is made: nobody will come to this process
// for anything, so it opens no key and ends at once.
class NothingToApprove final : public runtime::Service {
 public:
  explicit NothingToApprove(std::string done_file) : done_file_(std::move(done_file)) {}

  std::string ReadyLine() const override {
    return Cat("nothing to approve: ", done_file_,
               " says that the repository is made. To approve later, start offline-signer with "
               "RIND_POLICY_BOOTSTRAP=none");
  }
  bool Finished() const override { return true; }
  void Stop(absl::Duration /*grace*/) override {}

 private:
  const std::string done_file_;
};

// The ledger can't tell: version 1 may be signed and its signatures lost on the way to the manager,
// which then asks for them again. So it is the end of the creation that counts.
StatusOr<bool> DemoIsOver(const SignerConfig& config, FileSystem& files) {
  if (!config.demo_bootstrap || config.bootstrap_done_file.empty()) return false;
  const Status there = files.Stat(config.bootstrap_done_file).status();
  if (there.ok()) return true;
  if (absl::IsNotFound(there)) return false;
  return there;
}

StatusOr<std::unique_ptr<runtime::Service>> Build(runtime::Config& file,
                                                  const runtime::Environment& environment) {
  RIND_ASSIGN_OR_RETURN(const SignerConfig config, ReadConfig(file));
  RIND_ASSIGN_OR_RETURN(const bool over, DemoIsOver(config, environment.files));
  if (over) return std::make_unique<NothingToApprove>(config.bootstrap_done_file);
  // Before the keys: a signer that was never set up is told about `init`, not about a missing key.
  if (absl::IsNotFound(
          environment.files.Stat(signing::LedgerPath(config.ledger_folder)).status())) {
    return signing::Ledger::Open(environment.files, config.ledger_folder, {}).status();
  }
  RIND_ASSIGN_OR_RETURN(auto parts, LoadParts(config, environment));
  RIND_ASSIGN_OR_RETURN(auto session,
                        signing::SigningSession::Open(environment.files, environment.clock,
                                                      config.ledger_folder, std::move(parts)));
  auto signer =
      std::make_unique<OfflineSigner>(std::move(session), environment.clock, config.demo_bootstrap);
  RIND_RETURN_IF_ERROR(signer->Start(config));
  return signer;
}

}  // namespace

runtime::ServiceSpec Spec() {
  return {
      .name = "offline-signer",
      .description =
          "Holds the keys of root, targets, claimed and unclaimed; signs what its holder "
          "approves",
      .build = &Build,
      .commands = {{"init",
                    "make keys and ledger (--keep what is there, --make-passphrase, "
                    "--passphrase-fd N)",
                    &Init},
                   {"import-key",
                    "take a role's key from a PEM file, before init: import-key ROLE FILE",
                    &ImportKey},
                   {"export-key", "write a role's key as encrypted PEM: export-key ROLE --out FILE",
                    &ExportKey},
                   {"destroy", "delete keys and ledger for ever (--yes)", &Destroy},
                   {"pending", "list the proposals that wait for approval", &PendingCommand},
                   {"review", "show what a proposal changes: review ID", &ReviewCommand},
                   {"approve", "show a proposal, ask, and sign it: approve ID (--yes)",
                    &ApproveCommand}},
      .health = {},
      .umask = 077};
}

}  // namespace rind::offline_signer
