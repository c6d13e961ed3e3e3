#include "services/delegation_manager/claims/claim_messages.h"

#include "common/base/text.h"

namespace rind::delegation_manager {
namespace {

constexpr std::size_t kSignatureBytes = 64;  // Ed25519

}  // namespace

StatusOr<SignedClaim> FromMessage(const ::rind::common::v1::ClaimAuthorisation& message) {
  SignedClaim claim;
  claim.statement = message.statement();
  for (const auto& signature : message.signatures()) {
    if (signature.signature().size() != kSignatureBytes) {
      return InvalidArgument(Cat("claim: a signature of ", signature.signature().size(),
                                 " bytes, wanted ", kSignatureBytes));
    }
    claim.signatures.push_back({.key_id = signature.key_id(), .signature = signature.signature()});
  }
  return claim;
}

void ToMessage(const SignedClaim& claim, ::rind::common::v1::ClaimAuthorisation& message) {
  message.set_statement(claim.statement);
  for (const StatementSignature& signature : claim.signatures) {
    auto* added = message.add_signatures();
    added->set_key_id(signature.key_id);
    added->set_signature(signature.signature);
  }
}

}  // namespace rind::delegation_manager
