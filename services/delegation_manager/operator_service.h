// rind.delegation.v1.Operator over gRPC: the commands of `rind`.
//
// Promise: translates only. Methods lie in files by what they are about: operator_service.cc
// (creation, releases, status), claims/ and check/ bring their own.
// Threading: thread-safe.
#pragma once

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
};

class OperatorService final : public delegation::v1::Operator::Service {
 public:
  explicit OperatorService(OperatorParts parts) : parts_(parts) {}

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

 private:
  OperatorParts parts_;
};

}  // namespace rind::delegation_manager
