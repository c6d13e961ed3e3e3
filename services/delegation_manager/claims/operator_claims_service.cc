// The Operator's methods about claims and promotions: translation only.
#include <grpcpp/server_context.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/rpc/handler.h"
#include "services/delegation_manager/claims/claim_messages.h"
#include "services/delegation_manager/operator_service.h"

namespace rind::delegation_manager {

namespace pb = ::rind::delegation::v1;

grpc::Status OperatorService::ListClaims(grpc::ServerContext* context,
                                         const pb::ListClaimsRequest* request,
                                         pb::ListClaimsResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(const auto claims, parts_.claims.List(request->waiting_only()));
    for (const Claim& claim : claims) {
      auto* message = response->add_claims();
      message->set_project(claim.project);
      message->set_state(std::string(NameOf(claim.state)));
      ToMessage(claim.claim, *message->mutable_request());
      message->set_since(absl::ToUnixSeconds(claim.since));
      message->set_detail(claim.detail);
    }
    return OkStatus();
  });
}

grpc::Status OperatorService::SubmitAuthorisation(grpc::ServerContext* context,
                                                  const pb::SubmitAuthorisationRequest* request,
                                                  pb::SubmitAuthorisationResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(const SignedClaim claim, FromMessage(request->authorisation()));
    RIND_ASSIGN_OR_RETURN(const std::int64_t snapshot, parts_.claims.Authorise(claim));
    response->set_state(std::string(NameOf(ProjectState::kRecentlyClaimed)));
    response->set_snapshot_version(snapshot);
    return OkStatus();
  });
}

grpc::Status OperatorService::Promote(grpc::ServerContext* context,
                                      const pb::PromoteRequest* request,
                                      pb::PromoteResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    const std::vector<std::string> projects(request->projects().begin(), request->projects().end());
    if (request->all() != projects.empty()) {
      return InvalidArgument("promote: wanted either projects or all");
    }
    RIND_ASSIGN_OR_RETURN(const PendingPromotion promotion, parts_.promotions.Promote(projects));
    response->set_proposal_id(promotion.id);
    for (const std::string& project : promotion.projects) response->add_projects(project);
    return OkStatus();
  });
}

grpc::Status OperatorService::GetPromotion(grpc::ServerContext* context,
                                           const pb::GetPromotionRequest* request,
                                           pb::GetPromotionResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(const PendingPromotion promotion,
                          parts_.promotions.Get(request->proposal_id()));
    response->set_state(promotion.state);
    response->set_detail(promotion.detail);
    response->set_claimed_version(promotion.version);
    return OkStatus();
  });
}

}  // namespace rind::delegation_manager
