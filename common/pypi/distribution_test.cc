#include "common/pypi/distribution.h"

#include <string>

#include <gtest/gtest.h>

namespace rind::pypi {
namespace {

TEST(Distribution, ReadsVersionsOfWheelsAndSdists) {
  struct Case {
    std::string_view project, filename, version;
    DistributionKind kind;
  };
  for (const Case& c : {
           Case{"six", "six-1.17.0-py2.py3-none-any.whl", "1.17.0", DistributionKind::kWheel},
           Case{"zope-interface", "zope.interface-6.0-1build-cp311-cp311-linux_x86_64.whl", "6.0",
                DistributionKind::kWheel},
           Case{"torch", "torch-2.0.0+cu118-cp311-cp311-linux_x86_64.whl", "2.0.0+cu118",
                DistributionKind::kWheel},
           Case{"six", "six-1.0.tar.gz", "1.0", DistributionKind::kSdist},
           Case{"a-b", "a-b-1.0-rc1.zip", "1.0-rc1", DistributionKind::kSdist},
           Case{"a-2", "A_2-3.tar.gz", "3", DistributionKind::kSdist},
           Case{"pytz", "pytz-2004-final.tar.bz2", "2004-final", DistributionKind::kSdist},
       }) {
    const auto found = Distribution::Parse(c.filename, *ProjectName::Parse(c.project));
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->version_text(), c.version);
    EXPECT_EQ(found->kind(), c.kind);
    EXPECT_EQ(found->version().has_value(), c.version != "2004-final");
  }
}

TEST(Distribution, Y03HoldsBackHostileNames) {
  const ProjectName six = *ProjectName::Parse("six");
  for (const std::string_view name : {"",
                                      ".",
                                      "..",
                                      "../six-1.0.tar.gz",
                                      "six-1.0.tar.gz/..",
                                      "/etc/passwd",
                                      "six-1.0\n.tar.gz",
                                      "six-1.0%2e.tar.gz",
                                      "six-1.0?.zip",
                                      "six-1.0#.zip",
                                      "six-*.zip",
                                      "six-[1].zip",
                                      "six-1.0\\x.zip",
                                      "six-1.0\xe2\x80\xae.zip",
                                      "six-1 .zip",
                                      "six-\"1\".zip",
                                      "six-<1>.zip",
                                      "-six-1.0.zip",
                                      ".six-1.0.zip",
                                      "six.zip",
                                      "six-.zip",
                                      "seven-1.0.zip",
                                      "six-1.0.html",
                                      "six-1.0.tar.gz.metadata",
                                      "six-1.0-py3-none-any.whl.metadata",
                                      "six-1.0.whl",
                                      "six-1.0-py3-none.whl",
                                      "six-1.0-1-2-py3-none-any.whl",
                                      "six--py3-none-any.whl",
                                      "seven-1.0-py3-none-any.whl",
                                      "index.html"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Distribution::Parse(name, six).status())) << name;
  }
  EXPECT_FALSE(Distribution::Parse(std::string_view("six-1\0.zip", 10), six).ok());
  EXPECT_FALSE(Distribution::Parse("six-" + std::string(200, '1') + ".zip", six).ok());
}

TEST(Distribution, LeavesOutWhatNoInstallerTakes) {
  const ProjectName six = *ProjectName::Parse("six");
  for (const std::string_view name : {"six-1.0-py2.7.egg", "six-1.0.win32.exe", "six-1.0.rpm"}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(Distribution::Parse(name, six).status())) << name;
  }
}

}  // namespace
}  // namespace rind::pypi
