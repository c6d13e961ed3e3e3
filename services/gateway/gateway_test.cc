#include "services/gateway/gateway.h"

#include <atomic>
#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/synchronization/mutex.h"
#include "common/base/text.h"
#include "common/http/raw_peer_test_support.h"
#include "common/http/server.h"
#include "common/pypi/index_page.h"
#include "common/testing/fake_clock.h"
#include "common/testing/repository_simulator.h"

namespace rind::gateway {
namespace {

using ::testing::ContainsRegex;
using testing::FakeClock;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RepositorySimulator;
using ::testing::StartsWith;

const tuf::RoleName kTargets = tuf::TopLevelRole::kTargets;
constexpr std::string_view kWheel = "six-1.0-py3-none-any.whl";

// A web server in this process that serves a simulated repository, and may do anything else.
class Mirror {
 public:
  explicit Mirror(RepositorySimulator& repository) : repository_(repository) { Start(); }

  void Start() {
    http::ServerOptions options;
    options.port = port_;
    auto server = http::Server::Start(
        options, [this](const http::ServerRequest& request, http::ResponseWriter& out) {
          Serve(request.target.substr(1), out);
        });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    port_ = server_->port();
  }
  void Stop() {
    server_->Stop(absl::ZeroDuration());
    server_.reset();
  }
  std::string Url() const { return Cat("http://127.0.0.1:", port_, "/"); }

  // What the mirror does in place of serving `path`.
  using Trick = std::function<void(http::ResponseWriter&)>;
  void Play(const std::string& path, Trick trick) {
    const absl::MutexLock lock(&mutex_);
    tricks_[path] = std::move(trick);
  }
  void PlayBytes(const std::string& path, const std::string& bytes) {
    Play(path, [bytes](http::ResponseWriter& out) { (void)out.Send(200, "", {}, bytes); });
  }
  void PlayFair() {
    const absl::MutexLock lock(&mutex_);
    tricks_.clear();
  }
  int Asked(const std::string& path) {
    const absl::MutexLock lock(&mutex_);
    return asked_[path];
  }

 private:
  void Serve(const std::string& path, http::ResponseWriter& out) {
    Trick trick;
    std::string bytes;
    bool found = false;
    {
      const absl::MutexLock lock(&mutex_);
      ++asked_[path];
      if (const auto it = tricks_.find(path); it != tricks_.end()) trick = it->second;
      if (const auto it = repository_.Files().find(path); it != repository_.Files().end()) {
        bytes = it->second;
        found = true;
      }
    }
    if (trick) {
      trick(out);
      return;
    }
    // The peer may be gone: what it got is the test's to look at.
    (void)out.Send(found ? 200 : 404, "", {}, bytes);
  }

  RepositorySimulator& repository_;
  absl::Mutex mutex_;
  std::map<std::string, Trick> tricks_;
  std::map<std::string, int> asked_;
  std::uint16_t port_ = 0;
  std::unique_ptr<http::Server> server_;
};

class GatewayTest : public ::testing::Test {
 protected:
  GatewayTest() : repository_(clock_.Now()), mirror_(repository_) {}

  void SetUp() override {
    folder_ = Cat(::testing::TempDir(), "rind-gateway-", ::getpid());
    ASSERT_TRUE(RemoveTree(files_, folder_).ok());
    ASSERT_TRUE(files_.MakeDirectories(JoinPath(folder_, "bundle"), 0700).ok());
    const auto unclaimed = *tuf::RoleName::Parse("unclaimed");
    repository_.Delegate(kTargets, unclaimed, {"simple/*/*", "files/*/*", "simple/*"}, false);
    repository_.DelegateBins(unclaimed, 4, "bin");
    Add("simple/index.html", "<!DOCTYPE html>");
    Add("simple/index.json", "{}");
    AddSix(wheel_);
    repository_.Publish();

    const std::string root = repository_.Files().at("metadata/1.root.json");
    ASSERT_TRUE(files_.Replace(JoinPath(folder_, "bundle/root.json"), root, 0600).ok());
    ASSERT_TRUE(files_
                    .Replace(JoinPath(folder_, "bundle/settings.json"),
                             Cat(R"({"mirror":")", mirror_.Url(),
                                 R"(","repository":"rind-test","root_sha256":")",
                                 Sha256(root).Hex(), "\"}\n"),
                             0600)
                    .ok());
    StartGateway();
  }
  void TearDown() override {
    gateway_.reset();
    ASSERT_TRUE(RemoveTree(files_, folder_).ok());
  }

