#include "services/online_signer/signer_codec.h"

#include <utility>

#include "common/base/text.h"
#include "common/signing/refusal.h"

namespace rind::online_signer {
namespace {

namespace pb = rind::signer::v1;
namespace common = rind::common::v1;
using signing::Proposal;

// An error is told with the field that it is in.
template <typename T>
StatusOr<T> In(std::string_view field, StatusOr<T> value) {
  if (value.ok()) return value;
  return Annotate(value.status(), field);
}

StatusOr<signing::VouchedLeaf> DecodeLeaf(const common::VouchedTarget& in) {
  RIND_ASSIGN_OR_RETURN(auto path, In("target.path", tuf::TargetPath::Parse(in.target().path())));
  RIND_ASSIGN_OR_RETURN(const auto digest,
                        In("target.sha256", Sha256Digest::FromBytes(in.target().sha256())));
  signing::VouchedLeaf leaf = {
      .target = {std::move(path), in.target().length(), digest}, .index = in.index(), .path = {}};
  for (const std::string& node : in.path()) {
    RIND_ASSIGN_OR_RETURN(const auto hash,
                          In(Cat("path[", leaf.path.size(), "]"), Sha256Digest::FromBytes(node)));
    leaf.path.push_back(hash);
  }
  return leaf;
}

StatusOr<signing::SuppliedEvidence> DecodeVouched(const common::VouchedTargets& in) {
  signing::SuppliedEvidence out;
  out.evidence = {in.evidence().statement(), in.evidence().key_id(), in.evidence().signature()};
  out.targets.reserve(static_cast<std::size_t>(in.targets_size()));
  for (const common::VouchedTarget& target : in.targets()) {
    RIND_ASSIGN_OR_RETURN(auto leaf,
                          In(Cat("targets[", out.targets.size(), "]"), DecodeLeaf(target)));
    out.targets.push_back(std::move(leaf));
  }
  return out;
}

StatusOr<Proposal> DecodeDocument(const pb::Document& in) {
  RIND_ASSIGN_OR_RETURN(auto role, In("role", tuf::RoleName::Parse(in.role())));
  Proposal out = {.role = std::move(role),
                  .proposed = in.signed_(),
                  .previous = in.previous(),
                  .vouched = {},
                  .authorisations = {},
                  .receipts = {},
                  .files = {}};
  for (const common::VouchedTargets& vouched : in.vouched()) {
    RIND_ASSIGN_OR_RETURN(auto evidence,
                          In(Cat("vouched[", out.vouched.size(), "]"), DecodeVouched(vouched)));
    out.vouched.push_back(std::move(evidence));
  }
  for (const common::ClaimAuthorisation& authorisation : in.authorisations()) {
    signing::SuppliedAuthorisation supplied = {authorisation.statement(), {}};
    for (const common::StatementSignature& signature : authorisation.signatures()) {
      supplied.signatures.push_back({signature.key_id(), signature.signature()});
    }
    out.authorisations.push_back(std::move(supplied));
  }
  for (const common::Receipt& receipt : in.receipts()) {
    out.receipts.push_back({receipt.statement(), receipt.key_id(), receipt.signature()});
  }
  for (const pb::SignedFile& file : in.files()) {
    RIND_ASSIGN_OR_RETURN(auto name, In(Cat("files[", out.files.size(), "].role"),
                                        tuf::RoleName::Parse(file.role())));
    out.files.push_back({std::move(name), file.bytes()});
  }
  return out;
}

void EncodeKeys(const std::string& role, const PublicKey& key, common::RoleKeys& out) {
  out.set_role(role);
  out.set_threshold(1);
  common::PublicKey& encoded = *out.add_keys();
  encoded.set_key_type(tuf::Key::Of(key).key_type);
  encoded.set_scheme(std::string(SchemeName(key.scheme())));
  encoded.set_material(key.material());
}

}  // namespace

StatusOr<std::vector<Proposal>> Decode(const pb::SignRequest& request) {
  if (request.documents_size() > kMaxDocuments) {
    return InvalidArgument(
        Cat(request.documents_size(), " documents in a call: wanted at most ", kMaxDocuments));
  }
  std::vector<Proposal> proposals;
  proposals.reserve(static_cast<std::size_t>(request.documents_size()));
  for (const pb::Document& document : request.documents()) {
    auto proposal = DecodeDocument(document);
    if (!proposal.ok()) {
      return Annotate(proposal.status(), Cat("document ", proposals.size(), " (",
                                             Printable(document.role(), 100), ")"));
    }
    proposals.push_back(*std::move(proposal));
  }
  return proposals;
}

void Encode(const std::vector<signing::Outcome>& outcomes, pb::SignResponse& response) {
  for (const signing::Outcome& outcome : outcomes) {
    pb::Outcome& out = *response.add_outcomes();
    if (!outcome.ok()) {
      out.mutable_refusal()->set_rule(signing::RuleOf(outcome.status()));
      out.mutable_refusal()->set_message(std::string(MessageOf(outcome.status())));
      continue;
    }
    pb::Signed& made = *out.mutable_signed_();
    made.set_key_id(outcome->key_id);
    made.set_signature(outcome->signature);
    made.set_sha256(std::string(outcome->sha256.Bytes()));
    if (!outcome->receipt.has_value()) continue;
    made.mutable_receipt()->set_statement(outcome->receipt->statement);
    made.mutable_receipt()->set_key_id(outcome->receipt->key_id);
    made.mutable_receipt()->set_signature(outcome->receipt->signature);
  }
}

void Encode(const signing::SessionState& state, const signing::Policy& policy,
            const std::optional<PublicKey>& receipts, pb::GetStateResponse& response) {
  response.set_repository_id(policy.repository);
  for (const auto& [role, key] : policy.own_keys) EncodeKeys(role, key, *response.add_keys());
  if (receipts.has_value()) EncodeKeys("receipts", *receipts, *response.add_keys());
  for (const auto& [role, last] : state.roles) {
    pb::RoleMemory& memory = *response.add_roles();
    memory.set_role(role);
    memory.set_version(last.version);
    memory.set_sha256(std::string(last.digest.Bytes()));
    memory.set_expires(absl::ToUnixSeconds(last.expires));
  }
  response.set_signed_(state.signatures);
  for (const auto& [rule, count] : state.refusals) (*response.mutable_refusals())[rule] = count;
  response.set_ledger_entries(state.ledger_entries);
  if (state.pinned_root.has_value()) {
    response.set_pinned_root_sha256(std::string(state.pinned_root->Bytes()));
  }
}

}  // namespace rind::online_signer
