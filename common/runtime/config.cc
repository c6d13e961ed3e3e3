#include "common/runtime/config.h"

#include <cstdlib>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include <toml++/toml.h>

#include "common/base/file_system.h"
#include "common/base/text.h"

namespace rind::runtime {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 1024ULL * 1024;
constexpr std::uint64_t kMaxSpanUnits = 1'000'000'000;

std::string EnvironmentName(std::string_view key) {
  std::string name = "RIND_";
  for (const char c : key) {
    const bool lower = c >= 'a' && c <= 'z';
    name.push_back(lower ? static_cast<char>(c - 'a' + 'A') : (c == '.' || c == '-' ? '_' : c));
  }
  return name;
}

std::string_view TypeName(toml::node_type type) {
  switch (type) {
    case toml::node_type::none:
      return "nothing";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a point";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
  }
  return "something else";
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  const bool negative = text.starts_with('-');
  const auto value = ParseUnsigned(negative ? text.substr(1) : text, INT64_MAX);
  if (!value) return std::nullopt;
  return negative ? -static_cast<std::int64_t>(*value) : static_cast<std::int64_t>(*value);
}

// "90s", "15m", "24h", "7d".
std::optional<absl::Duration> ParseSpan(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto count = ParseUnsigned(text.substr(0, text.size() - 1), kMaxSpanUnits);
  if (!count) return std::nullopt;
  const auto units = static_cast<std::int64_t>(*count);
  switch (text.back()) {
    case 's':
      return absl::Seconds(units);
    case 'm':
      return absl::Minutes(units);
    case 'h':
      return absl::Hours(units);
    case 'd':
      return absl::Hours(24) * units;
    default:
      return std::nullopt;
  }
}

}  // namespace

struct Config::Rep {
  std::string name;
  toml::table root;
  std::set<std::string, std::less<>> read;  // keys that were asked for
  std::vector<std::string> problems;
  std::set<std::string, std::less<>> complained_of;  // keys that have a problem
  bool check_only = false;
  bool checked = false;

  // The first problem of a key is its cause; what follows from it would only hide it.
  void Problem(std::string_view key, std::string_view problem) {
    if (!complained_of.emplace(key).second) return;
    problems.push_back(Cat(name, ": ", key, ": ", problem));
  }

