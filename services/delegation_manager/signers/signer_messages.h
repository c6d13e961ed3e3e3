// What grpc_signers.cc sends and reads, as messages.
//
// Promise: decoding is total: a malformed answer is Internal with the peer's fault named.
// Threading: pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <google/protobuf/repeated_ptr_field.h>

#include "common/base/status.h"
#include "services/delegation_manager/signers/signer.h"

#include "rind/ceremony/v1/ceremony.pb.h"
#include "rind/common/v1/common.pb.h"
#include "rind/signer/v1/signer.pb.h"

namespace rind::delegation_manager {

void ToMessage(const DocumentToSign& document, signer::v1::Document& out);
StatusOr<SignOutcome> FromMessage(const signer::v1::Outcome& in);
void ToAuthorisation(const SignedClaim& claim, common::v1::ClaimAuthorisation& out);
StatusOr<std::map<std::string, tuf::RoleSigners, std::less<>>> KeysFrom(
    const google::protobuf::RepeatedPtrField<common::v1::RoleKeys>& in);
StatusOr<ProposalStatus> FromMessage(const ceremony::v1::GetProposalResponse& in, std::string id);

}  // namespace rind::delegation_manager
