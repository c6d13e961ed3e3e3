#include <gtest/gtest.h>

#include "common/http/client.h"

namespace rind::http {
namespace {

TEST(Url, KnowsItsPartsAndWritesThemBack) {
  const auto url = ParseUrl("HTTPS://Index.Example.org/simple/six/?a=b#top");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "index.example.org");
  EXPECT_EQ(url->port, "443");
  EXPECT_EQ(url->path, "/simple/six/?a=b");
  EXPECT_EQ(url->Text(), "https://index.example.org/simple/six/?a=b");
  EXPECT_EQ(url->Origin(), "https://index.example.org:443");
  EXPECT_EQ(ParseUrl("http://[::1]:8080")->Text(), "http://[::1]:8080/");
  EXPECT_EQ(ParseUrl("http://a?x")->Text(), "http://a/?x");
}

TEST(Url, RefusesWhatIsNoPlainHttpAddress) {
  for (const char* wrong : {"",
                            "six",
                            "file:///etc/passwd",
                            "ftp://a/",
                            "http://",
                            "http:///x",
                            "http://u:p@host/",
                            "http://host:0/",
                            "http://host:65536/",
                            "http://host:/",
                            "http://host:8x/",
                            "http://[::1",
                            "http://[]/",
                            "http://[::1]x/",
                            "http://ho st/",
                            "http://host/a b",
                            "http://host/\n",
                            "http://host\\@evil/",
                            "http://host/\xc3\xa4",
                            "http://h%6fst/"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseUrl(wrong).status())) << wrong;
  }
}

TEST(Url, ResolvesReferencesAsRfc3986Says) {
  const auto base = ParseUrl("http://a/b/c/d;p?q");
  ASSERT_TRUE(base.ok());
  struct Case {
    const char* reference;
    const char* wanted;
  };
  // RFC 3986 section 5.4, without fragments.
  for (const Case& each : std::initializer_list<Case>{{"g", "http://a/b/c/g"},
                                                      {"./g", "http://a/b/c/g"},
                                                      {"g/", "http://a/b/c/g/"},
                                                      {"/g", "http://a/g"},
                                                      {"//g", "http://g/"},
                                                      {"?y", "http://a/b/c/d;p?y"},
                                                      {"g?y", "http://a/b/c/g?y"},
                                                      {"#s", "http://a/b/c/d;p?q"},
                                                      {"g#s", "http://a/b/c/g"},
                                                      {";x", "http://a/b/c/;x"},
                                                      {"", "http://a/b/c/d;p?q"},
                                                      {".", "http://a/b/c/"},
                                                      {"..", "http://a/b/"},
                                                      {"../g", "http://a/b/g"},
                                                      {"../..", "http://a/"},
                                                      {"../../g", "http://a/g"},
                                                      {"../../../g", "http://a/g"},
                                                      {"/./g", "http://a/g"},
                                                      {"g/./h", "http://a/b/c/g/h"},
                                                      {"g/../h", "http://a/b/c/h"},
                                                      {"g?y/../x", "http://a/b/c/g?y/../x"},
                                                      {"https://z/x", "https://z/x"},
                                                      {"a b", "http://a/b/c/a%20b"}}) {
    const auto url = ResolveUrl(*base, each.reference);
    ASSERT_TRUE(url.ok()) << each.reference << ": " << url.status();
    EXPECT_EQ(url->Text(), each.wanted) << each.reference;
  }
  for (const char* wrong : {"javascript:x", "file:///x", "a\nb", "//u@g/"}) {
    EXPECT_FALSE(ResolveUrl(*base, wrong).ok()) << wrong;
  }
}

TEST(Url, DecodesAndEncodesEscapes) {
  EXPECT_EQ(*PercentDecode("a%2Bb%2fc"), "a+b/c");
  EXPECT_EQ(*PercentDecode(""), "");
  for (const char* wrong : {"%", "%2", "%zz", "a%00", "%0a", "%7f"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(PercentDecode(wrong).status())) << wrong;
  }
  EXPECT_EQ(PercentEncode("a+b/c d"), "a%2Bb%2Fc%20d");
  EXPECT_EQ(PercentEncode("a+b/c", "/+"), "a+b/c");
}

}  // namespace
}  // namespace rind::http
