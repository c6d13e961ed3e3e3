#include "services/project_signer/developer_client.h"

#include <utility>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "common/base/text.h"
#include "common/rpc/channel.h"

#include "rind/delegation/v1/developer.grpc.pb.h"

namespace rind::project_signer {
namespace {

namespace pb = ::rind::delegation::v1;

constexpr absl::Duration kCallDeadline = absl::Minutes(1);
constexpr absl::Duration kReleaseDeadline = absl::Minutes(5);
constexpr absl::Duration kUploadDeadline = absl::Minutes(30);
constexpr std::size_t kPieceBytes = 1024ULL * 1024;
constexpr std::size_t kMaxTargets = 200'000;

class GrpcDeveloperClient final : public DeveloperClient {
 public:
  GrpcDeveloperClient(const std::shared_ptr<grpc::ChannelInterface>& channel,
                      const FileReader& files)
      : stub_(pb::Developer::NewStub(channel)), files_(files) {}

  StatusOr<PublishedProject> GetProject(const std::string& project) override {
    grpc::ClientContext context;
    rpc::Prepare(context, kCallDeadline);
    pb::GetProjectRequest request;
    request.set_project(project);
    pb::GetProjectResponse response;
    RIND_RETURN_IF_ERROR(rpc::FromGrpc(stub_->GetProject(&context, request, &response)));
    return Decode(response);
  }

  StatusOr<std::pair<std::string, std::string>> RequestClaim(
      const std::string& project, const std::string& statement,
      const std::vector<ClaimSignature>& signatures, const SignedVersion& first) override {
    grpc::ClientContext context;
    rpc::Prepare(context, kCallDeadline);
    pb::RequestClaimRequest request;
    request.set_project(project);
    request.mutable_request()->set_statement(statement);
    for (const ClaimSignature& signature : signatures) {
      auto* added = request.mutable_request()->add_signatures();
      added->set_key_id(signature.key_id);
      added->set_signature(signature.signature);
    }
    request.set_project_role(first.role_file);
    request.set_index_html(first.index_html);
    request.set_index_json(first.index_json);
    pb::RequestClaimResponse response;
    RIND_RETURN_IF_ERROR(rpc::FromGrpc(stub_->RequestClaim(&context, request, &response)));
    return std::pair(response.state(), response.detail());
  }

  StatusOr<bool> UploadBlob(const std::string& project, const Upload& upload) override {
    grpc::ClientContext context;
    rpc::Prepare(context, kUploadDeadline);
    pb::UploadBlobResponse response;
    const auto writer = stub_->UploadBlob(&context, &response);
    // A write fails when the manager has answered already (it has the file, or it refused): the
    // reason is in the status that Finish() returns.
    bool open = writer->Write(Header(project, upload));
    const Status read = files_.ReadPieces(upload.path, [&](std::string_view piece) {
      while (open && !piece.empty()) {
        const std::string_view part = piece.substr(0, kPieceBytes);
        pb::UploadBlobRequest request;
        request.set_data(part.data(), part.size());
        open = writer->Write(request);
        piece.remove_prefix(part.size());
      }
      return open ? OkStatus() : Cancelled("the manager has answered");
    });
    if (open && !read.ok()) {
      context.TryCancel();
      writer->Finish();
      return read;
    }
    writer->WritesDone();
    RIND_RETURN_IF_ERROR(rpc::FromGrpc(writer->Finish()));
    return response.already_there();
  }

  StatusOr<std::int64_t> PushProject(const std::string& project,
                                     const SignedVersion& next) override {
    grpc::ClientContext context;
    rpc::Prepare(context, kReleaseDeadline);
    pb::PushProjectRequest request;
    request.set_project(project);
    request.set_project_role(next.role_file);
    request.set_index_html(next.index_html);
    request.set_index_json(next.index_json);
    pb::PushProjectResponse response;
    RIND_RETURN_IF_ERROR(rpc::FromGrpc(stub_->PushProject(&context, request, &response)));
    return response.snapshot_version();
  }

 private:
  static pb::UploadBlobRequest Header(const std::string& project, const Upload& upload) {
    pb::UploadBlobRequest request;
    auto* header = request.mutable_header();
    header->set_project(project);
    header->set_length(upload.content.length);
    header->set_sha256(std::string(upload.content.sha256.Bytes()));
    header->set_metadata_of(upload.metadata_of.has_value());
    if (upload.metadata_of) header->set_of(std::string(upload.metadata_of->Bytes()));
    return request;
  }

  static StatusOr<PublishedProject> Decode(const pb::GetProjectResponse& response) {
    PublishedProject project;
    project.repository = response.repository_id();
    project.state = response.state();
    if (static_cast<std::size_t>(response.targets_size()) > kMaxTargets) {
      return ResourceExhausted(
          Cat("manager: ", response.targets_size(), " targets of one project"));
    }
    for (const auto& target : response.targets()) {
      RIND_ASSIGN_OR_RETURN(const Sha256Digest sha256, Sha256Digest::FromBytes(target.sha256()));
      project.targets[target.path()] = {.length = target.length(), .sha256 = sha256};
    }
    project.index_html = response.index_html();
    project.index_json = response.index_json();
    project.role_file = response.project_role();
    project.last_version = response.last_version();
    return project;
  }

  std::unique_ptr<pb::Developer::Stub> stub_;
  const FileReader& files_;
};

}  // namespace

std::unique_ptr<DeveloperClient> DeveloperClientOver(
    const std::shared_ptr<grpc::ChannelInterface>& channel, const FileReader& files) {
  return std::make_unique<GrpcDeveloperClient>(channel, files);
}

StatusOr<std::unique_ptr<DeveloperClient>> ConnectToManager(const std::string& address,
                                                            const rpc::TlsFiles& tls,
                                                            const FileReader& files) {
  RIND_ASSIGN_OR_RETURN(
      const auto channel,
      rpc::Connect({.address = address, .peer = "delegation-manager", .tls = tls}));
  return DeveloperClientOver(channel, files);
}

}  // namespace rind::project_signer
