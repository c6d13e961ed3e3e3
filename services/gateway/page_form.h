// Which form of an index page a client gets (PEP 691, RFC 9110 section 12.5.1).
//
// Threading: pure functions.
#pragma once

#include <optional>
#include <string_view>

namespace rind::gateway {

enum class PageForm { kJson, kPypiHtml, kTextHtml };

// The form of the highest quality in an Accept header, JSON before HTML between equals that the
// client named; nothing when it takes none of them. An empty header, and */* alone, is text/html:
// whoever says nothing of JSON may not know it.
std::optional<PageForm> ChooseForm(std::string_view accept);
// For Content-Type.
std::string_view MediaTypeOf(PageForm form);

}  // namespace rind::gateway
