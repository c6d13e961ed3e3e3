#include "common/base/secret_bytes.h"

#include <type_traits>

#include <gtest/gtest.h>

namespace rind {
namespace {

TEST(SecretBytes, S12TakesBytesAndWipesTheSource) {
  std::string source = "correct horse";
  const char* const where = source.data();
  const auto secret = SecretBytes::TakeFrom(source);
  ASSERT_TRUE(secret.ok());
  EXPECT_TRUE(source.empty());
  EXPECT_EQ(where[0], '\0');
  // The test is allowed to look: it checks what was taken.
  const auto bytes = secret->Read(SecretAccess::Grant());
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "correct horse");
}

TEST(SecretBytes, S12CantBeCopied) {
  static_assert(!std::is_copy_constructible_v<SecretBytes>);
  static_assert(!std::is_copy_assignable_v<SecretBytes>);
  static_assert(std::is_move_constructible_v<SecretBytes>);
}

TEST(SecretBytes, EqualsComparesContent) {
  std::string a = "abc";
  std::string b = "abc";
  std::string c = "abd";
  const auto first = SecretBytes::TakeFrom(a);
  EXPECT_TRUE(first->Equals(*SecretBytes::TakeFrom(b)));
  EXPECT_FALSE(first->Equals(*SecretBytes::TakeFrom(c)));
}

}  // namespace
}  // namespace rind
