#include "services/offline_signer/signer_config.h"

namespace rind::offline_signer {
namespace {

// A `claimed` of the largest size that clients take, its predecessor, and authorisations.
constexpr int kMaxMessageBytes = 16 * 1024 * 1024;
// sockaddr_un holds 108 bytes with the final zero.
constexpr std::size_t kMaxSocketPath = 107;

}  // namespace

StatusOr<SignerConfig> ReadConfig(runtime::Config& config) {
  SignerConfig out;
  out.server.listen = config.String("service.listen");
  out.server.tls = config.Tls();
  out.server.callers = config.Callers();
  out.server.max_message_bytes = kMaxMessageBytes;
  out.server.max_threads = 4;
  out.repository = config.String("repository.id");
  out.keys = signer_home::ReadKeysConfig(config);
  out.ledger_folder = config.Path("ledger.directory");
  out.demo_bootstrap = config.ChoiceOr("policy.bootstrap", {"none", "demo"}, "none") == "demo";
  out.bootstrap_done_file = config.PathOr("policy.bootstrap_done_file", "");
  out.claims_officer_key_file = config.PathOr("policy.claims_officer_key_file", "");
  out.approval_socket = config.Path("approval.socket");
  if (out.approval_socket.size() > kMaxSocketPath) {
    config.Problem("approval.socket", "wanted a path of at most 107 bytes");
  }
  RIND_RETURN_IF_ERROR(config.Finish());
  return out;
}

std::vector<std::string> KeyRoles() { return {"claimed", "root", "targets", "unclaimed"}; }

}  // namespace rind::offline_signer
