// The real program against the sample index and a manager that only records, over mutual TLS.
#include <csignal>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "absl/synchronization/mutex.h"
#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/testing/certificates.h"
#include "common/testing/child_process.h"

#include "rind/delegation/v1/ingest.grpc.pb.h"
#include "rind/syncer/v1/syncer.grpc.pb.h"

namespace rind::mirror_syncer {
namespace {

using testing::ChildProcess;

class RecordingManager final : public delegation::v1::Ingest::Service {
 public:
  grpc::Status GetRepository(grpc::ServerContext*, const delegation::v1::GetRepositoryRequest*,
                             delegation::v1::GetRepositoryResponse* out) override {
    out->set_created(true);
    out->set_repository_id("rind-test");
    return grpc::Status::OK;
  }
  grpc::Status ListProjects(grpc::ServerContext*, const delegation::v1::ListProjectsRequest*,
                            delegation::v1::ListProjectsResponse*) override {
    return grpc::Status::OK;
  }
  grpc::Status IngestProject(grpc::ServerContext*, const delegation::v1::IngestProjectRequest* in,
                             delegation::v1::IngestProjectResponse* out) override {
    const absl::MutexLock lock(&mutex_);
    projects_.insert(in->project());
    out->set_changed(true);
    return grpc::Status::OK;
  }
  // Waits until these very projects have come.
  bool WaitFor(const std::set<std::string>& projects) {
    const absl::MutexLock lock(&mutex_);
    const auto came = [&] { return projects_ == projects; };
    return mutex_.AwaitWithTimeout(absl::Condition(&came), absl::Seconds(60));
  }

 private:
  absl::Mutex mutex_;
  std::set<std::string> projects_;
};

class MirrorSyncerProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::NewFolder("syncer-program");
    sample_ = folder_ + "/sample";
    ASSERT_TRUE(testing::RunProgram(
                    {RIND_PYTHON, "tests/upstream/make_sample.py", "--no-system-wheels", sample_},
                    absl::Seconds(60))
                    .ok());
    auto index =
        ChildProcess::Start({RIND_PYTHON, "tests/upstream/sample_pypi.py", "--folder", sample_,
                             "--port-file", folder_ + "/port", "--log", folder_ + "/log"});
    ASSERT_TRUE(index.ok()) << index.status();
    index_ = *std::move(index);
    ASSERT_TRUE(index_->WaitForLine("READY", absl::Seconds(30)).ok());

