#include "common/pypi/index_page.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"

namespace rind::pypi {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const std::string kA(64, 'a');
const std::string kB(64, 'b');

ProjectName Six() { return *ProjectName::Parse("six"); }

std::string Page(std::string_view files) {
  return Cat(R"({"meta":{"api-version":"1.1","_last-serial":77},"name":"Six","files":[)", files,
             "]}");
}
std::string File(std::string_view more) {
  return Cat(R"({"filename":"six-1.0.tar.gz","url":"a/six-1.0.tar.gz","hashes":{"sha256":")", kA,
             "\"}", more, "}");
}

TEST(IndexJson, ReadsEveryFact) {
  const auto page = ParseIndexJson(
      Page(File(Cat(R"(,"size":12,"requires-python":">=3.8","yanked":"broken \u003c")",
                    R"(,"upload-time":"2024-05-01T10:00:00.123456Z","core-metadata":{"sha256":")",
                    kB, "\"}"))),
      Six());
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->last_serial, 77);
  ASSERT_THAT(page->files, SizeIs(1));
  const ListedFile& file = page->files[0];
  EXPECT_EQ(file.distribution.filename(), "six-1.0.tar.gz");
  EXPECT_EQ(file.url, "a/six-1.0.tar.gz");
  EXPECT_EQ(file.sha256->Hex(), kA);
  EXPECT_EQ(file.size, 12U);
  EXPECT_TRUE(file.has_core_metadata);
  EXPECT_EQ(file.core_metadata_sha256->Hex(), kB);
  EXPECT_EQ(file.facts, (FileFacts{.requires_python = ">=3.8",
                                   .yanked = true,
                                   .yanked_reason = "broken <",
                                   .upload_time = "2024-05-01T10:00:00.123456Z"}));
}

TEST(IndexJson, TakesOldAndTrueFormsOfMetadataAndYanked) {
  struct Case {
    std::string_view more;
    bool metadata, hash, yanked;
  };
  for (const Case& c :
       {Case{"", false, false, false}, Case{R"(,"core-metadata":true)", true, false, false},
        Case{R"(,"core-metadata":false,"dist-info-metadata":true)", false, false, false},
        Case{R"(,"dist-info-metadata":true)", true, false, false},
        Case{R"(,"core-metadata":{})", true, false, false},
        Case{R"(,"yanked":true)", false, false, true}, Case{R"(,"yanked":"")", false, false, false},
        Case{R"(,"yanked":null,"size":null)", false, false, false}}) {
    const auto page = ParseIndexJson(Page(File(c.more)), Six());
    ASSERT_TRUE(page.ok() && page->files.size() == 1) << c.more;
    EXPECT_EQ(page->files[0].has_core_metadata, c.metadata) << c.more;
    EXPECT_EQ(page->files[0].core_metadata_sha256.has_value(), c.hash) << c.more;
    EXPECT_EQ(page->files[0].facts.yanked, c.yanked) << c.more;
  }
}

TEST(IndexJson, Y03HoldsBackTheFileThatIsWrongAndNoOther) {
  for (const std::string_view bad :
       {R"({"filename":"../six-1.0.zip","url":"x","hashes":{}})",
        R"({"filename":"six-2.0.zip","url":"","hashes":{}})",
        R"({"filename":"six-2.0.zip","url":1,"hashes":{}})",
        R"({"filename":"six-2.0.zip","url":"x"})",
        R"({"filename":"six-2.0.zip","url":"x","hashes":[]})",
        R"({"filename":"six-2.0.zip","url":"x","hashes":{"sha256":"zz"}})",
        R"({"filename":"six-2.0.zip","url":"x","hashes":{},"size":-1})",
        R"({"filename":"six-2.0.zip","url":"x","hashes":{},"size":1.5})",
        R"({"filename":"six-2.0.zip","url":"x","hashes":{},"yanked":3})",
        R"({"filename":"six-2.0.zip","url":"x","hashes":{},"requires-python":[]})",
        R"({"filename":"six-2.0.zip","url":"x","hashes":{},"requires-python":"a\u0000"})",
        R"({"filename":"six-2.0.zip","url":"x\u000a","hashes":{}})",
        R"({"filename":"six-2.0.zip","url":"x","hashes":{},"core-metadata":"y"})"}) {
    const auto page = ParseIndexJson(Page(Cat(bad, ",", File(""))), Six());
    ASSERT_TRUE(page.ok()) << bad << page.status();
    EXPECT_THAT(page->files, SizeIs(1)) << bad;
    EXPECT_THAT(page->held_back, SizeIs(1)) << bad;
  }
}

