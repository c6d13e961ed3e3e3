#include "common/tuf/model/rejection.h"

#include <array>

namespace rind::tuf {
namespace {

constexpr char kPayload[] = "rind/tuf.Rejection";

constexpr std::array kAll = {Rejection::kMalformed,    Rejection::kUnsigned, Rejection::kRollback,
                             Rejection::kWrongVersion, Rejection::kExpired,  Rejection::kWrongHash,
                             Rejection::kTooLarge,     Rejection::kMissing,  Rejection::kUnfetched,
                             Rejection::kTooManyRoles};

}  // namespace

std::string_view NameOf(Rejection rejection) {
  switch (rejection) {
    case Rejection::kMalformed:
      return "malformed";
    case Rejection::kUnsigned:
      return "unsigned";
    case Rejection::kRollback:
      return "rollback";
    case Rejection::kWrongVersion:
      return "wrong-version";
    case Rejection::kExpired:
      return "expired";
    case Rejection::kWrongHash:
      return "wrong-hash";
    case Rejection::kTooLarge:
      return "too-large";
    case Rejection::kMissing:
      return "missing";
    case Rejection::kUnfetched:
      return "unfetched";
    case Rejection::kTooManyRoles:
      return "too-many-roles";
  }
  return "";
}

Status Reject(Rejection rejection, std::string_view message) {
  Status status = FailedPrecondition(message);
  const std::string_view name = NameOf(rejection);
  status.SetPayload(kPayload, absl::Cord(absl::string_view(name.data(), name.size())));
  return status;
}

std::optional<Rejection> RejectionOf(const Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload) return std::nullopt;
  const std::string name(*payload);
  for (const Rejection rejection : kAll) {
    if (NameOf(rejection) == name) return rejection;
  }
  return std::nullopt;
}

}  // namespace rind::tuf
