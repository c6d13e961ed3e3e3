// A service's TOML file, read strictly.
//
// Promise: a missing key, a wrong type, a value out of range and an unknown key are errors that
// name file, key and what was expected. RIND_<SECTION>_<KEY> in the environment overrides a key; no
// secret is ever a value (only the path of its file). Lists from the environment are separated by
// commas. Read everything, then call Finish(): it returns every problem found, one line each, and a
// service does nothing else before it. Threading: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/rpc/server.h"

namespace rind::runtime {

class Config {
 public:
  // NotFound or InvalidArgument (with line and column) when the file can't be read or parsed.
  static StatusOr<Config> Load(const std::string& path);
  static StatusOr<Config> Parse(std::string_view toml, std::string name);
  Config(Config&&) noexcept;
  Config& operator=(Config&&) noexcept;
  ~Config();

  const std::string& name() const;

  // Keys are "section.key". Without a default the key must be there. On error a harmless value is
  // returned and the problem is kept for Finish().
  std::string String(std::string_view key);
  std::string StringOr(std::string_view key, std::string_view fallback);
  std::int64_t Integer(std::string_view key, std::int64_t min, std::int64_t max);
  std::int64_t IntegerOr(std::string_view key, std::int64_t min, std::int64_t max,
                         std::int64_t fallback);
  bool BoolOr(std::string_view key, bool fallback);
  std::vector<std::string> Strings(std::string_view key);
  std::vector<std::string> StringsOr(std::string_view key, std::vector<std::string> fallback);
  // A path; a relative one is relative to the folder of the config file, whether it stands there or
  // comes from the environment. "" stays "".
  std::string Path(std::string_view key);
  std::string PathOr(std::string_view key, std::string_view fallback);
  std::vector<std::string> PathsOr(std::string_view key, std::vector<std::string> fallback);
  // "90s", "15m", "24h", "7d".
  absl::Duration DurationOr(std::string_view key, absl::Duration fallback);
  // One of `choices`.
  std::string ChoiceOr(std::string_view key, const std::vector<std::string>& choices,
                       std::string_view fallback);
  bool Has(std::string_view section) const;

  // [tls] ca, certificate, key.
  rpc::TlsFiles Tls();
  // [callers] (not from the environment): every key is a full method name, every value a list of
  // identities.
  rpc::CallerTable Callers();
  // "x: wanted y" about a value that was read.
  void Problem(std::string_view key, std::string_view problem);

  // All problems as one InvalidArgument, a line each. After CheckOnly() a config without problems
  // ends with Cancelled, so that `--check-config` runs the very code that the start runs, and no
  // more.
  Status Finish();
  void CheckOnly();
  bool Checked() const;  // Finish() ran after CheckOnly() and found no problem

 private:
  struct Rep;
  explicit Config(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace rind::runtime
