#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "common/testing/certificates.h"
#include "common/testing/child_process.h"

namespace rind::runtime {
namespace {

using testing::ChildProcess;
using ::testing::HasSubstr;

constexpr absl::Duration kLimit = absl::Seconds(20);

class ServiceMainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::NewFolder("service_main");
    const testing::TestAuthority authority;
    authority.Issue(JoinPath(folder_, "tls"), "mirror-syncer");
    Write("");
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(files_, folder_).ok()); }

  std::string ConfigPath() const { return JoinPath(folder_, "config.toml"); }
  void Write(std::string_view more, std::string_view listen = "127.0.0.1:0") {
    const std::string toml = Cat("[service]\nlisten = \"", listen, R"("
[tls]
ca = "tls/ca.pem"
certificate = "tls/certificate.pem"
key = "tls/key.pem"
[callers]
"/rind.syncer.v1.Syncer/Sync" = ["operator"]
"/rind.syncer.v1.Syncer/GetStatus" = ["operator"]
)",
                                 more);
    ASSERT_TRUE(files_.Replace(ConfigPath(), toml, 0600).ok());
  }
  std::unique_ptr<ChildProcess> Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), RIND_TEST_PROGRAM);
    auto child = ChildProcess::Start(arguments);
    EXPECT_TRUE(child.ok()) << child.status();
    return *std::move(child);
  }
  // Exit code and output of a run that ends by itself.
  std::pair<int, std::string> Run(const std::vector<std::string>& arguments) {
    const auto child = Start(arguments);
    const auto code = child->WaitForExit(kLimit);
    EXPECT_TRUE(code.ok()) << code.status();
    return {code.ok() ? *code : -1, child->Output()};
  }

  LocalFileSystem files_;
  std::string folder_;
};

TEST_F(ServiceMainTest, ServesUntilSigtermAndEndsWithZero) {
  const auto child = Start({"--config", ConfigPath()});
  const auto ready = child->WaitForLine("READY", kLimit);
  ASSERT_TRUE(ready.ok()) << ready.status();
  const std::string port = ready->substr(ready->rfind(' ') + 1);
  Write("", Cat("127.0.0.1:", port));
  EXPECT_EQ(Run({"health", "--config", ConfigPath()}).first, 0);
  child->Signal(SIGTERM);
  EXPECT_EQ(*child->WaitForExit(absl::Seconds(10)), 0);
  const auto [code, output] = Run({"health", "--config", ConfigPath()});
  EXPECT_EQ(code, 1);
  EXPECT_EQ(Split(Trim(output), '\n').size(), 1U) << output;
}

TEST_F(ServiceMainTest, AServiceThatHasFinishedEndsByItself) {
  Write("[test]\nfinished = true\n");
  EXPECT_EQ(Run({"serve", "--config", ConfigPath()}).first, 0);
}

TEST_F(ServiceMainTest, CheckConfigStartsNothing) {
  const auto [code, output] = Run({"--config", ConfigPath(), "--check-config"});
  EXPECT_EQ(code, 0);
  EXPECT_THAT(output, HasSubstr("is in order"));
  EXPECT_THAT(output, ::testing::Not(HasSubstr("READY")));
}

TEST_F(ServiceMainTest, EachProblemOfAConfigIsOneLine) {
  Write("[test]\nfinishd = true\n[other]\nx = 1\n");
  for (const std::string flag : {"--check-config", "serve"}) {
    const auto [code, output] = Run({flag, "--config", ConfigPath()});
    EXPECT_EQ(code, 1);
    EXPECT_EQ(Split(Trim(output), '\n').size(), 2U) << output;
    EXPECT_THAT(output, HasSubstr("test.finishd: unknown key"));
    EXPECT_THAT(output, HasSubstr("other.x: unknown key"));
  }
}

TEST_F(ServiceMainTest, WrongUsageIsTwoAndOneLine) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"serve"}, {"--no-such-flag"}, {"no-such-command"}}) {
    const auto [code, output] = Run(arguments);
    EXPECT_EQ(code, 2) << Join(arguments, " ");
    EXPECT_EQ(Split(Trim(output), '\n').size(), 1U) << output;
  }
  const auto [missing, output] = Run({"--config", "/nowhere/config.toml"});
  EXPECT_EQ(missing, 1);
  EXPECT_THAT(output, HasSubstr("/nowhere/config.toml"));
  EXPECT_EQ(Run({"--help"}).first, 0);
  EXPECT_THAT(Run({"--version"}).second, HasSubstr("test-service 0."));
}

TEST_F(ServiceMainTest, G01AMissingCertificateEndsTheStart) {
  ASSERT_TRUE(files_.Remove(JoinPath(folder_, "tls/certificate.pem")).ok());
  const auto [code, output] = Run({"--config", ConfigPath()});
  EXPECT_EQ(code, 1);
  EXPECT_THAT(output, HasSubstr("tls/certificate.pem"));
}

TEST_F(ServiceMainTest, S12TheProcessIsHardenedBeforeACommandRuns) {
  const auto [code, output] = Run({"tell", "--config", ConfigPath(), "a", "--flag", "b"});
  EXPECT_EQ(code, 0) << output;
  EXPECT_THAT(output, HasSubstr("core 0 dumpable 0 umask 77"));
  EXPECT_THAT(output, HasSubstr("arguments a|--flag|b"));
}

TEST_F(ServiceMainTest, ACommandThatFailsSaysWhyLineByLine) {
  const auto [code, output] = Run({"tell", "--config", ConfigPath()});
  EXPECT_EQ(code, 1);
  EXPECT_THAT(output, HasSubstr("test-service: tell: one\ntest-service: tell: two\n"));
}

}  // namespace
}  // namespace rind::runtime
