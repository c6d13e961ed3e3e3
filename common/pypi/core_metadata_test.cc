#include "common/pypi/core_metadata.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rind::pypi {
namespace {

std::vector<std::string> Names(std::string_view metadata) {
  std::vector<std::string> names;
  const auto found = RequiredProjects(metadata);
  EXPECT_TRUE(found.ok()) << found.status();
  if (found.ok()) {
    for (const ProjectName& name : *found) names.push_back(name.text());
  }
  return names;
}

TEST(CoreMetadata, ListsWhatIsRequiredWithoutExtras) {
  EXPECT_EQ(Names("Metadata-Version: 2.1\r\nName: x\r\n"
                  "Requires-Dist: Six>=1.0\r\n"
                  "Requires-Dist: zope.interface[test] (>1)\n"
                  "requires-dist: idna @ https://example.org/idna.zip\n"
                  "Requires-Dist: tomli; python_version < '3.11'\n"
                  "Requires-Dist: extras-lib; python_version > '3'\n"
                  "Requires-Dist: pytest ; extra == 'test'\n"
                  "Requires-Dist: mock; python_version > '3' and extra=='test'\n"
                  "Requires-Dist: six<2\n"
                  "Requires-Dist: !!!\n"
                  "Summary: folded\n Requires-Dist: not-this\n"
                  "\nRequires-Dist: nor-this\n"),
            (std::vector<std::string>{"extras-lib", "idna", "six", "tomli", "zope-interface"}));
}

TEST(CoreMetadata, RefusesWhatIsNoMetadata) {
  EXPECT_FALSE(RequiredProjects("<html>").ok());
  EXPECT_FALSE(RequiredProjects("").ok());
  EXPECT_FALSE(RequiredProjects("\nMetadata-Version: 2.1\n").ok());
}

}  // namespace
}  // namespace rind::pypi
