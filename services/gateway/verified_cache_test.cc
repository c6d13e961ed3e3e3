#include "services/gateway/verified_cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/text.h"

namespace rind::gateway {
namespace {

class VerifiedCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = Cat(::testing::TempDir(), "rind-cache-", ::getpid());
    ASSERT_TRUE(RemoveTree(files_, folder_).ok());
    Open(1000);
  }
  void TearDown() override { ASSERT_TRUE(RemoveTree(files_, folder_).ok()); }
  void Open(std::uint64_t max_bytes) {
    auto cache = VerifiedCache::Open(files_, folder_, max_bytes);
    ASSERT_TRUE(cache.ok()) << cache.status();
    cache_ = *std::move(cache);
  }
  Status Add(const std::string& bytes) {
    return cache_->Add(Sha256(bytes), bytes.size(),
                       [&](const VerifiedCache::Sink& sink) { return sink(bytes); });
  }
  bool Has(const std::string& bytes) {
    const auto read = cache_->Read(Sha256(bytes), bytes.size());
    return read.ok() && *read == bytes;
  }
  std::size_t Incoming() { return files_.List(JoinPath(folder_, "incoming"))->size(); }

  LocalFileSystem files_;
  std::string folder_;
  std::unique_ptr<VerifiedCache> cache_;
};

TEST_F(VerifiedCacheTest, WhatWasUsedLongestAgoLeavesFirst) {
  const std::string a(400, 'a'), b(400, 'b'), c(400, 'c');
  ASSERT_TRUE(Add(a).ok());
  ASSERT_TRUE(Add(b).ok());
  EXPECT_TRUE(Has(a));  // b is now the older one
  ASSERT_TRUE(Add(c).ok());
  EXPECT_TRUE(Has(a));
  EXPECT_FALSE(Has(b));
  EXPECT_TRUE(Has(c));
  EXPECT_EQ(cache_->bytes(), 800U);
  Open(1000);
  EXPECT_EQ(cache_->bytes(), 800U) << "a start finds what is there";
  EXPECT_TRUE(Has(a));
  Open(400);
  EXPECT_EQ(cache_->bytes(), 400U) << "and keeps to a smaller size";
}

TEST_F(VerifiedCacheTest, KeepsNothingThatIsWrongOrUnfinished) {
  EXPECT_TRUE(absl::IsUnavailable(cache_->Add(Sha256("x"), 1, [](const VerifiedCache::Sink& sink) {
    EXPECT_TRUE(sink("half").ok());
    return Unavailable("the mirror is gone");
  })));
  EXPECT_FALSE(
      cache_->Add(Sha256("x"), 1, [](const VerifiedCache::Sink& sink) { return sink("y"); }).ok());
  EXPECT_EQ(Incoming(), 0U);
  EXPECT_FALSE(cache_->Has(Sha256("x"), 1));
}

TEST_F(VerifiedCacheTest, C14ALargeReadWithholdsItsEndFromADamagedFile) {
  const std::string bytes(900'000, 'a');
  Open(10'000'000);
  ASSERT_TRUE(Add(bytes).ok());
  const std::string hex = Sha256(bytes).Hex();
  std::string wrong = bytes;
  wrong[0] = 'b';
  ASSERT_TRUE(
      files_.Replace(Cat(folder_, "/sha256/", hex.substr(0, 2), "/", hex), wrong, 0600).ok());
  std::size_t given = 0;
  const Status status =
      cache_->ReadTo(Sha256(bytes), bytes.size(), [&given](std::string_view piece) {
        given += piece.size();
        return OkStatus();
      });
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_LT(given, bytes.size());
  EXPECT_FALSE(cache_->Has(Sha256(bytes), bytes.size()));
}

}  // namespace
}  // namespace rind::gateway
