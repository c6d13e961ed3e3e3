#include "services/delegation_manager/claims/uploads.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/testing/fake_clock.h"

namespace rind::delegation_manager {
namespace {

class UploadsTest : public ::testing::Test {
 protected:
  UploadsTest()
      : root_(Cat(::testing::TempDir(), "rind-uploads-", ::getpid())),
        blobs_(*blob::BlobStore::Open(files_, random_, JoinPath(root_, "blobs"))) {
    OpenWith({});
  }
  ~UploadsTest() override {
    uploads_.reset();
    EXPECT_TRUE(RemoveTree(files_, root_).ok());
  }
  void OpenWith(UploadLimits limits, absl::Duration later = absl::ZeroDuration()) {
    auto uploads =
        Uploads::Open(files_, random_, Folder(), blobs_, SystemClock().Now() + later, limits);
    ASSERT_TRUE(uploads.ok()) << uploads.status();
    uploads_ = *std::move(uploads);
  }
  std::string Folder() const { return JoinPath(root_, "uploads"); }
  std::size_t Held() { return files_.List(Folder())->size(); }

  Status Send(std::string_view content, const Sha256Digest& announced, std::uint64_t length) {
    auto writer = uploads_->Begin(announced, length);
    if (!writer.ok()) return writer.status();
    for (const char c : content) RIND_RETURN_IF_ERROR((*writer)->Append({&c, 1}));
    return (*writer)->Finish();
  }
  Status Send(std::string_view content) { return Send(content, Sha256(content), content.size()); }

  LocalFileSystem files_;
  SystemRandom random_;
  std::string root_;
  blob::BlobStore blobs_;
  std::unique_ptr<Uploads> uploads_;
};

TEST_F(UploadsTest, AFileCountsOnlyOnceItIsCommitted) {
  ASSERT_TRUE(Send("wheel").ok());
  EXPECT_EQ(*uploads_->LengthOf(Sha256("wheel")), 5u);
  EXPECT_FALSE(blobs_.SizeOf(Sha256("wheel"))->has_value());
  ASSERT_TRUE(uploads_->Commit(Sha256("wheel"), 5).ok());
  EXPECT_EQ(*blobs_.SizeOf(Sha256("wheel")), 5u);
  EXPECT_EQ(*uploads_->LengthOf(Sha256("wheel")), 5u);
  EXPECT_EQ(Held(), 0u);
  EXPECT_TRUE(uploads_->Commit(Sha256("wheel"), 5).ok()) << "a repeat after a crash";
}

TEST_F(UploadsTest, RefusesOtherBytesThanAnnouncedAndKeepsNothing) {
  EXPECT_TRUE(absl::IsFailedPrecondition(Send("wheel", Sha256("other"), 5)));
  EXPECT_TRUE(absl::IsFailedPrecondition(Send("wheel", Sha256("wheel"), 4)));
  EXPECT_TRUE(absl::IsFailedPrecondition(Send("wheel", Sha256("wheel"), 6)));
  EXPECT_EQ(Held(), 0u);
  EXPECT_TRUE(absl::IsNotFound(uploads_->LengthOf(Sha256("wheel")).status()));
}

TEST_F(UploadsTest, TheSameFileTwiceIsOneFile) {
  EXPECT_TRUE(Send("wheel").ok());
  EXPECT_TRUE(Send("wheel").ok());
  EXPECT_EQ(Held(), 1u);
}

TEST_F(UploadsTest, BoundsOneFileAndAllTogetherAlsoAfterARestart) {
  const UploadLimits limits{.file_bytes = 8, .all_bytes = 12, .kept = absl::Hours(1)};
  OpenWith(limits);
  EXPECT_TRUE(absl::IsResourceExhausted(Send("nine byte")));
  EXPECT_TRUE(Send("12345678").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Send("54321")));
  OpenWith(limits);
  EXPECT_TRUE(absl::IsResourceExhausted(Send("54321")));
  EXPECT_TRUE(Send("4321").ok());
  ASSERT_TRUE(uploads_->Commit(Sha256("12345678"), 8).ok());
  EXPECT_TRUE(Send("54321").ok());
}

TEST_F(UploadsTest, ForgetsWhatIsUnfinishedOrOld) {
  ASSERT_TRUE(Send("wheel").ok());
  ASSERT_TRUE(files_.Create(JoinPath(Folder(), "abc.part-1"), "half", 0600).ok());
  OpenWith({}, absl::Hours(24 * 6));
  EXPECT_EQ(Held(), 1u);
  OpenWith({}, absl::Hours(24 * 8));
  EXPECT_EQ(Held(), 0u);
}

}  // namespace
}  // namespace rind::delegation_manager
