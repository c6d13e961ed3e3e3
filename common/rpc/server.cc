#include "common/rpc/server.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "common/base/log.h"
#include "common/base/text.h"
#include "common/rpc/transport.h"

namespace rind::rpc {
namespace {

constexpr char kHealthPrefix[] = "/grpc.health.v1.Health/";
constexpr int kMaxConcurrentStreams = 64;  // per connection (G-04, CVE-2023-44487)
constexpr int kMaxMetadataBytes = 16 * 1024;
constexpr std::size_t kSpareMemoryBytes = 64ULL * 1024 * 1024;

// The one name of a peer, or "" when it has none or more than one, of whatever kind.
std::string OneName(const grpc::AuthContext& context) {
  if (!context.IsPeerAuthenticated()) return "";
  const auto all = context.FindPropertyValues(GRPC_X509_SAN_PROPERTY_NAME);
  const auto dns = context.FindPropertyValues(GRPC_PEER_DNS_PROPERTY_NAME);
  if (all.size() != 1 || dns.size() != 1) return "";
  return {dns[0].data(), dns[0].size()};
}

// Decides before any handler runs: who calls, what, and for how long it may take.
class Gatekeeper final : public grpc::AuthMetadataProcessor {
 public:
  explicit Gatekeeper(CallerTable callers) : callers_(std::move(callers)) {}

  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context,
                       OutputMetadata* /*consumed*/, OutputMetadata* /*response*/) override {
    const auto path = metadata.find(":path");
    const std::string method =
        path == metadata.end() ? "" : std::string(path->second.data(), path->second.size());
    const std::string caller = OneName(*context);
    if (caller.empty()) {
      return Refuse(grpc::StatusCode::UNAUTHENTICATED, caller, method,
                    "the certificate must have exactly one name, a DNS name");
    }
    if (!MayCall(caller, method)) {
      return Refuse(grpc::StatusCode::PERMISSION_DENIED, caller, method,
                    Cat(caller, " may not call ", Printable(method)));
    }
    // G-05. gRPC leaves the timeout among the metadata; in a handler it would be too late to be
    // sure that each one looks.
    if (metadata.find("grpc-timeout") == metadata.end()) {
      return Refuse(grpc::StatusCode::INVALID_ARGUMENT, caller, method,
                    Cat(Printable(method), ": a call needs a deadline"));
    }
    return grpc::Status::OK;
  }

 private:
  bool MayCall(const std::string& caller, const std::string& method) const {
    if (method.starts_with(kHealthPrefix)) return true;
    const auto row = callers_.find(method);
    return row != callers_.end() && row->second.contains(caller);
  }

  static grpc::Status Refuse(grpc::StatusCode code, const std::string& caller,
                             const std::string& method, const std::string& why) {
    LogWarning("refused a call", {{"caller", caller}, {"method", method}, {"why", why}});
    return {code, why};
  }

  const CallerTable callers_;
};

// Every method has a row with callers, and every row a method: all differences in one error (G-02).
Status CheckTable(const CallerTable& callers, const std::vector<std::string>& methods) {
  std::vector<std::string> problems;
  for (const std::string& method : methods) {
    const auto row = callers.find(method);
    if (row == callers.end()) {
      problems.push_back(Cat("callers: no row for ", method));
    } else if (row->second.empty() || row->second.contains("")) {
      problems.push_back(Cat("callers: the row for ", method, " names nobody"));
    }
  }
  for (const auto& [method, names] : callers) {
    if (std::find(methods.begin(), methods.end(), method) == methods.end()) {
      problems.push_back(Cat("callers: no service here has the method ", Printable(method)));
    }
  }
  return problems.empty() ? OkStatus() : InvalidArgument(Join(problems, "\n"));
}

int Milliseconds(absl::Duration span) {
  return static_cast<int>(absl::ToInt64Milliseconds(std::min(span, absl::Hours(24))));
}

void SetLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("rind");
  // One more for the thread that waits for new calls.
  quota.SetMaxThreads(options.max_threads + 1);
  quota.Resize(kSpareMemoryBytes + static_cast<std::size_t>(options.max_threads) *
                                       static_cast<std::size_t>(options.max_message_bytes) * 2);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetMaxReceiveMessageSize(options.max_message_bytes);
  builder.SetMaxSendMessageSize(options.max_message_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxConcurrentStreams);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(absl::Seconds(10)));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(absl::Minutes(15)));
  // So that renewed and revoked certificates count for lasting connections too.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(absl::Hours(1)));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Milliseconds(options.longest_call));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(absl::Minutes(2)));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(absl::Seconds(20)));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(absl::Minutes(1)));
  // Two servers never share a port by accident.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
}

class GrpcServer final : public Server {
 public:
  GrpcServer(std::unique_ptr<grpc::Server> server, int port)
      : server_(std::move(server)), port_(port) {
    SetServing(false);
  }
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;
  ~GrpcServer() override { Shutdown(absl::ZeroDuration()); }

  int port() const override { return port_; }

  void SetServing(bool serving) override {
    server_->GetHealthCheckService()->SetServingStatus(serving);
  }

  void Stop(absl::Duration grace) override { Shutdown(grace); }

 private:
  void Shutdown(absl::Duration grace) {
    server_->GetHealthCheckService()->Shutdown();
    server_->Shutdown(
        std::chrono::system_clock::time_point(absl::ToChronoTime(SystemClock().Now() + grace)));
  }

  const std::unique_ptr<grpc::Server> server_;
  const int port_;
};

}  // namespace

StatusOr<std::vector<std::string>> MethodsOf(const std::vector<std::string>& services) {
  std::vector<std::string> methods;
  for (const std::string& name : services) {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) return InvalidArgument(Cat(name, ": there is no such gRPC service"));
    for (int i = 0; i < service->method_count(); ++i) {
      methods.push_back(Cat("/", name, "/", service->method(i)->name()));
    }
  }
  std::sort(methods.begin(), methods.end());
  return methods;
}

StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                const std::vector<Hosted>& services) {
  std::vector<std::string> names;
  for (const Hosted& hosted : services) {
    if (hosted.service == nullptr) return InvalidArgument(Cat(hosted.name, ": no service given"));
    names.push_back(hosted.name);
  }
  if (names.empty()) return InvalidArgument("a server needs at least one service");
  RIND_ASSIGN_OR_RETURN(const std::vector<std::string> methods, MethodsOf(names));
  RIND_RETURN_IF_ERROR(CheckTable(options.callers, methods));
  RIND_RETURN_IF_ERROR(Annotate(IdentityOf(options.tls).status(), "tls"));

  const auto credentials = MakeServerCredentials(options.tls);
  credentials->SetAuthMetadataProcessor(std::make_shared<Gatekeeper>(options.callers));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  SetLimits(options, builder);
  const std::vector<std::string> addresses = Split(options.listen, ',');
  std::vector<int> ports(addresses.size(), 0);  // written by BuildAndStart()
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    builder.AddListeningPort(addresses[i], credentials, &ports[i]);
  }
  for (const Hosted& hosted : services) builder.RegisterService(hosted.service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || std::count(ports.begin(), ports.end(), 0) != 0) {
    return Unavailable(Cat("can't listen on ", options.listen, ": is it in use or not ours?"));
  }
  return std::unique_ptr<Server>(std::make_unique<GrpcServer>(std::move(server), ports[0]));
}

}  // namespace rind::rpc