  void StartGateway() {
    gateway_.reset();
    Settings settings;
    settings.bundle = JoinPath(folder_, "bundle");
    settings.cache = JoinPath(folder_, "cache");
    auto gateway = Gateway::Start(settings, files_, clock_);
    ASSERT_TRUE(gateway.ok()) << gateway.status();
    gateway_ = *std::move(gateway);
  }

  tuf::RoleName BinOf(const std::string& path) {
    const auto& roles = std::get<tuf::SuccinctRoles>(
        repository_.targets(*tuf::RoleName::Parse("unclaimed")).delegations->roles);
    return roles.BinName(roles.BinFor(path));
  }
  void Add(const std::string& path, std::string_view bytes) {
    repository_.AddTarget(BinOf(path), path, bytes);
  }
  // six with one wheel, its page as `page_bytes` says.
  void AddSix(std::string_view page_bytes) {
    const auto name = *pypi::ProjectName::Parse("six");
    const std::vector<pypi::PublishedFile> files = {
        {.distribution = *pypi::Distribution::Parse(kWheel, name),
         .sha256 = Sha256(page_bytes),
         .size = page_bytes.size(),
         .core_metadata_sha256 = Sha256(core_),
         .facts = {}}};
    Add("simple/six/index.html", pypi::RenderIndexHtml(name, files));
    Add("simple/six/index.json", pypi::RenderIndexJson(name, files));
    Add(Cat("files/six/", kWheel), wheel_);
    Add(Cat("files/six/", kWheel, ".metadata"), core_);
  }

  // "HTTP/1.1 200 OK\r\n...\r\n\r\nbody".
  std::string Ask(std::string_view path, std::string_view headers = "",
                  std::string_view method = "GET") {
    const int socket = http::ConnectTo(gateway_->port());
    EXPECT_TRUE(http::SendAll(socket, Cat(method, " ", path, " HTTP/1.1\r\nHost: x\r\n", headers,
                                          "Connection: close\r\n\r\n")));
    std::string answer = http::ReadAll(socket);
    ::close(socket);
    return answer;
  }
  static std::string Body(const std::string& answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
  }
  std::string WheelPath() const { return Cat("/files/six/", Sha256(wheel_).Hex(), "/", kWheel); }
  std::string MirrorPath(const std::string& target, std::string_view bytes) const {
    return Cat("targets/", tuf::PathWithHash(target, Sha256(bytes).Hex()));
  }

