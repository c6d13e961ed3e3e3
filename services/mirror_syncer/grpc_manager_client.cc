#include "services/mirror_syncer/grpc_manager_client.h"

#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/base/text.h"

#include "rind/delegation/v1/ingest.grpc.pb.h"

namespace rind::mirror_syncer {
namespace {

namespace pb = rind::delegation::v1;

constexpr absl::Duration kAskDeadline = absl::Seconds(30);
// A project of 20,000 files, recorded and checked against its evidence.
constexpr absl::Duration kIngestDeadline = absl::Minutes(5);
constexpr std::size_t kMaxProjects = 5'000'000;

Status Named(const grpc::Status& status) {
  return Annotate(rpc::FromGrpc(status), "delegation-manager");
}

class GrpcManagerClient final : public ManagerClient {
 public:
  explicit GrpcManagerClient(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(pb::Ingest::NewStub(channel)) {}

  StatusOr<RepositoryInfo> GetRepository() override {
    grpc::ClientContext context;
    rpc::Prepare(context, kAskDeadline);
    pb::GetRepositoryResponse response;
    RIND_RETURN_IF_ERROR(Named(stub_->GetRepository(&context, {}, &response)));
    return RepositoryInfo{response.created(), response.repository_id()};
  }

  StatusOr<ProjectRecords> ListProjects() override {
    ProjectRecords records;
    pb::ListProjectsRequest request;
    while (true) {
      grpc::ClientContext context;
      rpc::Prepare(context, kAskDeadline);
      pb::ListProjectsResponse page;
      RIND_RETURN_IF_ERROR(Named(stub_->ListProjects(&context, request, &page)));
      for (const pb::MirroredProject& project : page.projects()) {
        ProjectRecord record{
            .serial = project.serial(), .claimed = project.claimed(), .targets_root = {}};
        if (!project.targets_root().empty()) {
          RIND_ASSIGN_OR_RETURN(record.targets_root,
                                Sha256Digest::FromBytes(project.targets_root()));
        }
        records[project.project()] = record;
      }
      if (!page.more()) return records;
      const std::string& last =
          page.projects_size() > 0 ? page.projects(page.projects_size() - 1).project() : "";
      if (last <= request.after() || records.size() > kMaxProjects) {
        return Internal("delegation-manager: its list of projects does not end");
      }
      request.set_after(last);
    }
  }

  StatusOr<bool> Ingest(const ProjectIngest& ingest) override {
    pb::IngestProjectRequest request;
    request.set_project(ingest.project);
    request.set_serial(ingest.serial);
    for (const evidence::VouchedTarget& target : ingest.targets) {
      auto* added = request.add_targets();
      added->set_path(target.path.text());
      added->set_length(target.length);
      added->set_sha256(std::string(target.sha256.Bytes()));
    }
    request.set_index_html(ingest.index_html);
    request.set_index_json(ingest.index_json);
    request.mutable_evidence()->set_statement(ingest.statement);
    request.mutable_evidence()->set_key_id(ingest.key_id);
    request.mutable_evidence()->set_signature(ingest.signature);
    grpc::ClientContext context;
    rpc::Prepare(context, kIngestDeadline);
    pb::IngestProjectResponse response;
    RIND_RETURN_IF_ERROR(Named(stub_->IngestProject(&context, request, &response)));
    return response.changed();
  }

 private:
  const std::unique_ptr<pb::Ingest::Stub> stub_;
};

}  // namespace

StatusOr<std::unique_ptr<ManagerClient>> ConnectToManager(const rpc::PeerOptions& peer) {
  RIND_ASSIGN_OR_RETURN(const auto channel, rpc::Connect(peer));
  return std::unique_ptr<ManagerClient>(std::make_unique<GrpcManagerClient>(channel));
}

}  // namespace rind::mirror_syncer
