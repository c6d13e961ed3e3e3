#include "services/delegation_manager/operator_service.h"

#include <grpcpp/server_context.h>

#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/rpc/handler.h"
#include "services/delegation_manager/publish/lifetimes.h"
#include "services/delegation_manager/publish/published_metadata.h"

namespace rind::delegation_manager {
namespace {

namespace pb = ::rind::delegation::v1;

std::int64_t Seconds(absl::Time time) {
  return time == absl::InfiniteFuture() || time == absl::InfinitePast() ? 0
                                                                        : absl::ToUnixSeconds(time);
}

// What went out and what was refused: both are the answer.
Status Answer(const StatusOr<ReleaseResult>& result, pb::ReleaseResponse& out) {
  RIND_RETURN_IF_ERROR(result.status());
  out.set_published(result->published);
  out.set_snapshot_version(result->snapshot_version);
  out.set_timestamp_version(result->timestamp_version);
  out.set_changed_roles(result->changed_roles);
  out.set_milliseconds(static_cast<std::uint64_t>(absl::ToInt64Milliseconds(result->took)));
  for (const RefusedRole& refused : result->refused) {
    pb::RefusedRole& message = *out.add_refused();
    message.set_role(refused.role.text());
    message.set_rule(refused.rule);
    message.set_text(refused.text);
  }
  return OkStatus();
}

void PutCounts(const Counts& counts, pb::GetStatusResponse& out) {
  out.set_projects(counts.projects);
  out.set_files(counts.files);
  out.set_targets(counts.targets);
  out.set_bytes(counts.bytes);
  out.set_waiting(counts.waiting);
  out.set_last_ingest(Seconds(counts.last_ingest));
  out.set_serial(counts.serial);
}

void PutRole(const RoleLine& line, pb::RoleStatus& out) {
  out.set_role(line.role);
  out.set_version(line.version);
  out.set_expires(Seconds(line.expires));
  out.set_threshold(line.threshold);
  for (const std::string& id : line.key_ids) out.add_key_ids(id);
  out.set_signed_by(line.signed_by);
  out.set_count(line.count);
}

void ToMessage(const SystemStatus& status, pb::GetStatusResponse& out) {
  out.set_created(status.created);
  out.set_repository_id(status.repository);
  out.set_bins(status.bins);
  out.set_profile(status.profile);
  for (const RoleLine& line : status.roles) PutRole(line, *out.add_roles());
  for (const ServiceLine& line : status.services) {
    auto& message = *out.add_services();
    message.set_name(line.name);
    message.set_serving(line.serving);
    message.set_detail(line.detail);
  }
  PutCounts(status.counts, out);
  out.set_next_action(status.next_action);
  out.set_next_action_time(Seconds(status.next_action_time));
  out.set_next_ceremony(Seconds(status.next_ceremony));
  out.set_next_ceremony_role(status.next_ceremony_role);
  out.mutable_claims()->insert(status.claims.begin(), status.claims.end());
  out.mutable_refusals()->insert(status.refusals.begin(), status.refusals.end());
  out.set_now(Seconds(status.now));
  out.set_last_error(status.last_error);
}

}  // namespace

grpc::Status OperatorService::Create(grpc::ServerContext* context, const pb::CreateRequest* request,
                                     grpc::ServerWriter<pb::Progress>* writer) {
  return rpc::Handle(*context, [&]() -> Status {
    CreationRequest wanted = parts_.creation_defaults;
    if (request->bins() != 0) wanted.bins = request->bins();
    if (!request->profile().empty()) {
      RIND_ASSIGN_OR_RETURN(wanted.profile, ParseProfile(request->profile()));
    }
    return parts_.creation.Create(
        wanted, [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
          pb::Progress progress;
          progress.set_step(std::string(step));
          progress.set_done(done);
          progress.set_total(total);
          return !context->IsCancelled() && writer->Write(progress);
        });
  });
}

grpc::Status OperatorService::Release(grpc::ServerContext* context,
                                      const pb::ReleaseRequest* request,
                                      pb::ReleaseResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    return Answer(parts_.publisher.Release(request->force()), *response);
  });
}

grpc::Status OperatorService::Timestamp(grpc::ServerContext* context, const pb::TimestampRequest*,
                                        pb::ReleaseResponse* response) {
  return rpc::Handle(
      *context, [&]() -> Status { return Answer(parts_.publisher.RefreshTimestamp(), *response); });
}

grpc::Status OperatorService::GetStatus(grpc::ServerContext* context, const pb::GetStatusRequest*,
                                        pb::GetStatusResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_ASSIGN_OR_RETURN(const SystemStatus status, parts_.status.Get());
    ToMessage(status, *response);
    return OkStatus();
  });
}

grpc::Status OperatorService::GetClientBundle(grpc::ServerContext* context,
                                              const pb::GetClientBundleRequest*,
                                              pb::GetClientBundleResponse* response) {
  return rpc::Handle(*context, [&]() -> Status {
    RIND_RETURN_IF_ERROR(parts_.state.Transact([](Tables& tables) -> Status {
      RIND_ASSIGN_OR_RETURN(const auto root, tables.roles.Find(tuf::TopLevelRole::kRoot));
      if (!root) return FailedPrecondition("there is no repository yet: `rind create`");
      return OkStatus();
    }));
    RIND_ASSIGN_OR_RETURN(const std::string root,
                          ReadMetadata(parts_.files, parts_.public_folder, tuf::TopLevelRole::kRoot,
                                       tuf::Version::First()));
    response->set_root(root);
    response->set_root_sha256(std::string(Sha256(root).Bytes()));
    response->set_repository_id(parts_.repository);
    return OkStatus();
  });
}

}  // namespace rind::delegation_manager