  // The node at "section.key"; null when there is none. Remembers that it was asked for.
  const toml::node* Find(std::string_view key) {
    read.emplace(key);
    return root.at_path(key).node();
  }
  std::optional<std::string> FromEnvironment(std::string_view key) {
    read.emplace(key);
    const char* value = std::getenv(EnvironmentName(key).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  }
  void WrongType(std::string_view key, const toml::node& node, std::string_view wanted) {
    Problem(key, Cat("is ", TypeName(node.type()), ", wanted ", wanted));
  }
  void Missing(std::string_view key, std::string_view wanted) {
    Problem(key, Cat("is missing, wanted ", wanted));
  }

  std::optional<std::string> Text(std::string_view key, std::string_view wanted) {
    if (auto value = FromEnvironment(key)) return value;
    const toml::node* node = Find(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* text = node->as_string()) return text->get();
    WrongType(key, *node, wanted);
    return "";
  }
  std::optional<std::int64_t> Number(std::string_view key) {
    if (const auto value = FromEnvironment(key)) {
      if (const auto number = ParseInteger(*value)) return number;
      Problem(key,
              Cat(EnvironmentName(key), " is '", Printable(*value), "', wanted a whole number"));
      return std::nullopt;
    }
    const toml::node* node = Find(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* number = node->as_integer()) return number->get();
    WrongType(key, *node, "a whole number");
    return std::nullopt;
  }
  std::optional<std::vector<std::string>> List(std::string_view key) {
    if (const auto value = FromEnvironment(key)) {
      std::vector<std::string> items;
      for (const std::string& item : Split(*value, ',')) {
        if (!Trim(item).empty()) items.emplace_back(Trim(item));
      }
      return items;
    }
    const toml::node* node = Find(key);
    if (node == nullptr) return std::nullopt;
    return ListOf(key, *node);
  }
  std::vector<std::string> ListOf(std::string_view key, const toml::node& node) {
    std::vector<std::string> items;
    const toml::array* array = node.as_array();
    if (array == nullptr) {
      WrongType(key, node, "a list of strings");
      return items;
    }
    for (const toml::node& item : *array) {
      const auto* text = item.as_string();
      if (text == nullptr) {
        WrongType(key, item, "strings in its list");
        return {};
      }
      items.push_back(text->get());
    }
    return items;
  }

  std::string Resolve(std::string path) const {
    if (path.empty() || path.starts_with('/')) return path;
    const std::string folder = ParentPath(name);
    return folder == "." ? path : JoinPath(folder, path);
  }

  void ReportUnread() {
    for (const auto& [section, node] : root) {
      const toml::table* table = node.as_table();
      if (table == nullptr) {
        Problem(section.str(), "stands outside of any [section]");
        continue;
      }
      for (const auto& [key, value] : *table) {
        const std::string full = Cat(section.str(), ".", key.str());
        if (!read.contains(full) && !read.contains(section.str())) Problem(full, "unknown key");
      }
      if (table->empty() && !SectionIsKnown(section.str()))
        Problem(section.str(), "unknown section");
    }
  }
  bool SectionIsKnown(std::string_view section) const {
    const std::string prefix = Cat(section, ".");
    const auto next = read.lower_bound(prefix);
    return read.contains(section) || (next != read.end() && next->starts_with(prefix));
  }
};

Config::Config(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(Config&&) noexcept = default;
Config::~Config() = default;

StatusOr<Config> Config::Load(const std::string& path) {
  RIND_ASSIGN_OR_RETURN(const std::string toml, LocalFileSystem().Read(path, kMaxConfigBytes));
  return Parse(toml, path);
}

StatusOr<Config> Config::Parse(std::string_view toml, std::string name) {
  auto rep = std::make_unique<Rep>();
  rep->name = std::move(name);
  try {
    rep->root = toml::parse(toml, rep->name);
  } catch (const toml::parse_error& error) {
    return InvalidArgument(Cat(rep->name, ":", error.source().begin.line, ":",
                               error.source().begin.column, ": ", error.description()));
  }
  return Config(std::move(rep));
}

const std::string& Config::name() const { return rep_->name; }

std::string Config::String(std::string_view key) {
  const auto value = rep_->Text(key, "a string");
  if (!value) rep_->Missing(key, "a string");
  return value.value_or("");
}

std::string Config::StringOr(std::string_view key, std::string_view fallback) {
  return rep_->Text(key, "a string").value_or(std::string(fallback));
}

std::int64_t Config::Integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const std::size_t before = rep_->problems.size();
  const auto value = rep_->Number(key);
  if (value && *value >= min && *value <= max) return *value;
  if (value) {
    rep_->Problem(key, Cat("is ", *value, ", wanted ", min, " to ", max));
  } else if (rep_->problems.size() == before) {
    rep_->Missing(key, "a whole number");
  }
  return min;
}

std::int64_t Config::IntegerOr(std::string_view key, std::int64_t min, std::int64_t max,
                               std::int64_t fallback) {
  const auto value = rep_->Number(key);
  if (!value) return fallback;
  if (*value >= min && *value <= max) return *value;
  rep_->Problem(key, Cat("is ", *value, ", wanted ", min, " to ", max));
  return fallback;
}

bool Config::BoolOr(std::string_view key, bool fallback) {
  if (const auto value = rep_->FromEnvironment(key)) {
    if (*value == "true" || *value == "false") return *value == "true";
    Problem(key, Cat(EnvironmentName(key), " is '", Printable(*value), "', wanted true or false"));
    return fallback;
  }
  const toml::node* node = rep_->Find(key);
  if (node == nullptr) return fallback;
  if (const auto* value = node->as_boolean()) return value->get();
  rep_->WrongType(key, *node, "true or false");
  return fallback;
}

std::vector<std::string> Config::Strings(std::string_view key) {
  const auto value = rep_->List(key);
  if (!value) rep_->Missing(key, "a list of strings");
  return value.value_or(std::vector<std::string>());
}

std::vector<std::string> Config::StringsOr(std::string_view key,
                                           std::vector<std::string> fallback) {
  return rep_->List(key).value_or(std::move(fallback));
}

std::string Config::Path(std::string_view key) {
  const auto value = rep_->Text(key, "a path");
  if (!value) rep_->Missing(key, "a path");
  return rep_->Resolve(value.value_or(""));
}

std::string Config::PathOr(std::string_view key, std::string_view fallback) {
  return rep_->Resolve(rep_->Text(key, "a path").value_or(std::string(fallback)));
}

std::vector<std::string> Config::PathsOr(std::string_view key, std::vector<std::string> fallback) {
  std::vector<std::string> paths = StringsOr(key, std::move(fallback));
  for (std::string& path : paths) path = rep_->Resolve(std::move(path));
  return paths;
}

absl::Duration Config::DurationOr(std::string_view key, absl::Duration fallback) {
  const std::size_t before = rep_->problems.size();
  const auto text = rep_->Text(key, "a span such as \"90s\", \"15m\", \"24h\" or \"7d\"");
  if (!text || rep_->problems.size() != before) return fallback;
  if (const auto span = ParseSpan(*text)) return *span;
  Problem(key, Cat("is '", Printable(*text),
                   "', wanted a span such as \"90s\", \"15m\", \"24h\" or \"7d\""));
  return fallback;
}

std::string Config::ChoiceOr(std::string_view key, const std::vector<std::string>& choices,
                             std::string_view fallback) {
  const std::size_t before = rep_->problems.size();
  std::string value = StringOr(key, fallback);
  if (rep_->problems.size() != before) return std::string(fallback);
  for (const std::string& choice : choices) {
    if (value == choice) return value;
  }
  Problem(key, Cat("is '", Printable(value), "', wanted one of: ", Join(choices, ", ")));
  return std::string(fallback);
}

bool Config::Has(std::string_view section) const {
  return rep_->root.at_path(section).node() != nullptr;
}

rpc::TlsFiles Config::Tls() { return {Path("tls.ca"), Path("tls.certificate"), Path("tls.key")}; }

rpc::CallerTable Config::Callers() {
  rpc::CallerTable callers;
  const toml::node* node = rep_->Find("callers");
  if (node == nullptr || !node->is_table()) {
    Problem("callers", "is missing, wanted a section with a row for each method");
    return callers;
  }
  for (const auto& [method, names] : *node->as_table()) {
    const auto list = rep_->ListOf(Cat("callers.\"", method.str(), "\""), names);
    callers[std::string(method.str())] = {list.begin(), list.end()};
  }
  return callers;
}

void Config::Problem(std::string_view key, std::string_view problem) {
  rep_->Problem(key, problem);
}

void Config::CheckOnly() { rep_->check_only = true; }
bool Config::Checked() const { return rep_->checked; }

Status Config::Finish() {
  rep_->ReportUnread();
  if (!rep_->problems.empty()) return InvalidArgument(Join(rep_->problems, "\n"));
  if (rep_->check_only) {
    rep_->checked = true;
    return Cancelled(Cat(rep_->name, ": is in order"));
  }
  return OkStatus();
}

}  // namespace rind::runtime
