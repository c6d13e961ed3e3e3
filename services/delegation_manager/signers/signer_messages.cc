#include "services/delegation_manager/signers/signer_messages.h"

#include <utility>

#include "common/base/text.h"

namespace rind::delegation_manager {
namespace {

Status Malformed(std::string_view what) { return Internal(Cat("a signer's answer: ", what)); }

void ToMessage(const Vouched& vouched, common::v1::VouchedTargets& out) {
  out.mutable_evidence()->set_statement(vouched.evidence.statement);
  out.mutable_evidence()->set_key_id(vouched.evidence.key_id);
  out.mutable_evidence()->set_signature(vouched.evidence.signature);
  for (const ProvenTarget& target : vouched.targets) {
    common::v1::VouchedTarget& message = *out.add_targets();
    message.mutable_target()->set_path(target.target.path.text());
    message.mutable_target()->set_length(target.target.length);
    message.mutable_target()->set_sha256(std::string(target.target.sha256.Bytes()));
    message.set_index(target.index);
    for (const Sha256Digest& node : target.path) message.add_path(std::string(node.Bytes()));
  }
}

// Only keys that clients verify.
StatusOr<PublicKey> KeyFrom(const common::v1::PublicKey& in) {
  const auto scheme = tuf::Key::SchemeOf(in.key_type(), in.scheme());
  if (!scheme.has_value()) {
    return Malformed(Cat("a key of type ", Printable(in.key_type()), " and scheme ",
                         Printable(in.scheme()), ": wanted ed25519 or ecdsa"));
  }
  return PublicKey::Create(*scheme, in.material());
}

}  // namespace

void ToAuthorisation(const SignedClaim& claim, common::v1::ClaimAuthorisation& out) {
  out.set_statement(claim.statement);
  for (const StatementSignature& signature : claim.signatures) {
    common::v1::StatementSignature& message = *out.add_signatures();
    message.set_key_id(signature.key_id);
    message.set_signature(signature.signature);
  }
}

void ToMessage(const DocumentToSign& document, signer::v1::Document& out) {
  out.set_role(document.role.text());
  out.set_signed_(document.canonical);
  out.set_previous(document.previous);
  for (const Vouched& vouched : document.vouched) ToMessage(vouched, *out.add_vouched());
  for (const SignedClaim& claim : document.authorisations) {
    ToAuthorisation(claim, *out.add_authorisations());
  }
  for (const SignedReceipt& receipt : document.receipts) {
    common::v1::Receipt& message = *out.add_receipts();
    message.set_statement(receipt.statement);
    message.set_key_id(receipt.key_id);
    message.set_signature(receipt.signature);
  }
  for (const RoleFile& file : document.files) {
    signer::v1::SignedFile& message = *out.add_files();
    message.set_role(file.role.text());
    message.set_bytes(file.bytes);
  }
}

StatusOr<SignOutcome> FromMessage(const signer::v1::Outcome& in) {
  if (in.has_refusal()) {
    return SignOutcome(Refused{in.refusal().rule(), in.refusal().message()});
  }
  if (!in.has_signed_()) return Malformed("neither a signature nor a refusal");
  const signer::v1::Signed& answer = in.signed_();
  RIND_ASSIGN_OR_RETURN(tuf::KeyId key_id, tuf::KeyId::Parse(answer.key_id()));
  RIND_ASSIGN_OR_RETURN(const Sha256Digest sha256, Sha256Digest::FromBytes(answer.sha256()));
  SignedByKey out{std::move(key_id), answer.signature(), sha256, {}};
  if (answer.has_receipt()) {
    out.receipt = SignedReceipt{answer.receipt().statement(), answer.receipt().key_id(),
                                answer.receipt().signature()};
  }
  return SignOutcome(std::move(out));
}

StatusOr<std::map<std::string, tuf::RoleSigners, std::less<>>> KeysFrom(
    const google::protobuf::RepeatedPtrField<common::v1::RoleKeys>& in) {
  std::map<std::string, tuf::RoleSigners, std::less<>> keys;
  for (const common::v1::RoleKeys& role : in) {
    tuf::RoleSigners signers;
    for (const common::v1::PublicKey& key : role.keys()) {
      RIND_ASSIGN_OR_RETURN(PublicKey known, KeyFrom(key));
      signers.keys.push_back(std::move(known));
    }
    RIND_ASSIGN_OR_RETURN(signers.threshold, tuf::Threshold::Create(role.threshold()));
    keys.insert_or_assign(role.role(), std::move(signers));
  }
  return keys;
}

StatusOr<ProposalStatus> FromMessage(const ceremony::v1::GetProposalResponse& in, std::string id) {
  ProposalStatus status;
  status.id = std::move(id);
  switch (in.state()) {
    case ceremony::v1::PROPOSAL_STATE_WAITING:
      return status;
    case ceremony::v1::PROPOSAL_STATE_REFUSED:
      status.state = ProposalState::kRefused;
      status.refusal = {in.refusal().rule(), in.refusal().message()};
      return status;
    case ceremony::v1::PROPOSAL_STATE_APPROVED:
      break;
    default:
      return Malformed("a proposal in no known state");
  }
  status.state = ProposalState::kApproved;
  for (const ceremony::v1::ProposalSignature& signature : in.signatures()) {
    RIND_ASSIGN_OR_RETURN(const tuf::RoleName role, tuf::RoleName::Parse(signature.role()));
    RIND_ASSIGN_OR_RETURN(tuf::KeyId key_id, tuf::KeyId::Parse(signature.key_id()));
    status.signatures[role].push_back({std::move(key_id), signature.signature()});
  }
  if (status.signatures.empty()) return Malformed("an approved proposal without signatures");
  return status;
}

}  // namespace rind::delegation_manager
