#include "services/cli/toml_text.h"

#include "common/base/text.h"

namespace rind::cli {

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return Cat(out, '"');
}

std::string QuotedList(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(Quoted(text));
  return Cat("[", Join(quoted, ", "), "]");
}

}  // namespace rind::cli
