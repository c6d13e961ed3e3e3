#include "services/delegation_manager/developer_service.h"

#include <grpcpp/server_context.h>

#include "common/base/text.h"
#include "common/rpc/handler.h"
#include "services/delegation_manager/claims/claim_messages.h"

namespace rind::delegation_manager {

namespace pb = ::rind::delegation::v1;

grpc::Status DeveloperService::RequestClaim(grpc::ServerContext* context,
                                            const pb::RequestClaimRequest* request,
                                            pb::RequestClaimResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(const SignedClaim signed_claim, FromMessage(request->request()));
    RIND_ASSIGN_OR_RETURN(
        const Claim claim,
        claims_.Request(request->project(), signed_claim, request->project_role(),
                        {.html = request->index_html(), .json = request->index_json()}));
    response->set_state(std::string(NameOf(claim.state)));
    response->set_detail(claim.detail);
    return OkStatus();
  });
}

grpc::Status DeveloperService::GetProject(grpc::ServerContext* context,
                                          const pb::GetProjectRequest* request,
                                          pb::GetProjectResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(const ProjectAnswer answer, claims_.Get(request->project()));
    const ProjectRecord& record = answer.record;
    response->set_repository_id(record.view.repository);
    const bool unknown = !record.project && !record.claim;
    response->set_state(unknown ? "unknown" : std::string(NameOf(record.state())));
    for (const auto& [path, file] : record.view.targets) {
      auto* target = response->add_targets();
      target->set_path(path);
      target->set_length(file.length);
      target->set_sha256(std::string(file.sha256.Bytes()));
    }
    response->set_index_html(answer.pages.html);
    response->set_index_json(answer.pages.json);
    response->set_project_role(record.role_file);
    response->set_last_version(record.view.last_version);
    return OkStatus();
  });
}

Status DeveloperService::Upload(grpc::ServerReader<pb::UploadBlobRequest>& reader,
                                pb::UploadBlobResponse& response) {
  pb::UploadBlobRequest message;
  if (!reader.Read(&message) || !message.has_header()) {
    return InvalidArgument("upload: the first message must be the header");
  }
  const pb::UploadBlobHeader header = message.header();
  RIND_RETURN_IF_ERROR(claims_.MayUpload(header.project()));
  RIND_ASSIGN_OR_RETURN(const Sha256Digest sha256, Sha256Digest::FromBytes(header.sha256()));
  const auto there = uploads_.LengthOf(sha256);
  if (there.ok() && *there == header.length()) {
    response.set_already_there(true);
    return OkStatus();
  }
  if (!there.ok() && !absl::IsNotFound(there.status())) return there.status();
  RIND_ASSIGN_OR_RETURN(const auto writer, uploads_.Begin(sha256, header.length()));
  while (reader.Read(&message)) {
    if (message.has_header()) return InvalidArgument("upload: a second header");
    RIND_RETURN_IF_ERROR(writer->Append(message.data()));
  }
  return writer->Finish();
}

grpc::Status DeveloperService::UploadBlob(grpc::ServerContext* context,
                                          grpc::ServerReader<pb::UploadBlobRequest>* reader,
                                          pb::UploadBlobResponse* response) {
  return rpc::Handle(*context, [&] { return Upload(*reader, *response); });
}

grpc::Status DeveloperService::PushProject(grpc::ServerContext* context,
                                           const pb::PushProjectRequest* request,
                                           pb::PushProjectResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(
        const std::int64_t snapshot,
        claims_.Push(request->project(), request->project_role(),
                     {.html = request->index_html(), .json = request->index_json()}));
    response->set_snapshot_version(snapshot);
    return OkStatus();
  });
}

}  // namespace rind::delegation_manager
