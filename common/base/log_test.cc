#include "common/base/log.h"

#include <gtest/gtest.h>

namespace rind {
namespace {

TEST(Log, JsonLinesEscapeWhatTheyAreGiven) {
  SetUpLog(LogForm::kJson, LogLevel::kInfo, "test");
  testing::internal::CaptureStderr();
  {
    const RequestIdScope scope("r-1");
    LogInfo("a \"quoted\"\nline", {{"path", "x\x01"}});
  }
  LogInfo("outside");
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_NE(lines.find(R"("service":"test","message":"a \"quoted\"\u000aline","request_id":"r-1")"
                       R"(,"path":"x\u0001"})"),
            std::string::npos)
      << lines;
  EXPECT_EQ(lines.find("request_id", lines.find("outside")), std::string::npos) << lines;
}

}  // namespace
}  // namespace rind