  const std::string wheel_ = Cat("PK", std::string(3000, 'w'));
  const std::string core_ = "Metadata-Version: 2.1\nName: six\nVersion: 1.0\n";
  FakeClock clock_;
  LocalFileSystem files_;
  std::string folder_;
  RepositorySimulator repository_;
  Mirror mirror_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(GatewayTest, ServesPagesInTheFormThatIsAskedFor) {
  const std::string html = Ask("/simple/six/");
  EXPECT_THAT(html, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(html, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_THAT(html, HasSubstr("Vary: Accept\r\n"));
  EXPECT_THAT(Body(html), HasSubstr(kWheel));
  const std::string json = Ask("/simple/six/", "Accept: application/vnd.pypi.simple.v1+json\r\n");
  EXPECT_THAT(json, HasSubstr("Content-Type: application/vnd.pypi.simple.v1+json\r\n"));
  EXPECT_THAT(Body(json), StartsWith("{"));
  EXPECT_THAT(Ask("/simple/six/", "Accept: image/png\r\n"), StartsWith("HTTP/1.1 406 "));
  EXPECT_EQ(Body(Ask("/simple/")), "<!DOCTYPE html>");
  for (const char* spelling : {"/simple/Six/", "/simple/six", "/simple/%53ix"}) {
    EXPECT_THAT(Ask(spelling), ContainsRegex("^HTTP/1.1 301 .*\r\nLocation: /simple/six/\r\n"));
  }
}

TEST_F(GatewayTest, ServesFilesAndTheirMetadata) {
  const std::string answer = Ask(WheelPath());
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(Body(answer), wheel_);
  EXPECT_EQ(Body(Ask(Cat(WheelPath(), ".metadata"))), core_);
  EXPECT_EQ(Body(Ask(WheelPath())), wheel_);
  EXPECT_EQ(mirror_.Asked(MirrorPath(Cat("files/six/", kWheel), wheel_)), 1)
      << "the second one comes from the cache";

  const std::string head = Ask(WheelPath(), "", "HEAD");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr(Cat("Content-Length: ", wheel_.size(), "\r\n")));
  EXPECT_EQ(Body(head), "");
  const std::string etag = Cat("\"", Sha256(wheel_).Hex(), "\"");
  EXPECT_THAT(head, HasSubstr(Cat("ETag: ", etag, "\r\n")));
  EXPECT_THAT(Ask(WheelPath(), Cat("If-None-Match: ", etag, "\r\n")), StartsWith("HTTP/1.1 304 "));
}

TEST_F(GatewayTest, ServesRangesOfVerifiedFiles) {
  const std::string part = Ask(WheelPath(), "Range: bytes=0-1\r\n");
  EXPECT_THAT(part, StartsWith("HTTP/1.1 206 "));
  EXPECT_THAT(part, HasSubstr(Cat("Content-Range: bytes 0-1/", wheel_.size(), "\r\n")));
  EXPECT_EQ(Body(part), "PK");
  EXPECT_EQ(Body(Ask(WheelPath(), "Range: bytes=-3\r\n")), "www");
  EXPECT_EQ(Body(Ask(WheelPath(), "Range: bytes=3000-\r\n")), "ww");
  EXPECT_EQ(Body(Ask(WheelPath(), "Range: bytes=0-0,5-6\r\n")), wheel_) << "several are ignored";
  EXPECT_THAT(Ask(WheelPath(), "Range: bytes=9999-\r\n"), StartsWith("HTTP/1.1 416 "));
}

TEST_F(GatewayTest, C14AbsentIs404) {
  EXPECT_THAT(Ask("/simple/no-such-project/"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(Ask(Cat("/files/six/", std::string(64, 'a'), "/six-9.tar.gz")),
              StartsWith("HTTP/1.1 404 "));
  for (const char* odd : {"/", "/simple/six/x/", "/files/six/x/y", "/files/six/../../etc",
                          "/simple/%2e%2e/", "/files/six/%2f/y", "/simple//"}) {
    EXPECT_THAT(Ask(odd), StartsWith("HTTP/1.1 404 ")) << odd;
  }
  EXPECT_THAT(Ask("/simple/%zz/"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(GatewayTest, C14RefusesATamperedWheelAndSaysWhy) {
  std::string wrong = wheel_;
  wrong.back() = 'x';
  const std::string target = Cat("files/six/", kWheel);
  mirror_.PlayBytes(MirrorPath(target, wheel_), wrong);
  const std::string answer = Ask(WheelPath());
  const std::string wanted =
      Cat("HTTP/1.1 403 rind refused: ", BinOf(target).text(), " v1 wants sha256 ",
          Sha256(wheel_).Short(), "..., web sent ", Sha256(wrong).Short(), "...\r\n");
  EXPECT_THAT(answer, StartsWith(wanted));
  EXPECT_THAT(Body(answer), HasSubstr(Sha256(wrong).Hex()));
  EXPECT_THAT(Body(answer), HasSubstr("What to do"));
  EXPECT_THAT(Body(answer), Not(HasSubstr("www")));
  EXPECT_THAT(Ask(WheelPath(), "", "HEAD"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(Ask(WheelPath(), "Range: bytes=0-1\r\n"), StartsWith("HTTP/1.1 403 "));
  mirror_.PlayFair();
  EXPECT_EQ(Body(Ask(WheelPath())), wheel_);
}

TEST_F(GatewayTest, C14RefusesATamperedPageMetadataAndTruncatedFile) {
  for (const auto& [path, bytes] : std::map<std::string, std::string>(repository_.Files())) {
    if (path.starts_with("targets/")) mirror_.PlayBytes(path, Cat(bytes, " "));
  }
  EXPECT_THAT(Ask("/simple/six/"), ContainsRegex("^HTTP/1.1 403 rind refused: bin-. v1 wants "));
  EXPECT_THAT(Ask(Cat(WheelPath(), ".metadata")), StartsWith("HTTP/1.1 403 rind refused: bin-"));
  mirror_.PlayFair();
  mirror_.PlayBytes(MirrorPath(Cat("files/six/", kWheel), wheel_), wheel_.substr(0, 100));
  EXPECT_THAT(Ask(WheelPath()),
              ContainsRegex("^HTTP/1.1 403 rind refused: bin-. v1 wants 3002 bytes, web sent 100"));
  mirror_.Play(MirrorPath(Cat("files/six/", kWheel), wheel_),
               [](http::ResponseWriter& out) { (void)out.Send(404, "", {}, ""); });
  EXPECT_THAT(Ask(WheelPath()), StartsWith("HTTP/1.1 403 rind refused: bin-"))
      << "a file that metadata lists is never absent";
}

TEST_F(GatewayTest, C14RefusesWhenAddressPageAndTargetDisagree) {
  EXPECT_THAT(Ask(Cat("/files/six/", std::string(64, 'a'), "/", kWheel)),
              ContainsRegex("^HTTP/1.1 403 rind refused: .*the address says aaaaaaaa"));
  // The page names another hash than the metadata has: signed, both, and still no agreement.
  AddSix("another file");
  repository_.Publish();
  clock_.Advance(absl::Minutes(2));
  EXPECT_THAT(Ask(Cat("/files/six/", Sha256("another file").Hex(), "/", kWheel)),
              ContainsRegex("^HTTP/1.1 403 rind refused: .*index page wants sha256"));
}

TEST_F(GatewayTest, C14AMirrorThatIsDownIs502AndValidMetadataServesOn) {
  EXPECT_EQ(Body(Ask(WheelPath())), wheel_);
  mirror_.Stop();
  clock_.Advance(absl::Minutes(2));
  EXPECT_EQ(Body(Ask(WheelPath())), wheel_) << "cached, and its metadata is valid still";
  EXPECT_THAT(Ask("/-/status"), HasSubstr(R"("state":"offline")"));
  EXPECT_THAT(Ask("/simple/six/"), StartsWith("HTTP/1.1 502 rind: "));
  clock_.Advance(absl::Hours(24 * 31));
  EXPECT_THAT(Ask(WheelPath()), StartsWith("HTTP/1.1 502 rind: "));
  EXPECT_THAT(Ask("/-/health"), StartsWith("HTTP/1.1 503 "));
  mirror_.Start();
}

TEST_F(GatewayTest, C13RefusesAnExpiredTimestamp) {
  clock_.Advance(absl::Hours(24 * 31));
  // Root is the first that has expired: all were made at once.
  EXPECT_THAT(Ask("/simple/six/"), ContainsRegex("^HTTP/1.1 403 rind refused: .*expired at "));
  EXPECT_THAT(Ask("/-/status"), HasSubstr(R"("state":"refusing")"));
}

TEST_F(GatewayTest, C06RefusesARollback) {
  const std::string old = repository_.Files().at("metadata/timestamp.json");
  repository_.Publish();
  EXPECT_THAT(Ask("/simple/six/"), StartsWith("HTTP/1.1 200 "));
  mirror_.PlayBytes("metadata/timestamp.json", old);
  clock_.Advance(absl::Minutes(2));
  EXPECT_THAT(Ask("/simple/six/"), StartsWith("HTTP/1.1 403 rind refused: timestamp: trusted v"));
  StartGateway();
  EXPECT_THAT(Ask("/simple/six/"), StartsWith("HTTP/1.1 403 rind refused: timestamp: trusted v"))
      << "a restart forgets no floor";
  mirror_.PlayFair();
  clock_.Advance(absl::Minutes(2));
  EXPECT_THAT(Ask("/simple/six/"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(GatewayTest, C12EndlessDataIsBounded) {
  const auto endless = [](std::atomic<std::uint64_t>& sent) {
    return [&sent](http::ResponseWriter& out) {
      const std::string piece(1U << 16U, 'w');
      Status status = out.Begin(200, "", {}, std::uint64_t{1} << 50U);
      while (status.ok()) {
        status = out.Write(piece);
        sent += piece.size();
      }
    };
  };
  std::atomic<std::uint64_t> of_file = 0;
  std::atomic<std::uint64_t> of_timestamp = 0;
  mirror_.Play(MirrorPath(Cat("files/six/", kWheel), wheel_), endless(of_file));
  EXPECT_THAT(Ask(WheelPath()), ContainsRegex("^HTTP/1.1 403 rind refused: .* web sent more"));
  // What the sockets' buffers hold, and no more.
  EXPECT_LT(of_file, 32U << 20U);
  mirror_.Play("metadata/timestamp.json", endless(of_timestamp));
  clock_.Advance(absl::Minutes(2));
  EXPECT_THAT(Ask("/simple/six/"), StartsWith("HTTP/1.1 403 rind refused: timestamp"));
  EXPECT_LT(of_timestamp, 32U << 20U);
}

TEST_F(GatewayTest, C14ALargeFileThatIsWrongNeverCompletesAndSaysWhyTheNextTime) {
  const std::string large((65U << 20U) + 7, 'l');
  const auto name = *pypi::ProjectName::Parse("six");
  const std::vector<pypi::PublishedFile> files = {
      {.distribution = *pypi::Distribution::Parse(kWheel, name),
       .sha256 = Sha256(large),
       .size = large.size(),
       .core_metadata_sha256 = std::nullopt,
       .facts = {}}};
  Add("simple/six/index.json", pypi::RenderIndexJson(name, files));
  Add(Cat("files/six/", kWheel), large);
  repository_.Publish();
  std::string wrong = large;
  wrong.back() = 'x';
  const std::string path = Cat("/files/six/", Sha256(large).Hex(), "/", kWheel);
  const std::string on_mirror = MirrorPath(Cat("files/six/", kWheel), large);
  mirror_.PlayBytes(on_mirror, wrong);
  const std::string first = Ask(path);
  EXPECT_THAT(first.substr(0, 20), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_LT(Body(first).size(), large.size()) << "the last piece is withheld";
  EXPECT_GT(Body(first).size(), 0U);
  EXPECT_THAT(Ask(path), StartsWith("HTTP/1.1 403 rind refused: bin-"));
  mirror_.PlayFair();
  EXPECT_EQ(Sha256(Body(Ask(path))), Sha256(large));
  mirror_.PlayBytes(on_mirror, wrong);
  EXPECT_EQ(Sha256(Body(Ask(path))), Sha256(large)) << "from the cache";
}

TEST_F(GatewayTest, C14ADamagedCacheIsNeverServed) {
  EXPECT_EQ(Body(Ask(WheelPath())), wheel_);
  const std::string hex = Sha256(wheel_).Hex();
  const std::string cached = Cat(folder_, "/cache/sha256/", hex.substr(0, 2), "/", hex);
  std::string wrong = wheel_;
  wrong[5] = 'x';
  ASSERT_TRUE(files_.Replace(cached, wrong, 0600).ok());
  EXPECT_EQ(Body(Ask(WheelPath())), wheel_) << "dropped, and fetched anew";
  EXPECT_EQ(*files_.Read(cached, 10'000), wheel_);
}

TEST_F(GatewayTest, SeesANewReleaseAfterTheRefresh) {
  EXPECT_THAT(Ask("/simple/idna/"), StartsWith("HTTP/1.1 404 "));
  Add("simple/idna/index.html", "new");
  repository_.Publish();
  clock_.Advance(absl::Minutes(2));
  EXPECT_EQ(Body(Ask("/simple/idna/")), "new");
  EXPECT_THAT(Ask("/-/status"), HasSubstr(R"("state":"fresh")"));
  EXPECT_EQ(Body(Ask("/-/health")), "ok\n");
}

TEST_F(GatewayTest, RefusesToStartWithoutTheRootThatItsBundleNames) {
  Settings settings;
  settings.cache = JoinPath(folder_, "cache");
  settings.bundle = JoinPath(folder_, "nothing");
  EXPECT_TRUE(absl::IsFailedPrecondition(Gateway::Start(settings, files_, clock_).status()));
  settings.bundle = JoinPath(folder_, "bundle");
  repository_.PublishRoot();
  ASSERT_TRUE(files_
                  .Replace(JoinPath(folder_, "bundle/root.json"),
                           repository_.Files().at("metadata/2.root.json"), 0600)
                  .ok());
  const Status status = Gateway::Start(settings, files_, clock_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(MessageOf(status), HasSubstr("wants a root of sha256"));
}

}  // namespace
}  // namespace rind::gateway
