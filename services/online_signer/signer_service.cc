#include "services/online_signer/signer_service.h"

#include "absl/time/time.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/rpc/handler.h"
#include "common/signing/refusal.h"
#include "services/online_signer/signer_codec.h"

namespace rind::online_signer {
namespace {

void LogRefusals(const std::vector<signing::Outcome>& outcomes) {
  for (const signing::Outcome& outcome : outcomes) {
    if (outcome.ok()) continue;
    LogWarning(
        Cat("refused by ", signing::RuleOf(outcome.status()), ": ", MessageOf(outcome.status())));
  }
}

}  // namespace

grpc::Status SignerService::Sign(grpc::ServerContext* context,
                                 const rind::signer::v1::SignRequest* request,
                                 rind::signer::v1::SignResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(const auto proposals, Decode(*request));
    RIND_ASSIGN_OR_RETURN(
        const auto outcomes,
        session_.Sign({.repository = request->repository_id(),
                       .manager_time = absl::FromUnixSeconds(request->manager_time()),
                       .documents = proposals}));
    LogRefusals(outcomes);
    Encode(outcomes, *response);
    return OkStatus();
  });
}

grpc::Status SignerService::GetState(grpc::ServerContext* context,
                                     const rind::signer::v1::GetStateRequest* request,
                                     rind::signer::v1::GetStateResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    const std::vector<std::string> roles(request->roles().begin(), request->roles().end());
    Encode(session_.State(roles), session_.policy(), receipts_, *response);
    return OkStatus();
  });
}

}  // namespace rind::online_signer
