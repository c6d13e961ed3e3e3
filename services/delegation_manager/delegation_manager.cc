#include "services/delegation_manager/delegation_manager.h"

#include <memory>
#include <string>
#include <utility>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/blob/blob_store.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "services/delegation_manager/developer_service.h"
#include "services/delegation_manager/ingest_service.h"
#include "services/delegation_manager/manager_config.h"
#include "services/delegation_manager/operator_service.h"
#include "services/delegation_manager/publish/publisher_loop.h"
#include "services/delegation_manager/signers/grpc_signers.h"
#include "services/delegation_manager/status_reporter.h"

namespace rind::delegation_manager {
namespace {

constexpr absl::Duration kHealthDeadline = absl::Seconds(2);
// READY says that what expired meanwhile is signed anew; with a signer away, that it goes on
// trying.
constexpr absl::Duration kRecoveryLimit = absl::Seconds(15);
constexpr std::uint32_t kFolderMode = 0755;

struct Channels {
  std::shared_ptr<grpc::Channel> release, content, offline;
};

StatusOr<Channels> ConnectAll(const ManagerConfig& config) {
  const auto connect = [&](const std::string& address, const std::string& peer) {
    rpc::PeerOptions options;
    options.address = address;
    options.peer = peer;
    options.tls = config.server.tls;
    return rpc::Connect(options);
  };
  Channels channels;
  RIND_ASSIGN_OR_RETURN(channels.release, connect(config.release_signer, "release-signer"));
  RIND_ASSIGN_OR_RETURN(channels.content, connect(config.content_signer, "content-signer"));
  RIND_ASSIGN_OR_RETURN(channels.offline, connect(config.offline_signer, "offline-signer"));
  return channels;
}

// Everything that the manager is made of, in the order in which it depends on one another.
class DelegationManager final : public runtime::Service {
 public:
  static StatusOr<std::unique_ptr<runtime::Service>> Build(
      const ManagerConfig& config, const runtime::Environment& environment) {
    RIND_ASSIGN_OR_RETURN(Channels channels, ConnectAll(config));
    for (const std::string& folder :
         {ParentPath(config.database), config.public_folder, config.blobs_folder}) {
      RIND_RETURN_IF_ERROR(environment.files.MakeDirectories(folder, kFolderMode));
    }
    RIND_ASSIGN_OR_RETURN(auto state, OpenStateStore(config.database));
    RIND_ASSIGN_OR_RETURN(auto blobs, blob::BlobStore::Open(environment.files, environment.random,
                                                            config.blobs_folder));
    auto manager = std::unique_ptr<DelegationManager>(new DelegationManager(
        config, environment, std::move(channels), std::move(state), std::move(blobs)));
    RIND_RETURN_IF_ERROR(manager->Start());
    return std::unique_ptr<runtime::Service>(std::move(manager));
  }

  std::string ReadyLine() const override {
    return Cat("READY  delegation-manager: port ", server_->port());
  }

  void Stop(absl::Duration grace) override {
    loop_.Stop();
    if (server_ != nullptr) server_->Stop(grace);
  }

 private:
  DelegationManager(const ManagerConfig& config, const runtime::Environment& environment,
                    Channels channels, std::unique_ptr<StateStore> state, blob::BlobStore blobs)
      : config_(config),
        environment_(environment),
        channels_(std::move(channels)),
        state_(std::move(state)),
        blobs_(std::move(blobs)) {}

  Status Start();
  std::vector<HealthProbe> Probes() const;

