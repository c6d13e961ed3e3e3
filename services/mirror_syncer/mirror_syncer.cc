#include "services/mirror_syncer/mirror_syncer.h"

#include <thread>
#include <utility>

#include <grpcpp/impl/service_type.h>

#include "common/base/hex.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/blob/blob_store.h"
#include "common/evidence/statement_key.h"
#include "common/rpc/server.h"
#include "services/mirror_syncer/grpc_manager_client.h"
#include "services/mirror_syncer/syncer.h"
#include "services/mirror_syncer/syncer_config.h"
#include "services/mirror_syncer/syncer_service.h"

namespace rind::mirror_syncer {
namespace {

// A first sync of a whole index takes hours.
constexpr absl::Duration kLongestCall = absl::Hours(24);
constexpr std::uint64_t kMaxCredentials = 4096;

// An automatic sync has nobody to tell; what is held back is logged anyway.
class QuietObserver final : public SyncObserver {
 public:
  bool OnProgress(const Progress&) override { return true; }
  void OnHeldBack(const HeldBack&) override {}
};

class MirrorSyncer final : public runtime::Service {
 public:
  static StatusOr<std::unique_ptr<MirrorSyncer>> Create(const SyncerConfig& config,
                                                        const runtime::Environment& environment);
  ~MirrorSyncer() override { Stop(absl::ZeroDuration()); }

  std::string ReadyLine() const override {
    return Cat("READY  mirror-syncer: port ", server_->port(), ", upstream ", upstream_->Text());
  }

  void Stop(absl::Duration grace) override {
    if (stopped_) return;
    stopped_ = true;
    waiter_.Stop();
    syncer_->Cancel();
    upstream_->Cancel();
    if (server_ != nullptr) server_->Stop(grace);
    if (automatic_.joinable()) automatic_.join();
  }

 private:
  MirrorSyncer(const SyncerConfig& config, const runtime::Environment& environment,
               evidence::StatementKey key, blob::BlobStore blobs)
      : config_(config),
        environment_(environment),
        key_(std::move(key)),
        blobs_(std::move(blobs)),
        downloads_(config.parallel) {}
  Status Start();
  void SyncByItself();

