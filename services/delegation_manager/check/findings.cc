#include "services/delegation_manager/check/findings.h"

#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"

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

void Findings::Report(std::string what, const Status& status, std::string_view about) {
  const DifferenceKind kind = KindOf(status);
  std::string detail(about);
  if (!detail.empty()) detail += ": ";
  // What the file system says names paths of this host: they stay here (SECURITY.md G-07).
  switch (kind) {
    case DifferenceKind::kMissing:
      detail += "is not there";
      break;
    case DifferenceKind::kUnreadable:
      detail += Cat("can't be read: ", CodeName(status.code()));
      LogWarning("check: can't read a file", {{"error", std::string(MessageOf(status))}});
      break;
    case DifferenceKind::kWrong:
    case DifferenceKind::kUnlisted:
      detail +=
          absl::IsResourceExhausted(status) ? "is larger than what is listed" : MessageOf(status);
      break;
  }
  Report(kind, std::move(what), std::move(detail));
}

void Findings::Progress(std::string_view step, std::uint64_t done, std::uint64_t total) {
  if (stopped_.ok()) stopped_ = observer_.OnProgress(step, done, total);
}

}  // namespace rind::delegation_manager
