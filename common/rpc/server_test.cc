#include "common/rpc/server.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <gtest/gtest.h>

#include "common/base/file_system.h"
#include "common/base/log.h"
#include "common/base/text.h"
#include "common/rpc/channel.h"
#include "common/rpc/handler.h"
#include "common/testing/certificates.h"

#include "rind/signer/v1/signer.grpc.pb.h"
#include "rind/syncer/v1/syncer.grpc.pb.h"

namespace rind::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace signer = ::rind::signer::v1;
namespace syncer = ::rind::syncer::v1;

constexpr char kSign[] = "/rind.signer.v1.Signer/Sign";
constexpr char kSignerState[] = "/rind.signer.v1.Signer/GetState";
constexpr char kSync[] = "/rind.syncer.v1.Syncer/Sync";
constexpr char kSyncerStatus[] = "/rind.syncer.v1.Syncer/GetStatus";

class FakeSigner final : public signer::Signer::Service {
 public:
  grpc::Status Sign(grpc::ServerContext* context, const signer::SignRequest* request,
                    signer::SignResponse* /*response*/) override {
    return Handle(*context, [&]() -> Status {
      ++calls;
      caller = CallerOf(*context);
      request_id = CurrentRequestId();
      if (request->repository_id() == "refuse") return FailedPrecondition("S-01: refused");
      if (request->repository_id() == "break") return Internal("/var/lib/secret/path: broke");
      if (request->repository_id() == "wait") {
        entered = true;
        entered.notify_all();
        may_leave.wait(false);
      }
      return OkStatus();
    });
  }
  std::atomic<int> calls = 0;
  std::atomic<bool> entered = false;
  std::atomic<bool> may_leave = false;
  std::string caller;
  std::string request_id;
};

class FakeSyncer final : public syncer::Syncer::Service {
 public:
  grpc::Status Sync(grpc::ServerContext* context, const syncer::SyncRequest* /*request*/,
                    grpc::ServerWriter<syncer::SyncEvent>* writer) override {
    return Handle(*context, [&] {
      ++calls;
      writer->Write(syncer::SyncEvent());
      return OkStatus();
    });
  }
  std::atomic<int> calls = 0;
};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = JoinPath(::testing::TempDir(), "rpcXXXXXX");
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    options_.listen = "127.0.0.1:0";
    options_.tls = Issue("content-signer");
    options_.callers = {{kSign, {"delegation-manager"}},
                        {kSignerState, {"delegation-manager", "operator"}},
                        {kSync, {"operator"}},
                        {kSyncerStatus, {"operator"}}};
  }
  void TearDown() override {
    server_.reset();
    LocalFileSystem files;
    EXPECT_TRUE(RemoveTree(files, folder_).ok());
  }

  TlsFiles Issue(const std::string& name) {
    return authority_.Issue(JoinPath(folder_, name), name);
  }
  TlsFiles Issue(const std::string& label, const testing::TestAuthority::Leaf& leaf) {
    return authority_.Issue(JoinPath(folder_, label), leaf);
  }
  StatusOr<std::unique_ptr<Server>> Start() {
    return Server::Start(options_, {{&signer_, signer::Signer::service_full_name()},
                                    {&syncer_, syncer::Syncer::service_full_name()}});
  }
  void StartServer() {
    auto server = Start();
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::shared_ptr<grpc::Channel> ChannelWith(const TlsFiles& tls,
                                             const std::string& peer = "content-signer") {
    auto channel = Connect({Cat("127.0.0.1:", server_->port()), peer, tls});
    EXPECT_TRUE(channel.ok()) << channel.status();
    return *channel;
  }
  static grpc::Status Sign(const std::shared_ptr<grpc::Channel>& channel,
                           const std::string& repository = "rind-test",
                           absl::Duration deadline = absl::Seconds(5)) {
    grpc::ClientContext context;
    Prepare(context, deadline);
    signer::SignRequest request;
    request.set_repository_id(repository);
    signer::SignResponse response;
    return signer::Signer::NewStub(channel)->Sign(&context, request, &response);
  }

  testing::TestAuthority authority_;
  std::string folder_;
  ServerOptions options_;
  FakeSigner signer_;
  FakeSyncer syncer_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, G02ACallerOfTheTableIsServedAndKnownByName) {
  StartServer();
  const grpc::Status status = Sign(ChannelWith(Issue("delegation-manager")));
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(signer_.caller, "delegation-manager");
}

