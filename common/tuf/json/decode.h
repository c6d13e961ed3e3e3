// TUF documents from bytes.
//
// Promise: strict and total: SECURITY.md P-01 to P-08. Any bytes give a document or an error that
// names the role, the member and what was wanted; nothing throws. Errors carry
// Rejection::kMalformed, or kTooLarge.
// Source: TUF 1.0.34, "document formats".
// Threading: pure functions.
#pragma once

#include <string_view>

#include "common/tuf/model/documents.h"

namespace rind::tuf {

// An envelope {"signatures": [...], "signed": {...}} with the role's own `_type`. The caller has
// bounded the size of `bytes`.
StatusOr<SignedDocument<Root>> DecodeRoot(std::string_view bytes);
StatusOr<SignedDocument<Timestamp>> DecodeTimestamp(std::string_view bytes);
StatusOr<SignedDocument<Snapshot>> DecodeSnapshot(std::string_view bytes);
StatusOr<SignedDocument<Targets>> DecodeTargets(std::string_view bytes);

// The `signed` part alone, as signers get it: it must be canonical to the byte (P-05).
StatusOr<Root> DecodeCanonicalRoot(std::string_view canonical);
StatusOr<Timestamp> DecodeCanonicalTimestamp(std::string_view canonical);
StatusOr<Snapshot> DecodeCanonicalSnapshot(std::string_view canonical);
StatusOr<Targets> DecodeCanonicalTargets(std::string_view canonical);

}  // namespace rind::tuf
