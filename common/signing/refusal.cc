#include "common/signing/refusal.h"

#include "absl/strings/cord.h"
#include "common/base/text.h"

namespace rind::signing {
namespace {
constexpr char kPayload[] = "rind.rule";
}

Status Refuse(std::string_view rule, std::string_view message) {
  Status status = FailedPrecondition(message);
  status.SetPayload(kPayload, absl::Cord(std::string(rule)));
  return status;
}

std::string RuleOf(const Status& status) {
  const auto rule = status.GetPayload(kPayload);
  return rule.has_value() ? std::string(*rule) : std::string();
}

Status RefuseIfError(const Status& status, std::string_view rule, std::string_view context) {
  if (status.ok() || !RuleOf(status).empty()) return status;
  return Refuse(rule, Cat(context, ": ", MessageOf(status)));
}

}  // namespace rind::signing
