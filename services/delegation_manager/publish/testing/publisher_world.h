// A repository with real signers over a fake disk, for the tests of publishing.
//
// Promise: signers, state and publisher are the real ones; a test makes the disk fail, a signer
// refuse, be away or lose its answer, and time pass. Threading: one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/evidence/statements.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_file_system.h"
#include "common/tuf_client/client.h"
#include "services/delegation_manager/ingest/ingest_project.h"
#include "services/delegation_manager/publish/creation.h"
#include "services/delegation_manager/publish/publisher.h"
#include "services/delegation_manager/publish/testing/in_process_signers.h"

namespace rind::delegation_manager::testing {

using FakeFiles = rind::testing::FakeFileSystem;

inline constexpr std::string_view kPublic = "/public";
inline constexpr std::string_view kBlobs = "/blobs";

// In memory where the machine has that: ledgers and the database sync every step.
inline std::string UniqueFolder() {
  static int count = 0;
  const std::string top = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : ::testing::TempDir();
  return Cat(top, "rind-publisher-", ::getpid(), "-", count++);
}

// Refuses what a test wants refused, and loses answers on their way back.
class GatedSigner final : public DocumentSigner {
 public:
  StatusOr<std::vector<SignOutcome>> Sign(std::span<const DocumentToSign> documents) override {
    std::vector<SignOutcome> outcomes;
    for (const DocumentToSign& document : documents) {
      if (refuse && refuse(document)) {
        outcomes.push_back(Refused{"T-01", "a test refuses it"});
        continue;
      }
      RIND_ASSIGN_OR_RETURN(auto one, signer->Sign({&document, 1}));
      outcomes.push_back(std::move(one.front()));
    }
    if (answers_to_lose > 0) {
      --answers_to_lose;
      return Unavailable("the answer is lost");
    }
    return outcomes;
  }
  StatusOr<SignerState> GetState(const std::vector<std::string>& roles) override {
    return signer->GetState(roles);
  }

  SessionSigner* signer = nullptr;
  std::function<bool(const DocumentToSign&)> refuse;
  int answers_to_lose = 0;
};

// A disk that flips a bit of what it was given, when the name has `flip` in it.
class FlippingFiles final : public FileSystem {
 public:
  explicit FlippingFiles(FakeFiles& files) : files_(files) {}
  StatusOr<std::string> Read(const std::string& path, std::uint64_t max_size) const override {
    return files_.Read(path, max_size);
  }
  Status ReadPieces(const std::string& path,
                    const std::function<Status(std::string_view)>& sink) const override {
    return files_.ReadPieces(path, sink);
  }
  StatusOr<FileInfo> Stat(const std::string& path) const override { return files_.Stat(path); }
  StatusOr<std::vector<DirectoryEntry>> List(const std::string& path) const override {
    return files_.List(path);
  }
  Status Create(const std::string& path, std::string_view bytes, std::uint32_t mode) override {
    RIND_RETURN_IF_ERROR(files_.Create(path, bytes, mode));
    if (flip.empty() || path.find(flip) == std::string::npos) return OkStatus();
    std::string flipped(bytes);
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
    files_.Overwrite(path, flipped);
    return OkStatus();
  }
  Status Replace(const std::string& path, std::string_view bytes, std::uint32_t mode) override {
    return files_.Replace(path, bytes, mode);
  }
  Status MoveNew(const std::string& from, const std::string& to) override {
    return files_.MoveNew(from, to);
  }
  Status Link(const std::string& from, const std::string& to) override {
    return files_.Link(from, to);
  }
  Status Remove(const std::string& path) override { return files_.Remove(path); }
  Status MakeDirectories(const std::string& path, std::uint32_t mode) override {
    return files_.MakeDirectories(path, mode);
  }

  std::string flip;

 private:
  FakeFiles& files_;
};

// A repository with real signers over a fake disk, and a syncer that vouches.
class PublisherWorld : public ::testing::Test {
 protected:
  PublisherWorld() : folder_(UniqueFolder()), files_(&clock_) { SetUpFolder(); }
  ~PublisherWorld() override {
    publisher_.reset();
    state_.reset();
    EXPECT_TRUE(RemoveTree(local_, folder_).ok());
  }

  void SetUpFolder() {
    EXPECT_TRUE(RemoveTree(files_, std::string(kPublic)).ok());
    EXPECT_TRUE(RemoveTree(files_, std::string(kBlobs)).ok());
    EXPECT_TRUE(local_.MakeDirectories(folder_, 0700).ok());
    signers_ = Signers::Make(local_, clock_, folder_);
    content_.signer = signers_->content.get();
    release_.signer = signers_->release.get();
    EXPECT_TRUE(files_.MakeDirectories(std::string(kPublic), 0755).ok());
    OpenManager();
  }
  // A world in which nothing has happened yet.
  void Renew() {
    publisher_.reset();
    state_.reset();
    EXPECT_TRUE(RemoveTree(local_, folder_).ok());
    SetUpFolder();
  }

  // As after a start of the process.
  void OpenManager() {
    publisher_.reset();
    state_.reset();
    auto state = OpenStateStore(JoinPath(folder_, "state.db"));
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    publisher_ = MakePublisher({std::string(kRepository), std::string(kPublic), false}, *state_,
                               disk_, content_, release_, clock_);
  }

  Status Create(std::uint32_t bins = 16) {
    const auto creation =
        MakeCreation({std::string(kRepository), *state_, *publisher_, content_, release_,
                      *signers_->offline, clock_, [](absl::Duration) { return false; }});
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
  // What the signers refused so far: nothing is asked for that was signed otherwise before.
  std::uint64_t Refusals() {
    std::uint64_t count = 0;
    for (SessionSigner* signer : {signers_->content.get(), signers_->release.get()}) {
      const auto state = signer->GetState({});
      EXPECT_TRUE(state.ok()) << state.status();
      for (const auto& [rule, times] : state->refusals) count += times;
    }
    return count;
  }
  std::string Published() {
    return files_.Read(Cat(kPublic, "/metadata/timestamp.json"), 100'000).value_or("");
  }
  std::string ClientFolder() const { return JoinPath(folder_, "client"); }

  std::string folder_;
  rind::testing::FakeClock clock_;
  LocalFileSystem local_;
  FakeFiles files_;
  FlippingFiles disk_{files_};
  std::unique_ptr<Signers> signers_;
  GatedSigner content_, release_;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<Publisher> publisher_;
};

}  // namespace rind::delegation_manager::testing
