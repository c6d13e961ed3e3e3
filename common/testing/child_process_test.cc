#include "common/testing/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace rind::testing {
namespace {

TEST(ChildProcess, GivesLinesAndExitCodes) {
  auto child = ChildProcess::Start(
      {"/bin/sh", "-c", "echo one; echo two $WORD >&2; read x; exit 3"}, {"WORD=three"});
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(*(*child)->WaitForLine("two", absl::Seconds(10)), "two three");
  // Standard input is inherited and may be at its end, so the exit code comes either way.
  (*child)->Signal(SIGKILL);
  const auto code = (*child)->WaitForExit(absl::Seconds(10));
  ASSERT_TRUE(code.ok());
  EXPECT_TRUE(*code == 128 + SIGKILL || *code == 3) << *code;
}

TEST(ChildProcess, SaysWhatAProgramPrintedWhenItFails) {
  const auto output = RunProgram({"/bin/sh", "-c", "echo why; exit 4"}, absl::Seconds(10));
  EXPECT_NE(MessageOf(output.status()).find("ended with 4:\nwhy"), std::string_view::npos);
  EXPECT_EQ(*RunProgram({"/bin/echo", "fine"}, absl::Seconds(10)), "fine\n");
  auto child = ChildProcess::Start({"/bin/true"});
  EXPECT_FALSE((*child)->WaitForLine("never", absl::Seconds(10)).ok());
}

}  // namespace
}  // namespace rind::testing