TEST_F(ServerTest, G02TheTableMustNameEveryMethodAndNoOther) {
  options_.callers.erase(kSync);
  options_.callers["/rind.signer.v1.Signer/SignBytes"] = {"operator"};
  options_.callers[kSyncerStatus] = {};
  const auto server = Start();
  ASSERT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(MessageOf(server.status()));
  EXPECT_THAT(message, HasSubstr(Cat("no row for ", kSync)));
  EXPECT_THAT(message,
              HasSubstr("no service here has the method /rind.signer.v1.Signer/SignBytes"));
  EXPECT_THAT(message, HasSubstr(Cat("the row for ", kSyncerStatus, " names nobody")));
}

TEST_F(ServerTest, G02EveryMethodAnswersItsCallersAndNobodyElse) {
  StartServer();
  const auto methods = MethodsOf({"rind.signer.v1.Signer", "rind.syncer.v1.Syncer"});
  ASSERT_TRUE(methods.ok());
  ASSERT_EQ(methods->size(), 4U);
  int cells = 0;
  for (const std::string identity : {"delegation-manager", "operator", "mirror-syncer", "developer",
                                     "content-signer", "delegation-manage"}) {
    const auto channel = ChannelWith(Issue(identity));
    for (const std::string& method : *methods) {
      grpc::ClientContext context;
      Prepare(context, absl::Seconds(5));
      signer::SignRequest request;
      signer::SignResponse response;
      const grpc::internal::RpcMethod rpc(method.c_str(), grpc::internal::RpcMethod::NORMAL_RPC,
                                          channel);
      const grpc::Status status =
          grpc::internal::BlockingUnaryCall<signer::SignRequest, signer::SignResponse>(
              channel.get(), rpc, &context, request, &response);
      const bool allowed = options_.callers[method].contains(identity);
      EXPECT_EQ(status.error_code() == grpc::StatusCode::PERMISSION_DENIED, !allowed)
          << identity << " " << method << ": " << status.error_message();
      ++cells;
    }
  }
  EXPECT_EQ(cells, 24);
  EXPECT_EQ(signer_.calls, 1);
  EXPECT_EQ(syncer_.calls, 1);
}

TEST_F(ServerTest, G02AMethodThatNoServiceHasIsDenied) {
  StartServer();
  const auto channel = ChannelWith(Issue("operator"));
  grpc::ClientContext context;
  Prepare(context, absl::Seconds(5));
  const grpc::internal::RpcMethod rpc("/grpc.reflection.v1alpha.ServerReflection/Get",
                                      grpc::internal::RpcMethod::NORMAL_RPC, channel);
  signer::SignResponse response;
  const grpc::Status status =
      grpc::internal::BlockingUnaryCall<signer::SignRequest, signer::SignResponse>(
          channel.get(), rpc, &context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ServerTest, G01BadCertificatesReachNoHandler) {
  StartServer();
  const testing::TestAuthority stranger("stranger CA");
  TlsFiles other_ca = stranger.Issue(JoinPath(folder_, "stranger"), "delegation-manager");
  other_ca.ca = options_.tls.ca;  // it trusts our CA, ours does not trust it
  struct Case {
    std::string name;
    TlsFiles tls;
    grpc::StatusCode code;
  };
  const std::vector<Case> cases = {
      {"two names", Issue("two", {.dns_names = {"delegation-manager", "operator"}, .uris = {}}),
       grpc::StatusCode::UNAUTHENTICATED},
      {"a second name of another kind",
       Issue("uri", {.dns_names = {"delegation-manager"}, .uris = {"spiffe://x/operator"}}),
       grpc::StatusCode::UNAUTHENTICATED},
      {"no name", Issue("none", {.dns_names = {}, .uris = {}}), grpc::StatusCode::UNAUTHENTICATED},
      {"a wildcard", Issue("wild", {.dns_names = {"*.delegation-manager"}, .uris = {}}),
       grpc::StatusCode::PERMISSION_DENIED},
  };
  for (const Case& one : cases) {
    // The client's own check of its files would stop most of these, so build the channel past it.
    grpc::SslCredentialsOptions ssl;
    LocalFileSystem files;
    ssl.pem_root_certs = *files.Read(one.tls.ca, 1 << 20);
    ssl.pem_cert_chain = *files.Read(one.tls.certificate, 1 << 20);
    ssl.pem_private_key = *files.Read(one.tls.key, 1 << 20);
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("content-signer");
    const grpc::Status status = Sign(grpc::CreateCustomChannel(
        Cat("127.0.0.1:", server_->port()), grpc::SslCredentials(ssl), arguments));
    EXPECT_EQ(status.error_code(), one.code) << one.name << ": " << status.error_message();
  }
  EXPECT_EQ(signer_.calls, 0);
}

TEST_F(ServerTest, G01AStrangersExpiredOrMissingCertificateEndsInTheHandshake) {
  StartServer();
  const testing::TestAuthority stranger("stranger CA");
  struct Case {
    std::string name;
    TlsFiles tls;
  };
  const std::vector<Case> cases = {
      {"wrong CA", stranger.Issue(JoinPath(folder_, "stranger"), "delegation-manager")},
      {"expired",
       Issue("old", {.dns_names = {"delegation-manager"}, .uris = {}, .ends = -absl::Minutes(1)})},
      {"not yet valid",
       Issue("new", {.dns_names = {"delegation-manager"}, .uris = {}, .starts = absl::Hours(1)})},
      {"self-signed",
       Issue("self", {.dns_names = {"delegation-manager"}, .uris = {}, .self_signed = true})},
      {"none", {}},
  };
  LocalFileSystem files;
  for (const Case& one : cases) {
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = *files.Read(options_.tls.ca, 1 << 20);
    if (!one.tls.key.empty()) {
      ssl.pem_cert_chain = *files.Read(one.tls.certificate, 1 << 20);
      ssl.pem_private_key = *files.Read(one.tls.key, 1 << 20);
    }
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("content-signer");
    const grpc::Status status = Sign(grpc::CreateCustomChannel(
        Cat("127.0.0.1:", server_->port()), grpc::SslCredentials(ssl), arguments));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE)
        << one.name << ": " << status.error_message();
  }
  EXPECT_EQ(signer_.calls, 0);
}

