#include "common/blob/blob_store.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/hex.h"
#include "common/base/text.h"

namespace rind::blob {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BlobStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = Cat(::testing::TempDir(), "/rind-blob-", ToHex(random_.Bytes(8)));
    auto store = BlobStore::Open(files_, random_, root_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_.emplace(*std::move(store));
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(files_, root_).ok()); }

  std::vector<DirectoryEntry> Incoming() { return *files_.List(root_ + "/incoming"); }

  LocalFileSystem files_;
  SystemRandom random_;
  std::string root_;
  std::optional<BlobStore> store_;
};

TEST_F(BlobStoreTest, StoresAStreamUnderItsHash) {
  BlobStore::Writer writer = *store_->NewBlob();
  ASSERT_TRUE(writer.Append("hel").ok());
  ASSERT_TRUE(writer.Append("lo").ok());
  const auto stored = writer.Finish({.sha256 = Sha256("hello"), .size = 5});
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_TRUE(stored->is_new);
  const std::string hex = Sha256("hello").Hex();
  EXPECT_EQ(store_->PathOf(stored->sha256), Cat(root_, "/sha256/", hex.substr(0, 2), "/", hex));
  EXPECT_EQ(*store_->Read(stored->sha256, 100), "hello");
  EXPECT_EQ(**store_->SizeOf(stored->sha256), 5U);
  EXPECT_TRUE(store_->Verify(stored->sha256).ok());
  EXPECT_THAT(Incoming(), IsEmpty());
}

TEST_F(BlobStoreTest, Y02NothingStaysOfWhatIsNotWhatWasWanted) {
  struct Case {
    Wanted wanted;
    std::string_view says;
  };
  for (const Case& c : {Case{{.sha256 = Sha256("hellp"), .size = {}}, "wanted sha256"},
                        Case{{.sha256 = Sha256("hello"), .size = 6}, "wanted 6 bytes, got 5"},
                        Case{{.sha256 = {}, .size = 4}, "wanted 4 bytes, got 5"}}) {
    {
      BlobStore::Writer writer = *store_->NewBlob();
      ASSERT_TRUE(writer.Append("hello").ok());
      const auto stored = writer.Finish(c.wanted);
      EXPECT_TRUE(absl::IsFailedPrecondition(stored.status()));
      EXPECT_THAT(std::string(MessageOf(stored.status())), HasSubstr(std::string(c.says)));
    }
    EXPECT_EQ(*store_->SizeOf(Sha256("hello")), std::nullopt);
    EXPECT_THAT(Incoming(), IsEmpty());
  }
}

TEST_F(BlobStoreTest, AWriterThatIsDroppedLeavesNothing) {
  {
    BlobStore::Writer writer = *store_->NewBlob();
    ASSERT_TRUE(writer.Append("hello").ok());
    BlobStore::Writer moved = std::move(writer);
    EXPECT_EQ(Incoming().size(), 1U);
  }
  EXPECT_THAT(Incoming(), IsEmpty());
}

TEST_F(BlobStoreTest, ARepeatIsNotNewAndABlobIsNeverReplaced) {
  EXPECT_TRUE(store_->Put("hello")->is_new);
  EXPECT_FALSE(store_->Put("hello")->is_new);
  {
    BlobStore::Writer writer = *store_->NewBlob();
    ASSERT_TRUE(writer.Append("hello").ok());
    EXPECT_FALSE(writer.Finish({})->is_new);
  }
  EXPECT_THAT(Incoming(), IsEmpty());
  // A damaged blob is reported, not silently replaced.
  ASSERT_TRUE(files_.Replace(store_->PathOf(Sha256("hello")), "short", 0644).ok());
  EXPECT_TRUE(absl::IsDataLoss(store_->Verify(Sha256("hello"))));
  EXPECT_TRUE(absl::IsDataLoss(store_->Read(Sha256("hello"), 100).status()));
  ASSERT_TRUE(files_.Replace(store_->PathOf(Sha256("hello")), "longer than it", 0644).ok());
  BlobStore::Writer writer = *store_->NewBlob();
  ASSERT_TRUE(writer.Append("hello").ok());
  EXPECT_TRUE(absl::IsDataLoss(writer.Finish({}).status()));
}

TEST_F(BlobStoreTest, MetadataIsASecondNameOfItsBlob) {
  const Stored wheel = *store_->Put("wheel");
  const Stored metadata = *store_->Put("Metadata-Version: 2.1\n");
  ASSERT_TRUE(store_->LinkMetadata(wheel.sha256, metadata.sha256).ok());
  ASSERT_TRUE(store_->LinkMetadata(wheel.sha256, metadata.sha256).ok());
  EXPECT_EQ(*store_->MetadataOf(wheel.sha256), metadata.sha256);
  EXPECT_EQ(files_.Stat(store_->MetadataPathOf(wheel.sha256))->inode,
            files_.Stat(store_->PathOf(metadata.sha256))->inode);
  const Stored other = *store_->Put("other");
  EXPECT_TRUE(absl::IsAlreadyExists(store_->LinkMetadata(wheel.sha256, other.sha256)));
  EXPECT_TRUE(absl::IsNotFound(store_->LinkMetadata(other.sha256, Sha256("nothing"))));
}

TEST_F(BlobStoreTest, ListsWhatIsThereAndTellsWhatIsNotOurs) {
  const Stored wheel = *store_->Put("wheel");
  const Stored metadata = *store_->Put("m");
  ASSERT_TRUE(store_->LinkMetadata(wheel.sha256, metadata.sha256).ok());
  const std::string foreign = Cat(ParentPath(store_->PathOf(wheel.sha256)), "/foreign");
  ASSERT_TRUE(files_.Create(foreign, "x", 0644).ok());
  int blobs = 0, links = 0, others = 0;
  ASSERT_TRUE(store_
                  ->ForEach([&](const BlobStore::Entry& entry) {
                    if (!entry.sha256) {
                      EXPECT_EQ(entry.path, foreign);
                      ++others;
                    } else if (entry.is_metadata_link) {
                      EXPECT_EQ(entry.sha256, wheel.sha256);
                      ++links;
                    } else {
                      ++blobs;
                    }
                    return OkStatus();
                  })
                  .ok());
  EXPECT_EQ(blobs, 2);
  EXPECT_EQ(links, 1);
  EXPECT_EQ(others, 1);
}

TEST_F(BlobStoreTest, StoresAgainAfterItsFoldersWereTakenAway) {
  ASSERT_TRUE(RemoveTree(files_, root_).ok());
  BlobStore::Writer writer = *store_->NewBlob();
  ASSERT_TRUE(writer.Append("hello").ok());
  EXPECT_TRUE(writer.Finish({})->is_new);
  EXPECT_TRUE(store_->Verify(Sha256("hello")).ok());
}

TEST_F(BlobStoreTest, CleansWhatACrashLeftInQuarantine) {
  ASSERT_TRUE(files_.Create(root_ + "/incoming/left", "half", 0600).ok());
  ASSERT_TRUE(store_->CleanIncoming().ok());
  EXPECT_THAT(Incoming(), IsEmpty());
}

}  // namespace
}  // namespace rind::blob
