// Errors as values.
//
// Promise: every error of rind is an absl::Status whose code says what the caller can do and whose
// message says who, what was found and what was wanted. Nothing branches on a message.
// Threading: pure functions.
//
// Debian builds abseil with a string_view of its own, so the std types cross into it only here and
// in text.h.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rind {

using absl::OkStatus;
using absl::Status;
using absl::StatusOr;

// The caller sent something malformed; the same call can never succeed.
Status InvalidArgument(std::string_view message);
// What was asked for is not there.
Status NotFound(std::string_view message);
// It is there already, and not the same.
Status AlreadyExists(std::string_view message);
// The caller may not.
Status PermissionDenied(std::string_view message);
// The system is in a state in which this can't be done; a rule refused it.
Status FailedPrecondition(std::string_view message);
// A limit of size, count or time was passed.
Status ResourceExhausted(std::string_view message);
// The other side can't be reached now; trying again may help.
Status Unavailable(std::string_view message);
// It took longer than it may.
Status DeadlineExceeded(std::string_view message);
// The caller is shutting down or gave up.
Status Cancelled(std::string_view message);
// Stored bytes are not what was stored.
Status DataLoss(std::string_view message);
// rind broke a promise of its own: a bug.
Status Internal(std::string_view message);

// The message of `status` as a standard view; it lives as long as `status`.
std::string_view MessageOf(const Status& status);

// The same error with "context: " before its message; payloads are kept. OK stays OK.
Status Annotate(const Status& status, std::string_view context);

// "NOT_FOUND" and so on.
std::string_view CodeName(absl::StatusCode code);

}  // namespace rind

// Returns from the enclosing function when `expr` is an error.
#define RIND_RETURN_IF_ERROR(expr)               \
  do {                                           \
    ::absl::Status rind_status_ = (expr);        \
    if (!rind_status_.ok()) return rind_status_; \
  } while (false)

#define RIND_STATUS_CONCAT_INNER_(a, b) a##b
#define RIND_STATUS_CONCAT_(a, b) RIND_STATUS_CONCAT_INNER_(a, b)
// NOLINTBEGIN(bugprone-macro-parentheses): names and declarations take no parentheses.
#define RIND_ASSIGN_OR_RETURN_IMPL_(result, lhs, expr) \
  auto result = (expr);                                \
  if (!result.ok()) return result.status();            \
  lhs = *std::move(result)
// NOLINTEND(bugprone-macro-parentheses)

// RIND_ASSIGN_OR_RETURN(auto x, F()): x is the value, or the enclosing function returns the error.
#define RIND_ASSIGN_OR_RETURN(lhs, expr) \
  RIND_ASSIGN_OR_RETURN_IMPL_(RIND_STATUS_CONCAT_(rind_result_, __LINE__), lhs, expr)
