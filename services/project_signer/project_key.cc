#include "services/project_signer/project_key.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/tuf/json/encode.h"

namespace rind::project_signer {
namespace {

// docs/formats/statements.md: what sets a statement apart from TUF metadata.
constexpr std::string_view kStatementPrefix = "rind-statement-v1\n";

}  // namespace

StatusOr<tuf::Signature> ProjectKey::SignRole(const tuf::Targets& role) const {
  const std::string canonical = tuf::EncodeCanonical(role);
  RIND_ASSIGN_OR_RETURN(std::string bytes, signer_->Sign(keystore::SigningPermit(), canonical));
  RIND_RETURN_IF_ERROR(public_key().Verify(canonical, bytes));
  return tuf::Signature{.key_id = tuf::KeyId::Of(public_key()), .bytes = std::move(bytes)};
}

StatusOr<std::string> ProjectKey::SignClaim(const evidence::ClaimStatement& claim) const {
  if (std::find(claim.keys.begin(), claim.keys.end(), public_key()) == claim.keys.end()) {
    return InvalidArgument(Cat("claim of ", claim.project, ": does not name key ",
                               evidence::StatementKeyId(public_key()).substr(0, 8)));
  }
  const std::string statement = evidence::Encode(claim);
  RIND_ASSIGN_OR_RETURN(std::string signature,
                        signer_->Sign(keystore::SigningPermit(), Cat(kStatementPrefix, statement)));
  RIND_RETURN_IF_ERROR(evidence::VerifyStatement(public_key(), statement, signature));
  return signature;
}

}  // namespace rind::project_signer
