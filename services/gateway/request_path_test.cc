#include "services/gateway/request_path.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace rind::gateway {
namespace {

TEST(RequestPath, C05NoHostileSegmentGetsThrough) {
  const std::string hash(64, 'a');
  const auto good = ParsePath(Cat("/files/six/", hash, "/six-1.0%2Blocal.tar.gz.metadata?x"));
  ASSERT_TRUE(good.ok()) << good.status();
  const auto& file = std::get<FileRequest>(*good);
  EXPECT_EQ(file.filename, "six-1.0+local.tar.gz");
  EXPECT_TRUE(file.metadata);
  for (const std::string& path :
       {Cat("/files/six/", hash, "/..%2f..%2fetc"), Cat("/files/six/", hash, "/.metadata"),
        Cat("/files/six/", hash, "/a%5cb"), Cat("/files/Six/", hash, "/a"),
        Cat("/files/six/", hash, "/"), Cat("/files/six/", hash, "/a/b"),
        Cat("/files/six/", std::string(64, 'A'), "/a"), Cat("/files/..%2f/", hash, "/a"),
        Cat("/files/six/", hash, "/", std::string(256, 'a')), Cat("/files/six/", hash, "/a%00")}) {
    EXPECT_FALSE(ParsePath(path).ok()) << path;
  }
}

TEST(RequestPath, ReadsOneRangeAndIgnoresTheRest) {
  struct Case {
    const char* header;
    RangeKind kind;
    std::uint64_t first = 0, last = 0;
  };
  for (const Case& each :
       std::initializer_list<Case>{{"", RangeKind::kNone},
                                   {"bytes=0-0", RangeKind::kSatisfiable, 0, 0},
                                   {"bytes=2-", RangeKind::kSatisfiable, 2, 9},
                                   {"bytes=2-99", RangeKind::kSatisfiable, 2, 9},
                                   {"bytes=-4", RangeKind::kSatisfiable, 6, 9},
                                   {"bytes=-99", RangeKind::kSatisfiable, 0, 9},
                                   {"bytes=10-", RangeKind::kUnsatisfiable},
                                   {"bytes=-0", RangeKind::kUnsatisfiable},
                                   {"bytes=3-2", RangeKind::kNone},
                                   {"bytes=-", RangeKind::kNone},
                                   {"bytes=a-b", RangeKind::kNone},
                                   {"bytes=0-1,3-4", RangeKind::kNone},
                                   {"lines=0-1", RangeKind::kNone},
                                   {"bytes=99999999999999999999-", RangeKind::kNone}}) {
    ByteRange range;
    EXPECT_EQ(ParseRange(each.header, 10, range), each.kind) << each.header;
    EXPECT_EQ(range.first, each.first) << each.header;
    EXPECT_EQ(range.last, each.last) << each.header;
  }
}

TEST(RequestPath, ComparesEtagsWeakly) {
  EXPECT_TRUE(MatchesEtag("\"a\"", "\"a\""));
  EXPECT_TRUE(MatchesEtag("\"b\", W/\"a\"", "\"a\""));
  EXPECT_TRUE(MatchesEtag("*", "\"a\""));
  EXPECT_FALSE(MatchesEtag("", "\"a\""));
  EXPECT_FALSE(MatchesEtag("\"ab\"", "\"a\""));
}

}  // namespace
}  // namespace rind::gateway
