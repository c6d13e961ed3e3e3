#include "services/project_signer/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "common/evidence/statement_key.h"
#include "common/testing/fake_clock.h"
#include "common/testing/fake_file_system.h"
#include "common/tuf/json/decode.h"
#include "common/tuf/verify/verify.h"
#include "services/project_signer/key_ring.h"
#include "services/project_signer/workspace.h"

namespace rind::project_signer {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Content ContentOf(std::string_view bytes) {
  return {.length = bytes.size(), .sha256 = Sha256(bytes)};
}

// A manager that takes everything and remembers it.
class FakeManager final : public DeveloperClient {
 public:
  StatusOr<PublishedProject> GetProject(const std::string&) override { return published; }
  StatusOr<std::pair<std::string, std::string>> RequestClaim(
      const std::string&, const std::string& sent_statement,
      const std::vector<ClaimSignature>& sent, const SignedVersion& first) override {
    statement = sent_statement;
    signatures = sent;
    version = first;
    return std::pair<std::string, std::string>("requested", "");
  }
  StatusOr<bool> UploadBlob(const std::string&, const Upload& upload) override {
    uploads.push_back(upload);
    return false;
  }
  StatusOr<std::int64_t> PushProject(const std::string&, const SignedVersion& next) override {
    if (!answer.ok()) return answer;
    version = next;
    return 7;
  }

  PublishedProject published;
  std::string statement;
  std::vector<ClaimSignature> signatures;
  SignedVersion version;
  std::vector<Upload> uploads;
  Status answer;
};

class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() {
    manager_.published.repository = "rind-test";
    manager_.published.state = "unclaimed";
    const auto sdist = pypi::Distribution::Parse("six-1.0.tar.gz", six_);
    const pypi::PublishedFile file{.distribution = *sdist,
                                   .sha256 = Sha256("source"),
                                   .size = 6,
                                   .core_metadata_sha256 = {},
                                   .facts = {}};
    manager_.published.index_html = pypi::RenderIndexHtml(six_, {{file}});
    manager_.published.index_json = pypi::RenderIndexJson(six_, {{file}});
    auto& targets = manager_.published.targets;
    targets["files/six/six-1.0.tar.gz"] = ContentOf("source");
    targets["simple/six/index.html"] = ContentOf(manager_.published.index_html);
    targets["simple/six/index.json"] = ContentOf(manager_.published.index_json);
    EXPECT_TRUE(files_.MakeDirectories("/dist", 0755).ok());
  }

  Context World() {
    return {.files = files_,
            .clock = clock_,
            .random = random_,
            .print = [this](std::string_view line) { printed_ += Cat(line, "\n"); },
            .confirm = [this](std::string_view) { return yes_; },
            .passphrase = [this](bool) -> StatusOr<SecretBytes> {
              std::string text = passphrase_;
              return SecretBytes::TakeFrom(text);
            },
            .manager = [this]() -> StatusOr<DeveloperClient*> { return &manager_; },
            .cost = sealing::Cost::Least()};
  }
  std::vector<PublicKey> Keys() {
    std::vector<PublicKey> keys;
    const auto here = KeysOf(World(), Workspace(files_, "/home/six"));
    EXPECT_TRUE(here.ok()) << here.status();
    for (const auto& [name, key] : *here) keys.push_back(key);
    return keys;
  }
  Status InitKeys(int count) { return Init(World(), six_, "/home/six", {.keys = count}); }
  Status ClaimIt(std::optional<int> threshold = {}) {
    ClaimOptions options;
    options.threshold = threshold;
    return Claim(World(), six_, "/home/six", options);
  }
  Status AddIt(std::vector<std::string> paths) {
    AddOptions options;
    options.paths = std::move(paths);
    return Add(World(), six_, "/home/six", options);
  }
  // The role that the manager was sent verifies under these keys.
  tuf::Targets SentRole(int threshold) {
    const auto role = tuf::DecodeTargets(manager_.version.role_file);
    EXPECT_TRUE(role.ok()) << role.status();
    tuf::KeyMap keys;
    tuf::RoleKeys role_keys{.key_ids = {}, .threshold = *tuf::Threshold::Create(threshold)};
    for (const PublicKey& key : Keys()) {
      keys.emplace(tuf::KeyId::Of(key), tuf::Key::Of(key));
      role_keys.key_ids.push_back(tuf::KeyId::Of(key));
    }
    EXPECT_TRUE(tuf::VerifyThreshold(*tuf::RoleName::Parse("project.six"), role_keys, keys,
                                     role->canonical, role->signatures)
                    .ok());
    return role->document;
  }

