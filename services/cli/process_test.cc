#include "services/cli/process.h"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace rind::cli {
namespace {

constexpr absl::Duration kLong = absl::Seconds(20);

std::string LogOf(std::string_view test) {
  return Cat(testing::TempDir(), "/rind-cli-", test, ".log");
}

ProcessSpec Shell(std::string_view name, std::string script) {
  return {.name = std::string(name),
          .arguments = {"/bin/sh", "-c", std::move(script)},
          .log = LogOf(name),
          .ends_with_us = true};
}

TEST(Process, IsReadyWhenItsLogSaysSo) {
  const ProcessSpec spec = Shell("ready", "echo starting; echo 'READY  here'; exec sleep 60");
  LogTail tail = LogTail::AtEnd(spec.log);
  auto process = Process::Start(spec);
  ASSERT_TRUE(process.ok());
  const auto line = WaitUntilReady(*process, tail, spec.log, kLong);
  ASSERT_TRUE(line.ok()) << line.status().message();
  EXPECT_EQ(*line, "READY  here");
  std::vector<Process> all;
  all.push_back(*std::move(process));
  EXPECT_THAT(StopAll(all, kLong), testing::IsEmpty());
  EXPECT_TRUE(all.front().Ended());
}

TEST(Process, ThatDiesBeforeItIsReadyShowsItsLastWords) {
  const ProcessSpec spec = Shell("dies", "echo 'no key here' >&2; exit 3");
  LogTail tail = LogTail::AtEnd(spec.log);
  auto process = Process::Start(spec);
  ASSERT_TRUE(process.ok());
  const auto line = WaitUntilReady(*process, tail, spec.log, kLong);
  ASSERT_FALSE(line.ok());
  EXPECT_THAT(std::string(MessageOf(line.status())),
              testing::AllOf(testing::HasSubstr("exit code 3"), testing::HasSubstr("no key here")));
}

TEST(Process, ThatIgnoresSigtermIsKilledInTheEnd) {
  const ProcessSpec spec = Shell("stubborn", "trap '' TERM; echo READY; while :; do sleep 1; done");
  LogTail tail = LogTail::AtEnd(spec.log);
  auto process = Process::Start(spec);
  ASSERT_TRUE(process.ok());
  ASSERT_TRUE(WaitUntilReady(*process, tail, spec.log, kLong).ok());
  std::vector<Process> all;
  all.push_back(*std::move(process));
  EXPECT_THAT(StopAll(all, absl::Milliseconds(50)), testing::ElementsAre("stubborn"));
}

TEST(Process, IsAttachedToOnlyWhenItIsStillTheSame) {
  auto process = Process::Start(Shell("attach", "exec sleep 60"));
  ASSERT_TRUE(process.ok());
  const ProcessId id = process->id();
  EXPECT_TRUE(Process::Attach("attach", id).ok());
  EXPECT_TRUE(absl::IsNotFound(Process::Attach("attach", {id.pid, id.started + 1}).status()));
  process->Signal(SIGKILL);
  EXPECT_EQ(process->Wait(kLong), 128 + SIGKILL);
}

TEST(Process, RunToEndTellsTheExitCode) {
  EXPECT_TRUE(Process::RunToEnd(Shell("fine", "exit 0"), kLong).ok());
  const Status failed = Process::RunToEnd(Shell("fails", "echo why; exit 1"), kLong);
  EXPECT_THAT(std::string(MessageOf(failed)), testing::HasSubstr("why"));
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      Process::RunToEnd(Shell("slow", "exec sleep 60"), absl::Milliseconds(50))));
}

TEST(Process, OurVariablesDoNotReachIt) {
  ::setenv("RIND_SERVICE_LISTEN", "0.0.0.0:1", 1);
  const ProcessSpec spec = Shell("environment", "test -z \"$RIND_SERVICE_LISTEN\"");
  EXPECT_TRUE(Process::RunToEnd(spec, kLong).ok());
  ::unsetenv("RIND_SERVICE_LISTEN");
}

TEST(PidFiles, AreReadStrictly) {
  const auto id = DecodeProcessId(EncodeProcessId({1234, 567}));
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->pid, 1234);
  EXPECT_EQ(id->started, 567U);
  for (const char* wrong : {"", "1", "0 1", "-1 2", "1 2 3", "x y"}) {
    EXPECT_FALSE(DecodeProcessId(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace rind::cli
