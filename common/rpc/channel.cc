#include "common/rpc/channel.h"

#include <chrono>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "common/base/clock.h"
#include "common/base/hex.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "common/base/text.h"
#include "common/rpc/transport.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace rind::rpc {
namespace {

// A service that came up is found at once: a person may have started it a moment ago.
constexpr int kReconnectAtFirstMs = 100;
constexpr int kReconnectAtMostMs = 500;
constexpr int kConnectWithinMs = 5'000;
constexpr int kKeepaliveMs = 120'000;  // servers allow one ping a minute
constexpr int kKeepaliveTimeoutMs = 20'000;

grpc::ChannelArguments Arguments(const PeerOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride(options.peer);
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(options.max_message_bytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectAtFirstMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectWithinMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectAtMostMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // Services talk straight to one another: no proxy from the environment, no settings from DNS.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  return arguments;
}

}  // namespace

StatusOr<std::shared_ptr<grpc::Channel>> Connect(const PeerOptions& options) {
  if (options.peer.empty()) {
    return InvalidArgument(Cat(options.address, ": the peer's name is empty"));
  }
  const auto identity = IdentityOf(options.tls);
  if (!identity.ok()) return Unavailable(Cat("tls: ", MessageOf(identity.status())));
  return grpc::CreateCustomChannel(
      options.address, MakeChannelCredentials(options.tls, options.peer), Arguments(options));
}

void Prepare(grpc::ClientContext& context, absl::Duration deadline) {
  context.set_deadline(
      std::chrono::system_clock::time_point(absl::ToChronoTime(SystemClock().Now() + deadline)));
  SystemRandom random;
  const std::string& current = CurrentRequestId();
  context.AddMetadata(kRequestIdKey, current.empty() ? ToHex(random.Bytes(8)) : current);
}

Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel, absl::Duration deadline) {
  const auto health = grpc::health::v1::Health::NewStub(channel);
  grpc::ClientContext context;
  Prepare(context, deadline);
  grpc::health::v1::HealthCheckResponse response;
  RIND_RETURN_IF_ERROR(FromGrpc(health->Check(&context, {}, &response)));
  if (response.status() != grpc::health::v1::HealthCheckResponse::SERVING) {
    return Unavailable("it answers, and says that it does not serve");
  }
  return OkStatus();
}

grpc::Status ToGrpc(const Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());
  if (code != grpc::StatusCode::INTERNAL && code != grpc::StatusCode::UNKNOWN) {
    return {code, std::string(MessageOf(status))};
  }
  LogError("an internal error is not told to the caller",
           {{"error", std::string(MessageOf(status))}});
  const std::string& id = CurrentRequestId();
  return {code, Cat("internal error; the service's log has it under request id ",
                    id.empty() ? "(none)" : id)};
}

Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return OkStatus();
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

}  // namespace rind::rpc
