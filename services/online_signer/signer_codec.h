// rind.signer.v1 messages to the signers' own values and back.
//
// Promise: form only: sizes, digests, role names and target paths are checked here, meaning is
// judged by common/signing. Errors are InvalidArgument and name the document and its field.
// Threading: pure functions.
#pragma once

#include <vector>

#include "common/base/status.h"
#include "common/signing/signing_session.h"

#include "rind/signer/v1/signer.pb.h"

namespace rind::online_signer {

inline constexpr int kMaxDocuments = 512;

StatusOr<std::vector<signing::Proposal>> Decode(const rind::signer::v1::SignRequest& request);
void Encode(const std::vector<signing::Outcome>& outcomes,
            rind::signer::v1::SignResponse& response);
void Encode(const signing::SessionState& state, const signing::Policy& policy,
            const std::optional<PublicKey>& receipts, rind::signer::v1::GetStateResponse& response);

}  // namespace rind::online_signer