    const std::string service = delegation::v1::Ingest::service_full_name();
    rpc::CallerTable callers;
    const auto methods = rpc::MethodsOf({service});
    ASSERT_TRUE(methods.ok());
    for (const std::string& method : *methods) callers[method] = {"mirror-syncer"};
    auto server =
        rpc::Server::Start({.listen = "127.0.0.1:0",
                            .tls = authority_.Issue(folder_ + "/manager", "delegation-manager"),
                            .callers = callers},
                           {{&manager_, service}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    authority_.Issue(folder_ + "/tls", "mirror-syncer");
    WriteConfig("1h");
  }

  void WriteConfig(std::string_view every) {
    const std::string port(Trim(*files_.Read(folder_ + "/port", 100)));
    const std::string text = Cat(
        "[service]\nlisten = \"127.0.0.1:0\"\n"
        "[tls]\nca = \"tls/ca.pem\"\ncertificate = \"tls/certificate.pem\"\nkey = \"tls/key.pem\"\n"
        "[callers]\n\"/rind.syncer.v1.Syncer/Sync\" = [\"operator\"]\n"
        "\"/rind.syncer.v1.Syncer/GetStatus\" = [\"operator\"]\n"
        "[repository]\nid = \"rind-test\"\n[upstream]\nindex = \"http://127.0.0.1:",
        port, "/simple/\"\nallow_private_addresses = true\n[sync]\nevery = \"", every,
        "\"\n[storage]\nblobs = \"blobs\"\nstate = \"state.db\"\n[evidence]\nkey = "
        "\"evidence.key\"\n"
        "[manager]\naddress = \"127.0.0.1:",
        server_->port(), "\"\n");
    ASSERT_TRUE(files_.Replace(Config(), text, 0600).ok());
  }
  std::string Config() const { return folder_ + "/config.toml"; }
  static std::string Program() { return testing::ProgramFolder() + "/rind-mirror-syncer"; }

  std::unique_ptr<ChildProcess> StartSyncer() {
    auto child = ChildProcess::Start({Program(), "--config", Config()});
    EXPECT_TRUE(child.ok()) << child.status();
    ready_ = (*child)->WaitForLine("READY", absl::Seconds(30)).value_or("");
    EXPECT_NE(ready_, "") << (*child)->Output();
    return *std::move(child);
  }

  LocalFileSystem files_;
  testing::TestAuthority authority_;
  std::string folder_, sample_, ready_;
  std::unique_ptr<ChildProcess> index_;
  RecordingManager manager_;
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(MirrorSyncerProgram, KilledInTheMiddleItResumesWithoutASecondDownload) {
  ASSERT_TRUE(
      testing::RunProgram({Program(), "init", "--config", Config()}, absl::Seconds(30)).ok());
  // One file never ends, so the sync can't; everything else gets through.
  ASSERT_TRUE(files_
                  .Replace(sample_ + "/faults.json",
                           R"({"stall_after": {"rind_cave-1.0.tar.gz": 10}})", 0644)
                  .ok());
  {
    const auto syncer = StartSyncer();
    ASSERT_TRUE(manager_.WaitFor({"rind-cheese", "rind-hello", "rind-mould"})) << syncer->Output();
    syncer->Signal(SIGKILL);
    EXPECT_EQ(*syncer->WaitForExit(absl::Seconds(30)), 128 + SIGKILL);
  }
  const std::string before = *files_.Read(folder_ + "/log", 1'000'000);
  ASSERT_TRUE(files_.Remove(sample_ + "/faults.json").ok());
  const auto syncer = StartSyncer();
  ASSERT_TRUE(manager_.WaitFor({"rind-cave", "rind-cheese", "rind-hello", "rind-mould"}))
      << syncer->Output();
  EXPECT_TRUE(files_.List(folder_ + "/blobs/incoming")->empty());
  const std::string after = files_.Read(folder_ + "/log", 1'000'000)->substr(before.size());
  for (const std::string& line : Split(after, '\n')) {
    if (line.find("/files/") == std::string::npos) continue;
    // The manager here has forgotten all, so every project is sent again, from the blobs.
    EXPECT_NE(line.find("rind_cave-1.0"), std::string::npos) << line;
  }
  syncer->Signal(SIGTERM);
  EXPECT_EQ(*syncer->WaitForExit(absl::Seconds(12)), 0) << syncer->Output();
}

TEST_F(MirrorSyncerProgram, ServesAnOperatorAndNobodyElse) {
  const auto init = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {Program(), "init", "--config", Config()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return testing::RunProgram(arguments, absl::Seconds(30)).ok();
  };
  ASSERT_TRUE(init({}));
  const std::string key = *files_.Read(folder_ + "/evidence.pub", 100);
  EXPECT_FALSE(init({}));
  EXPECT_FALSE(init({"--force"}));
  EXPECT_TRUE(init({"--keep"}));
  EXPECT_EQ(*files_.Read(folder_ + "/evidence.pub", 100), key);
  WriteConfig("0s");
  const auto child = StartSyncer();
  const std::size_t at = ready_.find("port ");
  ASSERT_NE(at, std::string::npos) << ready_;
  const std::string address =
      Cat("127.0.0.1:", ready_.substr(at + 5, ready_.find(',', at) - at - 5));
  const auto call = [&](const std::string& who, std::vector<syncer::v1::SyncEvent>& events) {
    auto channel = *rpc::Connect({.address = address,
                                  .peer = "mirror-syncer",
                                  .tls = authority_.Issue(Cat(folder_, "/", who), who)});
    const auto stub = syncer::v1::Syncer::NewStub(channel);
    grpc::ClientContext context;
    rpc::Prepare(context, absl::Seconds(60));
    const auto stream = stub->Sync(&context, {});
    syncer::v1::SyncEvent event;
    while (stream->Read(&event)) events.push_back(event);
    return rpc::FromGrpc(stream->Finish());
  };
  std::vector<syncer::v1::SyncEvent> events;
  EXPECT_TRUE(absl::IsPermissionDenied(call("developer", events)));
  EXPECT_TRUE(events.empty());
  const Status synced = call("operator", events);
  ASSERT_TRUE(synced.ok()) << synced;
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(events.back().summary().changed_projects(), 4U);
  EXPECT_EQ(events[3].progress().projects_done(), 4U);
}

}  // namespace
}  // namespace rind::mirror_syncer