  const pypi::ProjectName six_ = *pypi::ProjectName::Parse("six");
  testing::FakeClock clock_;
  testing::FakeFileSystem files_;
  SystemRandom random_;
  FakeManager manager_;
  std::string passphrase_ = "correct horse";
  std::string printed_;
  bool yes_ = true;
};

TEST_F(CommandsTest, MakesKeysOnceAndSaysThem) {
  ASSERT_TRUE(InitKeys(3).ok());
  EXPECT_THAT(Keys(), SizeIs(3));
  for (const PublicKey& key : Keys()) EXPECT_THAT(printed_, HasSubstr(key.material()));
  EXPECT_TRUE(absl::IsAlreadyExists(InitKeys(1)));
  EXPECT_TRUE(absl::IsInvalidArgument(
      Init(World(), *pypi::ProjectName::Parse("other"), "/home/other", {.keys = 17})));
}

TEST_F(CommandsTest, S08ClaimsWithAProofOfPossessionOfEachKey) {
  ASSERT_TRUE(InitKeys(3).ok());
  ASSERT_TRUE(ClaimIt().ok());
  const auto claim = evidence::DecodeClaim(manager_.statement);
  ASSERT_TRUE(claim.ok()) << claim.status();
  EXPECT_EQ(claim->repository, "rind-test");
  EXPECT_EQ(claim->project, "six");
  EXPECT_EQ(claim->threshold.value(), 2) << "more than half of three";
  ASSERT_THAT(claim->keys, SizeIs(3));
  ASSERT_THAT(manager_.signatures, SizeIs(3));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(manager_.signatures[i].key_id, evidence::StatementKeyId(claim->keys[i]));
    EXPECT_TRUE(evidence::VerifyStatement(claim->keys[i], manager_.statement,
                                          manager_.signatures[i].signature)
                    .ok());
  }
  const tuf::Targets role = SentRole(3);
  EXPECT_EQ(role.header.version.value(), 1);
  EXPECT_THAT(role.targets, SizeIs(3));
  EXPECT_EQ(manager_.version.index_html, manager_.published.index_html) << "pages as they are";
  EXPECT_THAT(printed_, HasSubstr(Sha256("source").Hex())) << "shown before it is signed";
}

TEST_F(CommandsTest, ClaimsANameThatNothingWasMirroredOf) {
  manager_.published.targets.clear();
  manager_.published.index_html.clear();
  manager_.published.index_json.clear();
  manager_.published.state = "unknown";
  ASSERT_TRUE(InitKeys(1).ok());
  ASSERT_TRUE(ClaimIt().ok());
  EXPECT_THAT(SentRole(1).targets, SizeIs(2));
}

TEST_F(CommandsTest, SignsNothingWithoutAYes) {
  ASSERT_TRUE(InitKeys(1).ok());
  yes_ = false;
  EXPECT_TRUE(absl::IsCancelled(ClaimIt()));
  EXPECT_EQ(manager_.statement, "");
}

TEST_F(CommandsTest, RefusesPagesThatTheManagerDidNotList) {
  ASSERT_TRUE(InitKeys(1).ok());
  manager_.published.index_html += "<a href='https://example.org/evil'>six-9.9.tar.gz</a>";
  EXPECT_TRUE(absl::IsDataLoss(ClaimIt()));
  EXPECT_EQ(manager_.statement, "");
}

TEST_F(CommandsTest, RefusesAWrongPassphraseAndAThresholdThatIsNone) {
  ASSERT_TRUE(InitKeys(2).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(ClaimIt(3)));
  EXPECT_TRUE(absl::IsInvalidArgument(ClaimIt(0)));
  passphrase_ = "wrong horse";
  EXPECT_TRUE(absl::IsFailedPrecondition(ClaimIt()));
  EXPECT_EQ(manager_.statement, "");
}

