#include "services/cli/syncer_client.h"

#include <grpcpp/grpcpp.h>

#include "common/base/text.h"
#include "common/rpc/channel.h"

#include "rind/syncer/v1/syncer.grpc.pb.h"

namespace rind::cli {
namespace {

namespace pb = rind::syncer::v1;

// A first sync of a large index takes a day.
constexpr absl::Duration kSync = absl::Hours(36);
constexpr absl::Duration kAsk = absl::Seconds(30);

SyncSummary SummaryOf(const pb::SyncSummary& in) {
  SyncSummary out;
  out.projects = in.projects();
  out.changed_projects = in.changed_projects();
  out.unchanged_projects = in.unchanged_projects();
  out.files = in.files();
  out.new_files = in.new_files();
  out.new_bytes = in.new_bytes();
  out.held_back = in.held_back();
  out.failed_projects = in.failed_projects();
  out.bytes = in.bytes();
  out.missing_dependencies = {in.missing_dependencies().begin(), in.missing_dependencies().end()};
  out.serial = in.serial();
  out.milliseconds = in.milliseconds();
  return out;
}

class GrpcSyncerClient final : public SyncerClient {
 public:
  GrpcSyncerClient(const std::shared_ptr<grpc::Channel>& channel, std::string_view address)
      : stub_(pb::Syncer::NewStub(channel)), where_(Cat("mirror-syncer at ", address)) {}

  StatusOr<SyncSummary> Sync(const std::vector<std::string>& projects,
                             const std::function<void(const SyncProgress&)>& progress,
                             const std::function<void(const HeldBack&)>& held_back) override {
    pb::SyncRequest request;
    for (const std::string& project : projects) request.add_projects(project);
    grpc::ClientContext context;
    rpc::Prepare(context, kSync);
    const auto reader = stub_->Sync(&context, request);
    SyncSummary summary;
    bool complete = false;
    pb::SyncEvent event;
    while (reader->Read(&event)) {
      switch (event.event_case()) {
        case pb::SyncEvent::kProgress: {
          const auto& in = event.progress();
          progress({in.project(), in.projects_done(), in.projects_total(), in.files_done(),
                    in.bytes_done()});
          break;
        }
        case pb::SyncEvent::kHeldBack:
          held_back(
              {event.held_back().project(), event.held_back().file(), event.held_back().reason()});
          break;
        case pb::SyncEvent::kSummary:
          complete = true;
          summary = SummaryOf(event.summary());
          break;
        case pb::SyncEvent::EVENT_NOT_SET:
          break;
      }
    }
    RIND_RETURN_IF_ERROR(Annotate(rpc::FromGrpc(reader->Finish()), where_));
    if (!complete) return DataLoss(Cat(where_, ": the sync ended without a summary"));
    return summary;
  }

  StatusOr<SyncerStatus> GetStatus() override {
    grpc::ClientContext context;
    rpc::Prepare(context, kAsk);
    pb::GetStatusResponse in;
    RIND_RETURN_IF_ERROR(
        Annotate(rpc::FromGrpc(stub_->GetStatus(&context, pb::GetStatusRequest(), &in)), where_));
    SyncerStatus out;
    out.upstream = in.upstream();
    out.running = in.running();
    out.last_started = in.last_started();
    out.last_finished = in.last_finished();
    out.last_serial = in.last_serial();
    out.last_error = in.last_error();
    out.next_sync = in.next_sync();
    out.last = SummaryOf(in.last());
    out.evidence_key_id = in.evidence_key_id();
    return out;
  }

 private:
  std::unique_ptr<pb::Syncer::Stub> stub_;
  std::string where_;
};

}  // namespace

StatusOr<std::unique_ptr<SyncerClient>> SyncerClient::Connect(const ClientSettings& settings) {
  RIND_ASSIGN_OR_RETURN(
      const auto channel,
      rpc::Connect({.address = settings.syncer, .peer = "mirror-syncer", .tls = settings.tls}));
  return std::unique_ptr<SyncerClient>(
      std::make_unique<GrpcSyncerClient>(channel, settings.syncer));
}

}  // namespace rind::cli