TEST(IndexJson, Y03RefusesAMalformedPage) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"),
        std::string("{\"files\":[]}"),
        std::string(R"({"meta":{"api-version":"1.0"},"name":"six"})"),
        std::string(R"({"meta":{"api-version":"2.0"},"name":"six","files":[]})"),
        std::string(R"({"meta":{"api-version":1},"name":"six","files":[]})"),
        std::string(R"({"meta":{"api-version":"1.0"},"name":"seven","files":[]})"),
        std::string(R"({"meta":{"api-version":"1.0"},"name":7,"files":[]})"),
        std::string(R"({"meta":{"api-version":"1.0"},"name":"six","files":{}})"),
        std::string(R"({"meta":{"api-version":"1.0"},"name":"six","files":[3]})"),
        std::string(R"({"meta":{"api-version":"1.0"},"name":"six","files":[{}]})") + "x",
        Page("\"\xff\""), std::string(1'000'000, '['), Page(std::string(1'000'000, '{'))}) {
    const auto page = ParseIndexJson(text, Six());
    EXPECT_TRUE(absl::IsInvalidArgument(page.status())) << text.substr(0, 80);
  }
}

TEST(IndexJson, HoldsBackANameThatStandsForTwoContents) {
  std::string other = File("");
  other.replace(other.find(kA), kA.size(), kB);
  const auto conflict = ParseIndexJson(Page(Cat(File(""), ",", other)), Six());
  ASSERT_TRUE(conflict.ok());
  EXPECT_THAT(conflict->files, SizeIs(0));
  EXPECT_THAT(conflict->held_back, SizeIs(1));
  const auto repeat = ParseIndexJson(Page(Cat(File(""), ",", File(""))), Six());
  EXPECT_THAT(repeat->files, SizeIs(1));
}

TEST(IndexJson, DropsAnUploadTimeThatIsNone) {
  for (const std::string_view time :
       {"yesterday", "2024-05-01", "2024-05-01T10:00:00", "2024-05-01T10:00:00.Z",
        "2024-05-01T10:00:00.1234567Z", "2024-05-01T10:00:00+02:00"}) {
    const auto page = ParseIndexJson(Page(File(Cat(",\"upload-time\":\"", time, "\""))), Six());
    EXPECT_EQ(page->files[0].facts.upload_time, "") << time;
  }
}

TEST(IndexHtml, ReadsEveryFact) {
  const auto page = ParseIndexHtml(
      Cat("<!DOCTYPE html><html><head><meta name='pypi:repository-version' content='1.0'></head>"
          "<body><A HREF=\"https://example.org/p/six-1.0%2Blocal-py3-none-any.whl#sha256=",
          kA, "\" data-requires-python=\"&gt;=3.8\" data-yanked='a &amp; b'",
          " data-core-metadata='sha256=", kB, "'>six</A><br>",
          "<a href='six-0.9-py2.7.egg'>egg</a>"
          "<a href='../six-0.9.zip?x=1#md5=00' data-dist-info-metadata=true>six-0.9.zip</a>"),
      Six());
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_THAT(page->files, SizeIs(2));
  EXPECT_EQ(page->left_out, 1U);
  EXPECT_EQ(page->files[0].distribution.filename(), "six-0.9.zip");
  EXPECT_FALSE(page->files[0].sha256.has_value());
  EXPECT_TRUE(page->files[0].has_core_metadata);
  EXPECT_EQ(page->files[0].url, "../six-0.9.zip?x=1");
  const ListedFile& wheel = page->files[1];
  EXPECT_EQ(wheel.distribution.filename(), "six-1.0+local-py3-none-any.whl");
  EXPECT_EQ(wheel.sha256->Hex(), kA);
  EXPECT_EQ(wheel.core_metadata_sha256->Hex(), kB);
  EXPECT_EQ(wheel.facts.requires_python, ">=3.8");
  EXPECT_TRUE(wheel.facts.yanked);
  EXPECT_EQ(wheel.facts.yanked_reason, "a & b");
}

TEST(IndexHtml, Y03HostileLinksAreHeldBack) {
  const auto page = ParseIndexHtml(
      "<html><a href='%2e%2e%2fsix-1.0.zip'>x</a><a href='six-1.0%.zip'>x</a>"
      "<a href='javascript:alert(1)'>x</a><a>x</a><a href='six-1%00.zip'>x</a>"
      "<!-- <a href='six-9.zip'>x</a> --><script>'<a href=six-8.zip>x</a>'</script>",
      Six());
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->files, SizeIs(0));
  EXPECT_THAT(page->held_back, SizeIs(5));
}

TEST(IndexHtml, RefusesWhatIsNoPageOfVersionOne) {
  EXPECT_FALSE(ParseIndexHtml("", Six()).ok());
  EXPECT_FALSE(ParseIndexHtml("{\"files\":[]}", Six()).ok());
  EXPECT_FALSE(
      ParseIndexHtml("<html><meta name='pypi:repository-version' content='2.0'><a>x</a>", Six())
          .ok());
}

void ExpectGoodNames(const StatusOr<IndexPage>& page) {
  if (!page.ok()) return;
  for (const ListedFile& file : page->files) {
    EXPECT_TRUE(Distribution::Parse(file.distribution.filename(), Six()).ok());
  }
}