TEST_F(CommandsTest, AddsFilesSignsAndPushesThem) {
  ASSERT_TRUE(InitKeys(2).ok());
  ASSERT_TRUE(ClaimIt().ok());
  manager_.published.state = "recently-claimed";
  manager_.published.last_version = 1;
  files_.Overwrite("/dist/six-2.0-py3-none-any.whl", "a wheel");
  files_.Overwrite("/dist/six-2.0-py3-none-any.whl.metadata",
                   "Metadata-Version: 2.1\nName: six\nRequires-Python: >=3.8\n\nbody\n");
  ASSERT_TRUE(
      AddIt({"/dist/six-2.0-py3-none-any.whl", "/dist/six-2.0-py3-none-any.whl.metadata"}).ok());
  EXPECT_THAT(printed_, HasSubstr("+ files/six/six-2.0-py3-none-any.whl"));
  ASSERT_TRUE(Push(World(), six_, "/home/six").ok());
  ASSERT_THAT(manager_.uploads, SizeIs(2));
  EXPECT_EQ(manager_.uploads[1].metadata_of, Sha256("a wheel"));
  const tuf::Targets role = SentRole(2);
  EXPECT_EQ(role.header.version.value(), 2);
  EXPECT_THAT(role.targets, SizeIs(5));
  EXPECT_THAT(manager_.version.index_json, HasSubstr(">=3.8"));
  EXPECT_THAT(manager_.version.index_json, HasSubstr("six-1.0.tar.gz"));
  EXPECT_TRUE(absl::IsNotFound(Push(World(), six_, "/home/six"))) << "pushed once";
}

TEST_F(CommandsTest, KeepsWhatWasStagedWhenTheManagerRefuses) {
  ASSERT_TRUE(InitKeys(1).ok());
  ASSERT_TRUE(ClaimIt().ok());
  manager_.published.state = "claimed";
  files_.Overwrite("/dist/six-2.0.tar.gz", "newer");
  ASSERT_TRUE(AddIt({"/dist/six-2.0.tar.gz"}).ok());
  manager_.answer = Unavailable("the signers sleep");
  EXPECT_TRUE(absl::IsUnavailable(Push(World(), six_, "/home/six")));
  manager_.answer = OkStatus();
  EXPECT_TRUE(Push(World(), six_, "/home/six").ok());
}

TEST_F(CommandsTest, RefusesFilesThatAreNotTheProjectsOrChanged) {
  ASSERT_TRUE(InitKeys(1).ok());
  ASSERT_TRUE(ClaimIt().ok());
  files_.Overwrite("/dist/six-2.0.tar.gz", "newer");
  EXPECT_TRUE(absl::IsFailedPrecondition(AddIt({"/dist/six-2.0.tar.gz"}))) << "not claimed yet";
  manager_.published.state = "claimed";
  files_.Overwrite("/dist/seven-2.0.tar.gz", "x");
  EXPECT_TRUE(absl::IsInvalidArgument(AddIt({"/dist/seven-2.0.tar.gz"})));
  EXPECT_TRUE(absl::IsNotFound(AddIt({"/dist/six-3.0.tar.gz"})));
  files_.Overwrite("/dist/six-1.0.tar.gz", "another source");
  EXPECT_TRUE(absl::IsAlreadyExists(AddIt({"/dist/six-1.0.tar.gz"})));

  ASSERT_TRUE(AddIt({"/dist/six-2.0.tar.gz"}).ok());
  files_.Overwrite("/dist/six-2.0.tar.gz", "changed after it was signed");
  EXPECT_TRUE(absl::IsFailedPrecondition(Push(World(), six_, "/home/six")));
}

TEST_F(CommandsTest, FindsADamagedStagedVersion) {
  ASSERT_TRUE(InitKeys(1).ok());
  ASSERT_TRUE(ClaimIt().ok());
  manager_.published.state = "claimed";
  files_.Overwrite("/dist/six-2.0.tar.gz", "newer");
  ASSERT_TRUE(AddIt({"/dist/six-2.0.tar.gz"}).ok());
  files_.Overwrite("/home/six/next/index.html", "<html>");
  EXPECT_TRUE(absl::IsDataLoss(Push(World(), six_, "/home/six")));
}

TEST_F(CommandsTest, ShowsWhereAProjectStands) {
  ASSERT_TRUE(InitKeys(1).ok());
  ASSERT_TRUE(ShowStatus(World(), six_, "/home/six").ok());
  EXPECT_THAT(printed_, HasSubstr("six: unclaimed in rind-test"));
  EXPECT_THAT(printed_, HasSubstr("1 file"));
}

}  // namespace
}  // namespace rind::project_signer
