#include "services/delegation_manager/publish/publisher.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/evidence/statements.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_file_system.h"
#include "common/tuf_client/client.h"
#include "services/delegation_manager/ingest/ingest_project.h"
#include "services/delegation_manager/publish/creation.h"
#include "services/delegation_manager/publish/testing/in_process_signers.h"

namespace rind::delegation_manager {
namespace {

using ::testing::HasSubstr;
using testing::kRepository;
using testing::Signers;
using FakeFiles = rind::testing::FakeFileSystem;

constexpr std::string_view kPublic = "/public";
constexpr std::string_view kBlobs = "/blobs";

std::string UniqueFolder() {
  static int count = 0;
  return Cat(::testing::TempDir(), "rind-publisher-", ::getpid(), "-", count++);
}

// A repository with real signers over a fake disk, and a syncer that vouches.
class PublisherTest : public ::testing::Test {
 protected:
  PublisherTest() : folder_(UniqueFolder()), files_(&clock_) {
    EXPECT_TRUE(local_.MakeDirectories(folder_, 0700).ok());
    signers_ = Signers::Make(local_, clock_, folder_);
    EXPECT_TRUE(files_.MakeDirectories(std::string(kPublic), 0755).ok());
    OpenManager();
  }
  ~PublisherTest() override {
    publisher_.reset();
    state_.reset();
    EXPECT_TRUE(RemoveTree(local_, folder_).ok());
  }

  // As after a start of the process.
  void OpenManager() {
    publisher_.reset();
    state_.reset();
    auto state = OpenStateStore(JoinPath(folder_, "state.db"));
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    publisher_ = MakePublisher({std::string(kRepository), std::string(kPublic), false}, *state_,
                               files_, *signers_->content, *signers_->release, clock_);
  }

  Status Create(std::uint32_t bins = 16) {
    const auto creation = MakeCreation({std::string(kRepository), *state_, *publisher_,
                                        *signers_->content, *signers_->release, *signers_->offline,
                                        clock_, [](absl::Duration) { return false; }});
    return creation->Create({bins, Profile::kDefault},
                            [](std::string_view, std::uint64_t, std::uint64_t) { return true; });
  }

  Ingestion MakeIngestion(const std::string& project, std::int64_t serial,
                          const std::map<std::string, std::string>& files) {
    Ingestion ingestion;
    ingestion.project = project;
    ingestion.serial = serial;
    std::string listing;
    for (const auto& [name, content] : files) {
      const Sha256Digest digest = Sha256(content);
      ingestion.targets.push_back(
          {*tuf::TargetPath::Parse(Cat("files/", project, "/", name)), content.size(), digest});
      const std::string blob =
          Cat(kBlobs, "/sha256/", digest.Hex().substr(0, 2), "/", digest.Hex());
      EXPECT_TRUE(files_.MakeDirectories(ParentPath(blob), 0755).ok());
      EXPECT_TRUE(files_.Create(blob, content, 0644).ok());
      listing += name + digest.Hex();
    }
    ingestion.index_html = Cat("<html>", listing);
    ingestion.index_json = Cat("{", listing);
    for (const auto& [name, page] : {std::pair("index.html", ingestion.index_html),
                                     std::pair("index.json", ingestion.index_json)}) {
      ingestion.targets.push_back(
          {*tuf::TargetPath::Parse(Cat("simple/", project, "/", name)), page.size(), Sha256(page)});
    }
    Vouch(ingestion);
    return ingestion;
  }

  void Vouch(Ingestion& ingestion) {
    const std::string statement = evidence::Encode(evidence::EvidenceStatement{
        std::string(kRepository), ingestion.project, ingestion.serial, clock_.Now(),
        ingestion.targets.size(), evidence::MerkleRoot(ingestion.targets)});
    ingestion.evidence = {statement, signers_->syncer->key_id(), signers_->syncer->Sign(statement)};
  }

  Status Ingest(const std::string& project, std::int64_t serial,
                const std::map<std::string, std::string>& files) {
    return IngestProject(*state_, {files_, std::string(kBlobs), std::string(kRepository)},
                         MakeIngestion(project, serial, files), clock_.Now())
        .status();
  }

  // A client that knows only root 1. Its verdict on the mirror as it is now.
  StatusOr<std::string> ClientReads(const std::string& target) {
    RIND_ASSIGN_OR_RETURN(const std::string root,
                          files_.Read(Cat(kPublic, "/metadata/1.root.json"), 100'000));
    FakeFiles cache;
    RIND_RETURN_IF_ERROR(tuf_client::Client::Initialise(local_, ClientFolder(), root));
    const auto fetcher = tuf_client::FolderFetcher(files_, std::string(kPublic));
    tuf_client::ClientOptions options;
    options.metadata_dir = ClientFolder();
    RIND_ASSIGN_OR_RETURN(const auto client,
                          tuf_client::Client::Open(options, local_, *fetcher, clock_));
    RIND_RETURN_IF_ERROR(client->Refresh());
    RIND_ASSIGN_OR_RETURN(const auto found, client->Find(target));
    return found.file.hashes.Preferred();
  }
  std::string ClientFolder() const { return JoinPath(folder_, "client"); }

  std::string folder_;
  rind::testing::FakeClock clock_;
  LocalFileSystem local_;
  FakeFiles files_;
  std::unique_ptr<Signers> signers_;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<Publisher> publisher_;
};

TEST_F(PublisherTest, CreatesIngestsAndReleasesWhatAClientVerifies) {
  ASSERT_TRUE(Create().ok());
  ASSERT_TRUE(Ingest("six", 7, {{"six-1.0.tar.gz", "content of six"}}).ok());
  const auto released = publisher_->Release(false);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_TRUE(released->published);
  EXPECT_EQ(released->snapshot_version, 2);
  EXPECT_EQ(released->refused, "");
  const auto read = ClientReads("files/six/six-1.0.tar.gz");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, Sha256("content of six").Hex());
  EXPECT_TRUE(ClientReads("simple/six/index.html").ok());
  EXPECT_TRUE(ClientReads("simple/index.json").ok());
  EXPECT_TRUE(absl::IsNotFound(ClientReads("files/six/six-2.0.tar.gz").status()));
}

}  // namespace
}  // namespace rind::delegation_manager
