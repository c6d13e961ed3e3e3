#include "common/base/failpoint.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/file_system.h"
#include "common/base/text.h"

namespace rind {
namespace {

// The plan is read once per process: each case runs in a child of its own.
TEST(FailpointDeathTest, D03KillsAtTheNamedPlaceAndOnlyThere) {
  EXPECT_EXIT(
      {
        ::setenv("RIND_FAILPOINT", "test.here:2", 1);
        Failpoint("test.elsewhere");
        Failpoint("test.here");
        ::unsetenv("RIND_FAILPOINT");
        Failpoint("test.here");
        ::_exit(7);
      },
      testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(
      {
        ::setenv("RIND_FAILPOINT", "test.here:2", 1);
        Failpoint("test.here");
        Failpoint("test.elsewhere");
        ::_exit(7);
      },
      testing::ExitedWithCode(7), "");
  EXPECT_EXIT(
      {
        Failpoint("test.here");
        ::_exit(7);
      },
      testing::ExitedWithCode(7), "");
}

TEST(FailpointDeathTest, D03ListsThePlacesReached) {
  const std::string path = Cat(testing::TempDir(), "rind-failpoints-", ::getpid());
  EXPECT_EXIT(
      {
        ::setenv("RIND_FAILPOINT_LOG", path.c_str(), 1);
        Failpoint("test.one");
        Failpoint("test.two");
        ::_exit(7);
      },
      testing::ExitedWithCode(7), "");
  LocalFileSystem files;
  EXPECT_EQ(*files.Read(path, 1000), "test.one\ntest.two\n");
  EXPECT_TRUE(files.Remove(path).ok());
}

}  // namespace
}  // namespace rind
