#include "services/online_signer/signer_config.h"

#include <bit>

#include "common/base/text.h"

namespace rind::online_signer {
namespace {

// A call holds at most 16 MiB of documents (signer.proto); the rest is for what frames them.
constexpr int kMaxMessageBytes = 17 * 1024 * 1024;

}  // namespace

StatusOr<SignerConfig> ReadConfig(runtime::Config& config) {
  SignerConfig out;
  out.server.listen = config.String("service.listen");
  out.server.tls = config.Tls();
  out.server.callers = config.Callers();
  out.server.max_message_bytes = kMaxMessageBytes;
  out.server.max_threads = 8;
  out.repository = config.String("repository.id");
  const std::string roles = config.ChoiceOr("signer.roles", {"content", "release"}, "");
  if (roles.empty()) config.Problem("signer.roles", "wanted \"content\" or \"release\"");
  const bool content = roles == "content";
  const bool release = roles == "release";
  out.kind = content ? signing::SignerKind::kContent : signing::SignerKind::kRelease;
  out.keys = signer_home::ReadKeysConfig(config);
  out.ledger_folder = config.Path("ledger.directory");
  out.profile = config.ChoiceOr("policy.profile", {"default", "pep458", "relaxed"}, "default");
  out.evidence_key_files = config.PathsOr("policy.evidence_key_files", {});
  out.evidence_threshold =
      static_cast<int>(config.IntegerOr("policy.evidence_threshold", 1, 16, 1));
  const std::int64_t bins = config.IntegerOr("policy.bins", 0, 32768, 0);
  if (bins != 0 && (bins < 16 || !std::has_single_bit(static_cast<std::uint64_t>(bins)))) {
    config.Problem("policy.bins", "wanted a power of two, 16 to 32768");
  }
  out.bin_bits = bins == 0 ? 0 : std::countr_zero(static_cast<std::uint64_t>(bins));
  out.claims_officer_key_file = config.PathOr("policy.claims_officer_key_file", "");
  out.receipt_key_files = config.PathsOr("policy.receipt_key_files", {});
  out.receipt_key_out = config.PathOr("policy.receipt_key_out", "");
  if (content && out.evidence_key_files.empty()) {
    config.Problem("policy.evidence_key_files", "wanted the key of at least one syncer");
  }
  if (content && !out.evidence_key_files.empty() &&
      static_cast<std::size_t>(out.evidence_threshold) > out.evidence_key_files.size()) {
    config.Problem("policy.evidence_threshold", "wanted at most the number of evidence keys");
  }
  if (content && out.receipt_key_out.empty()) {
    config.Problem("policy.receipt_key_out", "wanted where `init` writes the receipt key");
  }
  if (release && out.receipt_key_files.empty()) {
    config.Problem("policy.receipt_key_files", "wanted the content-signer's receipt key");
  }
  RIND_RETURN_IF_ERROR(config.Finish());
  return out;
}

std::vector<std::string> KeyRoles(signing::SignerKind kind) {
  if (kind == signing::SignerKind::kContent) return {"bins", "recently-claimed"};
  return {"snapshot", "timestamp"};
}

}  // namespace rind::online_signer
