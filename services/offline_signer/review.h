// What a proposal changes, in plain language, for the holder who is asked to sign it.
//
// Promise: pure; every key, threshold, project and date that differs is there, nothing that the
// requester wrote is printed unescaped.
// Threading: pure functions.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/signing/proposal.h"

namespace rind::offline_signer {

// docs/formats/ceremony.md: sha256 over the canonical JSON of the proposal. InvalidArgument for a
// document that can't be read, or a reason that is no text.
StatusOr<Sha256Digest> DigestOf(const std::string& repository, const std::string& reason,
                                const std::vector<signing::Proposal>& documents);

std::string Review(const std::string& repository, const std::string& reason,
                   const std::vector<signing::Proposal>& documents, const Sha256Digest& digest,
                   absl::Time now);

// The version that a proposed document states.
StatusOr<std::int64_t> VersionOf(const signing::Proposal& document);

}  // namespace rind::offline_signer
