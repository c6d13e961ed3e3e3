// rind.delegation.v1.Ingest over gRPC: what a mirror_syncer may do.
//
// Promise: translates only.
// Threading: thread-safe.
#pragma once

#include <functional>
#include <string>

#include "common/base/clock.h"
#include "services/delegation_manager/ingest/ingest_project.h"

#include "rind/delegation/v1/ingest.grpc.pb.h"

namespace rind::delegation_manager {

class IngestService final : public delegation::v1::Ingest::Service {
 public:
  // `changed` is told after each project that was recorded. All outlives the service.
  IngestService(StateStore& state, IngestFrom from, const Clock& clock,
                std::function<void()> changed)
      : state_(state), from_(std::move(from)), clock_(clock), changed_(std::move(changed)) {}

  grpc::Status IngestProject(grpc::ServerContext* context,
                             const delegation::v1::IngestProjectRequest* request,
                             delegation::v1::IngestProjectResponse* response) override;
  grpc::Status ListProjects(grpc::ServerContext* context,
                            const delegation::v1::ListProjectsRequest* request,
                            delegation::v1::ListProjectsResponse* response) override;
  grpc::Status GetRepository(grpc::ServerContext* context,
                             const delegation::v1::GetRepositoryRequest* request,
                             delegation::v1::GetRepositoryResponse* response) override;

 private:
  StateStore& state_;
  const IngestFrom from_;
  const Clock& clock_;
  const std::function<void()> changed_;
};

}  // namespace rind::delegation_manager
