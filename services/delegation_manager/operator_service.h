// rind.delegation.v1.Operator over gRPC: the commands of `rind`.
//
// Promise: translates only. Methods lie in files by what they are about: operator_service.cc
// (creation, releases, status), claims/ and check/ bring their own.
// Threading: thread-safe.
#pragma once

#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "services/delegation_manager/claims/claims.h"
#include "services/delegation_manager/claims/promotion.h"
#include "services/delegation_manager/destroy/destruction.h"
#include "services/delegation_manager/publish/creation.h"
#include "services/delegation_manager/publish/publisher.h"
#include "services/delegation_manager/status.h"

#include "rind/delegation/v1/operator.grpc.pb.h"

namespace rind::delegation_manager {

// What the methods need; all of it outlives the service.
struct OperatorParts {
  Creation& creation;
  Publisher& publisher;
  StatusReporter& status;
  StateStore& state;
  Claims& claims;
  Promotions& promotions;
  Destruction& destruction;
  const FileReader& files;
  const Clock& clock;
  std::string public_folder;
  std::string blobs_folder;
  std::string repository;
  CreationRequest creation_defaults;
};

class OperatorService final : public delegation::v1::Operator::Service {
 public:
  explicit OperatorService(OperatorParts parts) : parts_(std::move(parts)) {}

  grpc::Status Create(grpc::ServerContext* context, const delegation::v1::CreateRequest* request,
                      grpc::ServerWriter<delegation::v1::Progress>* writer) override;
  grpc::Status Release(grpc::ServerContext* context, const delegation::v1::ReleaseRequest* request,
                       delegation::v1::ReleaseResponse* response) override;
  grpc::Status Timestamp(grpc::ServerContext* context,
                         const delegation::v1::TimestampRequest* request,
                         delegation::v1::ReleaseResponse* response) override;
  grpc::Status GetStatus(grpc::ServerContext* context,
                         const delegation::v1::GetStatusRequest* request,
                         delegation::v1::GetStatusResponse* response) override;
  grpc::Status GetClientBundle(grpc::ServerContext* context,
                               const delegation::v1::GetClientBundleRequest* request,
                               delegation::v1::GetClientBundleResponse* response) override;

  // check/operator_check_service.cc
  grpc::Status Check(grpc::ServerContext* context, const delegation::v1::CheckRequest* request,
                     grpc::ServerWriter<delegation::v1::CheckEvent>* writer) override;
  // destroy/operator_destroy_service.cc
  grpc::Status PlanDestroy(grpc::ServerContext* context,
                           const delegation::v1::PlanDestroyRequest* request,
                           delegation::v1::PlanDestroyResponse* response) override;
  grpc::Status Destroy(grpc::ServerContext* context, const delegation::v1::DestroyRequest* request,
                       delegation::v1::DestroyResponse* response) override;
  // claims/operator_claims_service.cc
  grpc::Status ListClaims(grpc::ServerContext* context,
                          const delegation::v1::ListClaimsRequest* request,
                          delegation::v1::ListClaimsResponse* response) override;
  grpc::Status SubmitAuthorisation(grpc::ServerContext* context,
                                   const delegation::v1::SubmitAuthorisationRequest* request,
                                   delegation::v1::SubmitAuthorisationResponse* response) override;
  grpc::Status Promote(grpc::ServerContext* context, const delegation::v1::PromoteRequest* request,
                       delegation::v1::PromoteResponse* response) override;
  grpc::Status GetPromotion(grpc::ServerContext* context,
                            const delegation::v1::GetPromotionRequest* request,
                            delegation::v1::GetPromotionResponse* response) override;

 private:
  OperatorParts parts_;
};

}  // namespace rind::delegation_manager
