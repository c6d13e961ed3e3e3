#include "services/delegation_manager/check/findings.h"

#include <utility>

namespace rind::delegation_manager {
namespace {

DifferenceKind KindOf(const Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return DifferenceKind::kMissing;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kResourceExhausted:
      return DifferenceKind::kWrong;
    default:
      return DifferenceKind::kUnreadable;
  }
}

}  // namespace

void Findings::Report(DifferenceKind kind, std::string what, std::string detail) {
  if (!stopped_.ok()) return;
  ++(kind == DifferenceKind::kUnreadable ? summary_.unreadable : summary_.differences);
  stopped_ = observer_.OnDifference({kind, std::move(what), std::move(detail)});
}

void Findings::Report(std::string what, const Status& status) {
  Report(KindOf(status), std::move(what), std::string(MessageOf(status)));
}

void Findings::Progress(std::string_view step, std::uint64_t done, std::uint64_t total) {
  if (stopped_.ok()) stopped_ = observer_.OnProgress(step, done, total);
}

}  // namespace rind::delegation_manager
