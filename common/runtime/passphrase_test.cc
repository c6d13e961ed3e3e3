#include "common/runtime/passphrase.h"

#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"

namespace rind::runtime {
namespace {

std::string TextOf(const StatusOr<SecretBytes>& secret) {
  EXPECT_TRUE(secret.ok()) << secret.status();
  if (!secret.ok()) return "";
  const auto bytes = secret->Read(SecretAccess::Grant());  // to compare in a test
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Passphrase : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = JoinPath(::testing::TempDir(), "passXXXXXX");
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(files_, folder_).ok()); }
  std::string Write(std::string_view text, std::uint32_t mode) {
    std::string path = JoinPath(folder_, "passphrase");
    EXPECT_TRUE(files_.Replace(path, text, mode).ok());
    return path;
  }
  LocalFileSystem files_;
  std::string folder_;
};

TEST_F(Passphrase, S12OneLineOfAPrivateFile) {
  EXPECT_EQ(TextOf(ReadPassphraseFile(files_, Write("correct horse\n", 0600))), "correct horse");
  EXPECT_EQ(TextOf(ReadPassphraseFile(files_, Write("with\r\n", 0400))), "with");
  EXPECT_EQ(TextOf(ReadPassphraseFile(files_, Write(" spaces count ", 0600))), " spaces count ");
}

TEST_F(Passphrase, S12AFileThatOthersCanReadIsRefused) {
  for (const std::uint32_t mode : {0640U, 0604U, 0620U, 0666U}) {
    EXPECT_EQ(ReadPassphraseFile(files_, Write("x\n", mode)).status().code(),
              absl::StatusCode::kFailedPrecondition)
        << mode;
  }
}

TEST_F(Passphrase, S12EmptyTooLongOrMissingIsRefused) {
  EXPECT_FALSE(ReadPassphraseFile(files_, Write("\n", 0600)).ok());
  EXPECT_FALSE(ReadPassphraseFile(files_, Write("", 0600)).ok());
  EXPECT_FALSE(
      ReadPassphraseFile(files_, Write(std::string(kMaxPassphraseBytes + 1, 'x'), 0600)).ok());
  EXPECT_TRUE(ReadPassphraseFile(files_, Write(std::string(kMaxPassphraseBytes, 'x'), 0600)).ok());
  EXPECT_EQ(ReadPassphraseFile(files_, JoinPath(folder_, "none")).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(Passphrase, S12ADescriptorGivesItsFirstLine) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string text = "first\nsecond\n";
  ASSERT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(ends[1]);
  EXPECT_EQ(TextOf(ReadPassphraseDescriptor(ends[0])), "first");
  EXPECT_EQ(TextOf(ReadPassphraseDescriptor(ends[0])), "second");
  EXPECT_FALSE(ReadPassphraseDescriptor(ends[0]).ok());
  close(ends[0]);
}

}  // namespace
}  // namespace rind::runtime
