// Reads JSON documents, one a line, from standard input and prints the canonical form of each, one
// a line, or "ERROR: ..." for one that the strict parser refuses. Line ends and backslashes inside
// of a canonical form are printed as \n and \\, so that a line stays a line. For the comparison
// with securesystemslib (canonical_form_test.py).
#include <iostream>
#include <string>

#include "common/base/text.h"
#include "common/tuf/json/canonical_json.h"

namespace {

std::string OneLine(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\') {
      out += "\\\\";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto canonical = rind::tuf::Canonicalise(line);
    if (canonical.ok()) {
      std::cout << OneLine(*canonical) << '\n';
    } else {
      std::cout << "ERROR: " << rind::MessageOf(canonical.status()) << '\n';
    }
  }
  return std::cout.flush() ? 0 : 1;
}
