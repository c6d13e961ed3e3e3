#include "services/gateway/page_form.h"

#include <gtest/gtest.h>

namespace rind::gateway {
namespace {

TEST(PageForm, IsWhatTheClientLikesBest) {
  constexpr auto kNone = std::nullopt;
  struct Case {
    const char* accept;
    std::optional<PageForm> wanted;
  };
  for (const Case& each : std::initializer_list<Case>{
           {"", PageForm::kTextHtml},
           {"*/*", PageForm::kTextHtml},
           {"text/html", PageForm::kTextHtml},
           {"text/*", PageForm::kTextHtml},
           {"application/vnd.pypi.simple.v1+json", PageForm::kJson},
           {"application/vnd.pypi.simple.latest+json", PageForm::kJson},
           {"APPLICATION/vnd.pypi.simple.v1+HTML", PageForm::kPypiHtml},
           // What pip sends, and what uv sends.
           {"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, "
            "text/html; q=0.01",
            PageForm::kJson},
           {"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "
            "text/html;q=0.01",
            PageForm::kJson},
           {"application/vnd.pypi.simple.v1+json;q=0.1, text/html", PageForm::kTextHtml},
           {"application/vnd.pypi.simple.v1+json;q=0, */*", PageForm::kTextHtml},
           {"text/html;q=0, */*;q=0.1", PageForm::kPypiHtml},
           {"application/vnd.pypi.simple.v2+json", kNone},
           {"image/png", kNone},
           {"text/html;q=0", kNone},
           {"text/html;q=nan", kNone},
           {"text/html;q=1.5", kNone},
           {",;,", kNone}}) {
    EXPECT_EQ(ChooseForm(each.accept), each.wanted) << each.accept;
  }
}

}  // namespace
}  // namespace rind::gateway
