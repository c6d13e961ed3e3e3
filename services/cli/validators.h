// Checks of values on the command line, before anything is asked of a service.
//
// Promise: "" for a good value, otherwise what it is and what was wanted; CLI11 names the flag.
// Threading: pure functions.
#pragma once

#include <string>

namespace rind::cli {

// A power of two from 16 to 32768.
std::string BinsProblem(const std::string& text);
// A project's name in any spelling (PEP 508).
std::string ProjectProblem(const std::string& text);
// The name of a role of a repository of ours: bin-3, claimed, project.six.
std::string RoleProblem(const std::string& text);
// An absolute http(s) address.
std::string UrlProblem(const std::string& text);

}  // namespace rind::cli
