// rind.delegation.v1.Developer over gRPC: the commands of `rind-project`.
//
// Promise: translates only.
// Threading: thread-safe.
#pragma once

#include "services/delegation_manager/claims/claims.h"
#include "services/delegation_manager/claims/uploads.h"

#include "rind/delegation/v1/developer.grpc.pb.h"

namespace rind::delegation_manager {

class DeveloperService final : public delegation::v1::Developer::Service {
 public:
  // Both must outlive it.
  DeveloperService(Claims& claims, Uploads& uploads) : claims_(claims), uploads_(uploads) {}

  grpc::Status RequestClaim(grpc::ServerContext* context,
                            const delegation::v1::RequestClaimRequest* request,
                            delegation::v1::RequestClaimResponse* response) override;
  grpc::Status GetProject(grpc::ServerContext* context,
                          const delegation::v1::GetProjectRequest* request,
                          delegation::v1::GetProjectResponse* response) override;
  grpc::Status UploadBlob(grpc::ServerContext* context,
                          grpc::ServerReader<delegation::v1::UploadBlobRequest>* reader,
                          delegation::v1::UploadBlobResponse* response) override;
  grpc::Status PushProject(grpc::ServerContext* context,
                           const delegation::v1::PushProjectRequest* request,
                           delegation::v1::PushProjectResponse* response) override;

 private:
  Status Upload(grpc::ServerReader<delegation::v1::UploadBlobRequest>& reader,
                delegation::v1::UploadBlobResponse& response);

  Claims& claims_;
  Uploads& uploads_;
};

}  // namespace rind::delegation_manager