TEST(IndexPage, BrokenBytesNeverDoMoreThanFail) {
  // Every prefix, and every byte of a good page replaced: no crash, and no file with another name.
  const std::string json = Page(File(R"(,"yanked":"x","size":3)"));
  const std::string html =
      Cat("<html><a href='six-1.0.tar.gz#sha256=", kA, "' data-yanked='x'>six</a></html>");
  for (const std::string& good : {json, html}) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (const char c : {'\0', '"', '<', '\xff', '&', '/'}) {
        std::string changed = good;
        changed[i] = c;
        for (const std::string& text : {changed, good.substr(0, i)}) {
          ExpectGoodNames(ParseIndexJson(text, Six()));
          ExpectGoodNames(ParseIndexHtml(text, Six()));
        }
      }
    }
  }
}

PublishedFile Published(std::string_view filename, char digit) {
  return {.distribution = *Distribution::Parse(filename, Six()),
          .sha256 = *Sha256Digest::FromHex(std::string(64, digit)),
          .size = 10,
          .core_metadata_sha256 = {},
          .facts = {}};
}

TEST(RenderIndex, IsByteStableWhateverTheOrder) {
  std::vector<PublishedFile> files = {Published("six-1.9.zip", 'a'), Published("six-1.10.zip", 'b'),
                                      Published("six-1.9-py3-none-any.whl", 'c')};
  const std::string html = RenderIndexHtml(Six(), files);
  const std::string json = RenderIndexJson(Six(), files);
  std::reverse(files.begin(), files.end());
  EXPECT_EQ(RenderIndexHtml(Six(), files), html);
  EXPECT_EQ(RenderIndexJson(Six(), files), json);
  EXPECT_THAT(json, HasSubstr(R"("versions":["1.9","1.10"])"));
  EXPECT_THAT(json, HasSubstr(R"("meta":{"api-version":"1.1"})"));
  EXPECT_THAT(json, Not(HasSubstr("serial")));
  EXPECT_THAT(html, HasSubstr(Cat("<a href=\"../../files/six/", kA, "/six-1.9.zip#sha256=", kA,
                                  "\">six-1.9.zip</a>")));
}

TEST(RenderIndex, WhatIsWrittenReadsBackTheSame) {
  PublishedFile file = Published("six-1.0+x-py3-none-any.whl", 'a');
  file.core_metadata_sha256 = Sha256Digest::FromHex(kB).value();
  file.facts = {.requires_python = ">=3.8,<\"4\"",
                .yanked = true,
                .yanked_reason = "<script>\"&' \xc3\xa9",
                .upload_time = "2024-05-01T10:00:00Z"};
  const std::vector<PublishedFile> files = {file};
  for (const auto& page : {ParseIndexJson(RenderIndexJson(Six(), files), Six()),
                           ParseIndexHtml(RenderIndexHtml(Six(), files), Six())}) {
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_THAT(page->files, SizeIs(1));
    const ListedFile& read = page->files[0];
    EXPECT_EQ(read.distribution.filename(), file.distribution.filename());
    EXPECT_EQ(read.url, Cat("../../files/six/", kA, "/six-1.0%2Bx-py3-none-any.whl"));
    EXPECT_EQ(read.sha256, file.sha256);
    EXPECT_EQ(read.core_metadata_sha256, file.core_metadata_sha256);
    FileFacts wanted = file.facts;
    if (!read.size) wanted.upload_time.clear();  // HTML has neither
    EXPECT_EQ(read.facts, wanted);
  }
  file.facts = {.requires_python = "", .yanked = true, .yanked_reason = "", .upload_time = ""};
  const auto page = ParseIndexJson(RenderIndexJson(Six(), std::vector{file}), Six());
  EXPECT_TRUE(page->files[0].facts.yanked);
}

TEST(ProjectList, ReadsBackInBothForms) {
  const std::vector<ProjectName> names = {*ProjectName::Parse("six"), *ProjectName::Parse("idna")};
  for (const auto& list : {ParseProjectListJson(RenderProjectListJson(names)),
                           ParseProjectListHtml(RenderProjectListHtml(names))}) {
    ASSERT_TRUE(list.ok()) << list.status();
    ASSERT_THAT(list->projects, SizeIs(2));
    EXPECT_EQ(list->projects[0].text(), "idna");
  }
}

TEST(ProjectList, HoldsBackBadNamesAndKeepsTheRest) {
  const auto json = ParseProjectListJson(
      R"({"meta":{"api-version":"1.0","_last-serial":5},"projects":[{"name":"../x"},{"name":"Six"},{"name":"six"}]})");
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_THAT(json->projects, SizeIs(1));
  EXPECT_THAT(json->held_back, SizeIs(1));
  EXPECT_EQ(json->last_serial, 5);
  const auto html = ParseProjectListHtml("<html><a href='/x/'>..</a><a href='/six/'> Six </a>");
  EXPECT_THAT(html->projects, SizeIs(1));
  EXPECT_THAT(html->held_back, SizeIs(1));
}

}  // namespace
}  // namespace rind::pypi
