#include "common/base/status.h"

#include <gtest/gtest.h>

namespace rind {
namespace {

StatusOr<int> Half(int value) {
  if (value % 2 != 0) return InvalidArgument("odd");
  return value / 2;
}

StatusOr<int> Quarter(int value) {
  RIND_ASSIGN_OR_RETURN(const int half, Half(value));
  RIND_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

TEST(Status, MacrosReturnTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(MessageOf(Quarter(6).status()), "odd");
}

TEST(Status, AnnotateKeepsCodeAndPayload) {
  Status status = NotFound("six");
  status.SetPayload("rind/x", absl::Cord("y"));
  const Status annotated = Annotate(status, "sync");
  EXPECT_TRUE(absl::IsNotFound(annotated));
  EXPECT_EQ(MessageOf(annotated), "sync: six");
  EXPECT_EQ(annotated.GetPayload("rind/x"), absl::Cord("y"));
  EXPECT_TRUE(Annotate(OkStatus(), "sync").ok());
}

}  // namespace
}  // namespace rind