TEST_F(ServerTest, G01PlaintextGetsNothing) {
  StartServer();
  const grpc::Status status = Sign(
      grpc::CreateChannel(Cat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials()));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(signer_.calls, 0);
}

TEST_F(ServerTest, G01AServerWithAnotherNameOrAnotherCaIsRefusedByTheClient) {
  StartServer();
  const TlsFiles manager = Issue("delegation-manager");
  const grpc::Status named = Sign(ChannelWith(manager, "release-signer"));
  EXPECT_EQ(named.error_code(), grpc::StatusCode::UNAVAILABLE) << named.error_message();
  EXPECT_THAT(named.error_message(), HasSubstr("wanted exactly 'release-signer'"));
  const testing::TestAuthority stranger("stranger CA");
  const grpc::Status other =
      Sign(ChannelWith(stranger.Issue(JoinPath(folder_, "stranger"), "delegation-manager")));
  EXPECT_EQ(other.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(signer_.calls, 0);
}

TEST_F(ServerTest, G01TheServerNeedsGoodFilesToStart) {
  const TlsFiles good = options_.tls;
  options_.tls.key = JoinPath(folder_, "nowhere.pem");
  EXPECT_EQ(Start().status().code(), absl::StatusCode::kNotFound);
  options_.tls = good;
  options_.tls.key = Issue("operator").key;
  EXPECT_THAT(std::string(MessageOf(Start().status())), HasSubstr("is not the key of"));
  options_.tls =
      Issue("old", {.dns_names = {"content-signer"}, .uris = {}, .ends = -absl::Minutes(1)});
  EXPECT_THAT(std::string(MessageOf(Start().status())), HasSubstr("has expired"));
  options_.tls = Issue("two", {.dns_names = {"content-signer", "x"}, .uris = {}});
  EXPECT_THAT(std::string(MessageOf(Start().status())), HasSubstr("2 names"));
  const testing::TestAuthority stranger("stranger CA");
  options_.tls = good;
  options_.tls.ca = stranger.Issue(JoinPath(folder_, "stranger"), "x").ca;
  EXPECT_THAT(std::string(MessageOf(Start().status())), HasSubstr("is not signed by"));
}

TEST_F(ServerTest, G03RenewedCertificatesCountWithoutARestart) {
  StartServer();
  // A new authority: only a server that has read its files again can talk to its clients.
  const testing::TestAuthority next("next CA");
  next.Issue(JoinPath(folder_, "content-signer"), "content-signer");
  const TlsFiles manager = next.Issue(JoinPath(folder_, "manager"), "delegation-manager");
  const auto channel = ChannelWith(manager);
  grpc::Status status;
  const absl::Time end = SystemClock().Now() + absl::Seconds(20);
  do {
    channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(1));
    status = Sign(channel, "rind-test", absl::Seconds(2));
  } while (!status.ok() && SystemClock().Now() < end);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(ServerTest, G04AMessageAboveTheCapIsRefused) {
  options_.max_message_bytes = 64 * 1024;
  StartServer();
  const auto channel = ChannelWith(Issue("delegation-manager"));
  EXPECT_TRUE(Sign(channel, std::string(60UL * 1024, 'a')).ok());
  EXPECT_EQ(Sign(channel, std::string(70UL * 1024, 'a')).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(signer_.calls, 1);
}

TEST_F(ServerTest, G05ACallWithoutADeadlineIsRefusedInEveryMethod) {
  StartServer();
  const auto manager = ChannelWith(Issue("delegation-manager"));
  const auto operators = ChannelWith(Issue("operator"));
  grpc::ClientContext unary;
  signer::SignResponse response;
  const grpc::Status sign = signer::Signer::NewStub(manager)->Sign(&unary, {}, &response);
  EXPECT_EQ(sign.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(sign.error_message(), HasSubstr("needs a deadline"));
  grpc::ClientContext streaming;
  const auto reader = syncer::Syncer::NewStub(operators)->Sync(&streaming, {});
  syncer::SyncEvent event;
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(signer_.calls, 0);
  EXPECT_EQ(syncer_.calls, 0);
}

TEST_F(ServerTest, G07InternalErrorsKeepTheirTextInsideAndOthersPass) {
  StartServer();
  const auto channel = ChannelWith(Issue("delegation-manager"));
  const grpc::Status refused = Sign(channel, "refuse");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(FromGrpc(refused), FailedPrecondition("S-01: refused"));
  const RequestIdScope scope("id-for-this-test");
  const grpc::Status broken = Sign(channel, "break");
  EXPECT_EQ(broken.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(broken.error_message(), Not(HasSubstr("secret")));
  EXPECT_THAT(broken.error_message(), HasSubstr("id-for-this-test"));
}

TEST_F(ServerTest, G07TheRequestIdFollowsTheCallUnlessItIsOdd) {
  StartServer();
  const auto channel = ChannelWith(Issue("delegation-manager"));
  {
    const RequestIdScope scope("0123456789abcdef");
    ASSERT_TRUE(Sign(channel).ok());
    EXPECT_EQ(signer_.request_id, "0123456789abcdef");
  }
  {
    const RequestIdScope scope("x\" injected");
    ASSERT_TRUE(Sign(channel).ok());
    EXPECT_EQ(signer_.request_id.size(), 16U);
  }
}

TEST_F(ServerTest, HealthIsForEveryCertificateAndTrueOnlyWhenSaidSo) {
  StartServer();
  const auto channel = ChannelWith(Issue("developer"));
  EXPECT_EQ(CheckHealth(channel, absl::Seconds(5)).code(), absl::StatusCode::kUnavailable);
  server_->SetServing(true);
  EXPECT_TRUE(CheckHealth(channel, absl::Seconds(5)).ok());
  server_->SetServing(false);
  EXPECT_FALSE(CheckHealth(channel, absl::Seconds(5)).ok());
}

TEST_F(ServerTest, StopLetsARunningCallFinish) {
  StartServer();
  grpc::Status status(grpc::StatusCode::UNKNOWN, "not run");
  const auto channel = ChannelWith(Issue("delegation-manager"));
  std::thread call([&] {
    status = Sign(channel, "wait");
    signer_.entered = true;  // a call that never got there must not hang the test
    signer_.entered.notify_all();
  });
  signer_.entered.wait(false);
  std::thread stop([&] { server_->Stop(absl::Seconds(5)); });
  signer_.may_leave = true;
  signer_.may_leave.notify_all();
  call.join();
  stop.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(ServerTest, ListensOnEachOfItsAddressesOrNotAtAll) {
  options_.listen = "127.0.0.1:0,localhost:0";
  StartServer();
  EXPECT_TRUE(Sign(ChannelWith(Issue("delegation-manager"))).ok());
  options_.listen = Cat("127.0.0.1:0,127.0.0.1:", server_->port());
  EXPECT_EQ(Start().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, TwoServersDoNotShareAPort) {
  StartServer();
  options_.listen = Cat("127.0.0.1:", server_->port());
  EXPECT_EQ(Start().status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace rind::rpc
