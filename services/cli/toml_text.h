// Values as TOML text, for the configs that `rind up` writes. Threading: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rind::cli {

// "a\"b" with its quotes; the text holds no control character.
std::string Quoted(std::string_view text);
// ["a", "b"]
std::string QuotedList(const std::vector<std::string>& texts);

}  // namespace rind::cli
