#include "services/mirror_syncer/syncer_service.h"

#include <utility>

#include <grpcpp/grpcpp.h>

#include "common/rpc/handler.h"

#include "rind/syncer/v1/syncer.grpc.pb.h"

namespace rind::mirror_syncer {
namespace {

namespace pb = rind::syncer::v1;

void Encode(const Summary& summary, pb::SyncSummary& out) {
  out.set_projects(summary.projects);
  out.set_changed_projects(summary.changed_projects);
  out.set_unchanged_projects(summary.unchanged_projects);
  out.set_files(summary.files);
  out.set_new_files(summary.new_files);
  out.set_new_bytes(summary.new_bytes);
  out.set_held_back(summary.held_back);
  out.set_failed_projects(summary.failed_projects);
  for (const std::string& name : summary.missing_dependencies) out.add_missing_dependencies(name);
  out.set_serial(summary.serial);
  out.set_milliseconds(summary.milliseconds);
  out.set_bytes(summary.bytes);
}

// Sends what happens to the caller of Sync().
class StreamObserver final : public SyncObserver {
 public:
  StreamObserver(grpc::ServerContext& context, grpc::ServerWriter<pb::SyncEvent>& writer)
      : context_(context), writer_(writer) {}

  bool OnProgress(const Progress& progress) override {
    pb::SyncEvent event;
    auto* out = event.mutable_progress();
    out->set_project(progress.project);
    out->set_projects_done(progress.projects_done);
    out->set_projects_total(progress.projects_total);
    out->set_files_done(progress.files_done);
    out->set_bytes_done(progress.bytes_done);
    return writer_.Write(event) && !context_.IsCancelled();
  }

  void OnHeldBack(const HeldBack& held_back) override {
    pb::SyncEvent event;
    auto* out = event.mutable_held_back();
    out->set_project(held_back.project);
    out->set_file(held_back.file);
    out->set_reason(held_back.reason);
    (void)writer_.Write(event);  // a caller that is gone is noticed by the next OnProgress()
  }

 private:
  grpc::ServerContext& context_;
  grpc::ServerWriter<pb::SyncEvent>& writer_;
};

class SyncerService final : public pb::Syncer::Service {
 public:
  SyncerService(Syncer& syncer, SyncerIdentity identity)
      : syncer_(syncer), identity_(std::move(identity)) {}

  grpc::Status Sync(grpc::ServerContext* context, const pb::SyncRequest* in,
                    grpc::ServerWriter<pb::SyncEvent>* out) override {
    return rpc::Handle(*context, [&]() -> Status {
      StreamObserver observer(*context, *out);
      RIND_ASSIGN_OR_RETURN(const Summary summary,
                            syncer_.Run({in->projects().begin(), in->projects().end()}, observer));
      pb::SyncEvent event;
      Encode(summary, *event.mutable_summary());
      out->Write(event);
      return OkStatus();
    });
  }

  grpc::Status GetStatus(grpc::ServerContext* context, const pb::GetStatusRequest*,
                         pb::GetStatusResponse* out) override {
    return rpc::Handle(*context, [&]() -> Status {
      const SyncerStatus status = syncer_.status();
      out->set_upstream(identity_.upstream);
      out->set_running(status.running);
      out->set_last_started(status.last_run.started);
      out->set_last_finished(status.last_run.finished);
      out->set_last_serial(status.last_run.serial);
      out->set_last_error(status.last_run.error);
      out->set_next_sync(status.next_sync);
      Encode(status.last, *out->mutable_last());
      out->set_evidence_key_id(identity_.evidence_key_id);
      out->set_evidence_key(identity_.evidence_key);
      return OkStatus();
    });
  }

 private:
  Syncer& syncer_;
  const SyncerIdentity identity_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeSyncerService(Syncer& syncer, SyncerIdentity identity) {
  return std::make_unique<SyncerService>(syncer, std::move(identity));
}

std::string SyncerServiceName() { return pb::Syncer::service_full_name(); }

}  // namespace rind::mirror_syncer
