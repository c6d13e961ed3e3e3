#include "services/delegation_manager/ingest_service.h"

#include <utility>

#include <grpcpp/server_context.h>

#include "common/base/failpoint.h"
#include "common/base/text.h"
#include "common/rpc/handler.h"

namespace rind::delegation_manager {
namespace {

namespace pb = ::rind::delegation::v1;

constexpr int kProjectsInAPage = 10'000;  // ingest.proto

StatusOr<Ingestion> FromMessage(const pb::IngestProjectRequest& in) {
  Ingestion out;
  out.project = in.project();
  out.serial = in.serial();
  out.targets.reserve(static_cast<std::size_t>(in.targets_size()));
  for (const auto& target : in.targets()) {
    RIND_ASSIGN_OR_RETURN(auto path, tuf::TargetPath::Parse(target.path()));
    const auto sha256 = Sha256Digest::FromBytes(target.sha256());
    if (!sha256.ok()) return Annotate(sha256.status(), path.text());
    out.targets.push_back({std::move(path), target.length(), *sha256});
  }
  out.index_html = in.index_html();
  out.index_json = in.index_json();
  out.evidence = {in.evidence().statement(), in.evidence().key_id(), in.evidence().signature()};
  return out;
}

}  // namespace

grpc::Status IngestService::IngestProject(grpc::ServerContext* context,
                                          const pb::IngestProjectRequest* request,
                                          pb::IngestProjectResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(const Ingestion ingestion, FromMessage(*request));
    RIND_ASSIGN_OR_RETURN(const TargetChange change, delegation_manager::IngestProject(
                                                         state_, from_, ingestion, clock_.Now()));
    Failpoint("ingest.recorded");
    if (change.any()) changed_();
    response->set_changed(change.any());
    response->set_added(change.added);
    response->set_removed(change.removed);
    response->set_replaced_pages(change.replaced_pages);
    return OkStatus();
  });
}

grpc::Status IngestService::ListProjects(grpc::ServerContext* context,
                                         const pb::ListProjectsRequest* request,
                                         pb::ListProjectsResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    std::vector<Project> projects;
    RIND_RETURN_IF_ERROR(state_.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(projects, tables.projects.List(request->after(), kProjectsInAPage));
      return OkStatus();
    }));
    for (const Project& project : projects) {
      auto& message = *response->add_projects();
      message.set_project(project.name);
      message.set_serial(project.serial);
      message.set_claimed(IsClaimed(project.state));
      message.set_targets_root(std::string(project.targets_root.Bytes()));
    }
    response->set_more(projects.size() == static_cast<std::size_t>(kProjectsInAPage));
    return OkStatus();
  });
}

grpc::Status IngestService::GetRepository(grpc::ServerContext* context,
                                          const pb::GetRepositoryRequest*,
                                          pb::GetRepositoryResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    response->set_repository_id(from_.repository);
    return state_.Transact([&](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(const std::uint32_t bins, tables.bins.Count());
      response->set_created(bins > 0);
      return OkStatus();
    });
  });
}

}  // namespace rind::delegation_manager
