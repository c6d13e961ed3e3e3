// The Operator's methods PlanDestroy and Destroy: translation only.
#include <grpcpp/server_context.h>

#include "common/rpc/handler.h"
#include "services/delegation_manager/operator_service.h"

namespace rind::delegation_manager {

namespace pb = ::rind::delegation::v1;

grpc::Status OperatorService::PlanDestroy(grpc::ServerContext* context,
                                          const pb::PlanDestroyRequest* request,
                                          pb::PlanDestroyResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(const DestructionPlan plan, parts_.destruction.Plan(request->blobs()));
    for (const std::string& line : plan.will_delete) response->add_will_delete(line);
    for (const std::string& file : plan.will_stay) {
      response->add_will_delete("(stays, rind did not make it: " + file + ")");
    }
    response->set_token(plan.token);
    return OkStatus();
  });
}

grpc::Status OperatorService::Destroy(grpc::ServerContext* context,
                                      const pb::DestroyRequest* request,
                                      pb::DestroyResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(const auto deleted,
                          parts_.destruction.Destroy(request->token(), request->blobs()));
    for (const std::string& line : deleted) response->add_deleted(line);
    return OkStatus();
  });
}

}  // namespace rind::delegation_manager