  const SyncerConfig config_;
  const runtime::Environment environment_;
  StoppableWaiter waiter_;
  const evidence::StatementKey key_;
  const blob::BlobStore blobs_;
  WorkerPool downloads_;
  std::unique_ptr<Upstream> upstream_;
  std::unique_ptr<SyncState> state_;
  std::unique_ptr<ManagerClient> manager_;
  std::unique_ptr<Syncer> syncer_;
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<rpc::Server> server_;
  std::thread automatic_;
  bool stopped_ = false;
};

StatusOr<std::shared_ptr<const SecretBytes>> ReadCredentials(const FileSystem& files,
                                                             const std::string& path) {
  if (path.empty()) return std::shared_ptr<const SecretBytes>();
  RIND_ASSIGN_OR_RETURN(std::string text, files.Read(path, kMaxCredentials));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.find(':') == std::string::npos || text.find('\n') != std::string::npos) {
    return InvalidArgument(Cat(path, ": wanted one line \"user:password\""));
  }
  RIND_ASSIGN_OR_RETURN(SecretBytes bytes, SecretBytes::TakeFrom(text));
  return std::shared_ptr<const SecretBytes>(std::make_shared<SecretBytes>(std::move(bytes)));
}

StatusOr<std::unique_ptr<MirrorSyncer>> MirrorSyncer::Create(
    const SyncerConfig& config, const runtime::Environment& environment) {
  RIND_ASSIGN_OR_RETURN(evidence::StatementKey key,
                        evidence::StatementKey::Load(environment.files, config.evidence_key,
                                                     /*passphrase=*/nullptr));
  RIND_ASSIGN_OR_RETURN(blob::BlobStore blobs,
                        blob::BlobStore::Open(environment.files, environment.random, config.blobs));
  RIND_RETURN_IF_ERROR(blobs.CleanIncoming());
  std::unique_ptr<MirrorSyncer> made(
      new MirrorSyncer(config, environment, std::move(key), std::move(blobs)));
  UpstreamOptions upstream{.index = config.index,
                           .ca_file = config.ca_file,
                           .proxy = config.proxy,
                           .credentials = nullptr,
                           .allow_private_addresses = config.allow_private_addresses};
  RIND_ASSIGN_OR_RETURN(upstream.credentials,
                        ReadCredentials(environment.files, config.credentials_file));
  RIND_ASSIGN_OR_RETURN(made->upstream_,
                        Upstream::Create(upstream, made->waiter_, environment.random));
  RIND_ASSIGN_OR_RETURN(made->state_, SyncState::Open(config.state));
  RIND_ASSIGN_OR_RETURN(made->manager_, ConnectToManager({.address = config.manager,
                                                          .peer = "delegation-manager",
                                                          .tls = config.tls}));
  made->syncer_ = std::make_unique<Syncer>(
      Syncer::Settings{.projects = config.projects, .parallel = config.parallel},
      ProjectSync::Parts{.upstream = *made->upstream_,
                         .blobs = made->blobs_,
                         .state = *made->state_,
                         .manager = *made->manager_,
                         .key = made->key_,
                         .clock = environment.clock,
                         .downloads = made->downloads_,
                         .repository = config.repository,
                         .newest_releases = config.newest_releases});
  RIND_RETURN_IF_ERROR(made->syncer_->Restore());
  RIND_RETURN_IF_ERROR(made->Start());
  return made;
}

Status MirrorSyncer::Start() {
  service_ = MakeSyncerService(*syncer_, {.upstream = upstream_->Text(),
                                          .evidence_key_id = key_.key_id(),
                                          .evidence_key = key_.public_key().material()});
  RIND_ASSIGN_OR_RETURN(server_, rpc::Server::Start({.listen = config_.listen,
                                                     .tls = config_.tls,
                                                     .callers = config_.callers,
                                                     .longest_call = kLongestCall},
                                                    {{service_.get(), SyncerServiceName()}}));
  server_->SetServing(true);
  if (config_.every > absl::ZeroDuration()) {
    automatic_ = std::thread([this] { SyncByItself(); });
  }
  return OkStatus();
}

// The first sync comes at once; then by NextSync().
void MirrorSyncer::SyncByItself() {
  QuietObserver observer;
  int failures = 0;
  while (!waiter_.stopped()) {
    const StatusOr<Summary> summary = syncer_->Run({}, observer);
    if (summary.ok()) {
      failures = 0;
      LogInfo("synced", {{"changed", Cat(summary->changed_projects)},
                         {"new_files", Cat(summary->new_files)},
                         {"failed", Cat(summary->failed_projects)},
                         {"serial", Cat(summary->serial)}});
    } else {
      ++failures;
      LogWarning("sync failed", {{"error", std::string(MessageOf(summary.status()))}});
    }
    const absl::Time now = environment_.clock.Now();
    const absl::Time next = NextSync(now, config_.every, failures, Fraction(environment_.random));
    syncer_->SetNextSync(next);
    if (!waiter_.Wait(next - now)) return;
  }
}

}  // namespace

StatusOr<std::unique_ptr<runtime::Service>> Build(runtime::Config& config,
                                                  const runtime::Environment& environment) {
  RIND_ASSIGN_OR_RETURN(const SyncerConfig read, ReadConfig(config));
  RIND_ASSIGN_OR_RETURN(auto service, MirrorSyncer::Create(read, environment));
  return std::unique_ptr<runtime::Service>(std::move(service));
}

Status Init(runtime::Config& config, const runtime::Environment& environment,
            const std::vector<std::string>& arguments) {
  bool keep = false;
  for (const std::string& argument : arguments) {
    if (argument != "--keep") {
      return InvalidArgument(Cat("init: unknown argument \"", Printable(argument), "\""));
    }
    keep = true;
  }
  RIND_ASSIGN_OR_RETURN(const SyncerConfig read, ReadConfig(config));
  FileSystem& files = environment.files;
  RIND_RETURN_IF_ERROR(files.MakeDirectories(ParentPath(read.evidence_key), 0700));
  const Status present = files.Stat(read.evidence_key).status();
  if (!keep || absl::IsNotFound(present)) {
    RIND_ASSIGN_OR_RETURN(const auto key, evidence::StatementKey::Generate(environment.random));
    RIND_RETURN_IF_ERROR(key.Save(files, read.evidence_key, nullptr, environment.random));
  }
  RIND_ASSIGN_OR_RETURN(const auto key,
                        evidence::StatementKey::Load(files, read.evidence_key, nullptr));
  RIND_RETURN_IF_ERROR(files.MakeDirectories(ParentPath(read.evidence_public_key), 0755));
  RIND_RETURN_IF_ERROR(
      files.Replace(read.evidence_public_key, key.public_key().material() + "\n", 0644));
  LogInfo("evidence key", {{"key_id", key.key_id()}, {"public", read.evidence_public_key}});
  return OkStatus();
}

}  // namespace rind::mirror_syncer