  const ManagerConfig config_;
  const runtime::Environment environment_;
  const Channels channels_;
  const std::unique_ptr<StateStore> state_;
  blob::BlobStore blobs_;
  const std::unique_ptr<DocumentSigner> content_signer_ =
      GrpcDocumentSigner(channels_.content, config_.repository, environment_.clock);
  const std::unique_ptr<DocumentSigner> release_signer_ =
      GrpcDocumentSigner(channels_.release, config_.repository, environment_.clock);
  const std::unique_ptr<OfflineSigner> offline_signer_ =
      GrpcOfflineSigner(channels_.offline, config_.repository, environment_.clock);
  const std::unique_ptr<Publisher> publisher_ =
      MakePublisher({config_.repository, config_.public_folder, config_.plain_mirror}, *state_,
                    environment_.files, *content_signer_, *release_signer_, environment_.clock);
  PublisherLoop loop_{config_.loop, *publisher_, *state_, environment_.clock,
                      [this] { server_->SetServing(true); }};
  const std::unique_ptr<Creation> creation_ =
      MakeCreation({config_.repository, *state_, *publisher_, *content_signer_, *release_signer_,
                    *offline_signer_, environment_.clock,
                    [this](absl::Duration time) { return loop_.Wait(time); }});
  const std::unique_ptr<StatusReporter> status_ =
      MakeStatusReporter({config_.repository, config_.bins, *state_, *content_signer_,
                          *release_signer_, Probes(), [this] { return loop_.Next(); },
                          [this] { return publisher_->LastError(); }, environment_.clock});
  Promotions promotions_{{*state_, *publisher_, *offline_signer_, environment_.clock}};
  Destruction destruction_{
      {config_.repository, config_.public_folder, config_.blobs_folder, *state_, environment_.files,
       [this](const std::function<Status()>& body) { return publisher_->Between(body); }}};
  std::unique_ptr<Uploads> uploads_;
  std::unique_ptr<Claims> claims_;
  std::unique_ptr<IngestService> ingest_service_;
  std::unique_ptr<OperatorService> operator_service_;
  std::unique_ptr<DeveloperService> developer_service_;
  std::unique_ptr<rpc::Server> server_;
};

std::vector<HealthProbe> DelegationManager::Probes() const {
  const auto ask = [](const std::shared_ptr<grpc::Channel>& channel) {
    return [channel] { return rpc::CheckHealth(channel, kHealthDeadline); };
  };
  return {{"delegation-manager", [] { return OkStatus(); }, false},
          {"release-signer", ask(channels_.release), false},
          {"content-signer", ask(channels_.content), false},
          {"offline-signer", ask(channels_.offline), true}};
}

Status DelegationManager::Start() {
  FileSystem& files = environment_.files;
  const Clock& clock = environment_.clock;
  RIND_ASSIGN_OR_RETURN(uploads_, Uploads::Open(files, environment_.random,
                                                JoinPath(ParentPath(config_.database), "uploads"),
                                                blobs_, clock.Now()));
  claims_ =
      std::make_unique<Claims>(Claims::Parts{config_.repository, config_.public_folder, *state_,
                                             *publisher_, *uploads_, blobs_, files, clock});
  ingest_service_ = std::make_unique<IngestService>(
      *state_, IngestFrom{files, config_.blobs_folder, config_.repository}, clock,
      [this] { loop_.Changed(); });
  operator_service_ = std::make_unique<OperatorService>(
      OperatorParts{*creation_, *publisher_, *status_, *state_, *claims_, promotions_, destruction_,
                    files, clock, config_.public_folder, config_.blobs_folder, config_.repository,
                    CreationRequest{config_.bins, config_.profile}});
  developer_service_ = std::make_unique<DeveloperService>(*claims_, *uploads_);
  RIND_ASSIGN_OR_RETURN(
      server_, rpc::Server::Start(
                   config_.server,
                   {{ingest_service_.get(), delegation::v1::Ingest::service_full_name()},
                    {operator_service_.get(), delegation::v1::Operator::service_full_name()},
                    {developer_service_.get(), delegation::v1::Developer::service_full_name()}}));
  loop_.Start();
  if (!loop_.AwaitRecovered(kRecoveryLimit)) {
    LogWarning("what is published is not up to date yet", {{"error", publisher_->LastError()}});
  }
  return OkStatus();
}

StatusOr<std::unique_ptr<runtime::Service>> Build(runtime::Config& file,
                                                  const runtime::Environment& environment) {
  RIND_ASSIGN_OR_RETURN(const ManagerConfig config, ReadConfig(file));
  return DelegationManager::Build(config, environment);
}

}  // namespace

runtime::ServiceSpec Spec() {
  return {.name = "delegation-manager",
          .description = "Composes the repository, has it signed, publishes it; holds no keys",
          .build = &Build,
          .commands = {},
          .health = {},
          .umask = 002};  // folders of blobs are shared with the syncer, by group
}

}  // namespace rind::delegation_manager
