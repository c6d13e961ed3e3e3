// Why a client refused a document: the closed set that callers branch on.
//
// Promise: every refusal of trusted_set/, verify/ and tuf_client/ carries one; the message has
// role, version, expected and found. Threading: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "common/base/status.h"

namespace rind::tuf {

enum class Rejection {
  kMalformed,     // not the form that the specification asks for
  kUnsigned,      // below the threshold of valid signatures
  kRollback,      // older than what is trusted
  kWrongVersion,  // not the version that was announced
  kExpired,
  kWrongHash,  // hash or length is not the announced one
  kTooLarge,
  kMissing,       // a delegated role that the snapshot does not list, or a role dropped from it
  kUnfetched,     // announced, and could not be had
  kTooManyRoles,  // the search or the root chain passed its bound
};

std::string_view NameOf(Rejection rejection);

// FailedPrecondition with that reason.
Status Reject(Rejection rejection, std::string_view message);
// The reason that `status` carries; nothing when it is no refusal.
std::optional<Rejection> RejectionOf(const Status& status);

}  // namespace rind::tuf
