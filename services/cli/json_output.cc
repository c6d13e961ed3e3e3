#include "services/cli/json_output.h"

#include <nlohmann/json.hpp>

namespace rind::cli {

using nlohmann::ordered_json;

struct JsonRenderer {
  static ordered_json Render(const JsonValue& value) {
    return std::visit([](const auto& held) { return Of(held); }, value.value_);
  }

 private:
  static ordered_json Of(std::monostate) { return nullptr; }
  static ordered_json Of(bool value) { return value; }
  static ordered_json Of(std::int64_t value) { return value; }
  static ordered_json Of(std::uint64_t value) { return value; }
  static ordered_json Of(const std::string& value) { return value; }
  static ordered_json Of(const std::vector<JsonValue>& values) {
    ordered_json out = ordered_json::array();
    for (const JsonValue& value : values) out.push_back(Render(value));
    return out;
  }
  static ordered_json Of(const std::vector<JsonValue::Member>& members) {
    ordered_json out = ordered_json::object();
    for (const auto& [name, value] : members) out[name] = Render(value);
    return out;
  }
};

JsonValue JsonValue::Object() {
  JsonValue out;
  out.value_ = std::vector<Member>();
  return out;
}

JsonValue JsonValue::Array() {
  JsonValue out;
  out.value_ = std::vector<JsonValue>();
  return out;
}

JsonValue JsonValue::Array(const std::vector<std::string>& texts) {
  JsonValue out = Array();
  for (const std::string& text : texts) out.Append(text);
  return out;
}

JsonValue& JsonValue::Set(std::string_view name, JsonValue value) {
  std::get<std::vector<Member>>(value_).emplace_back(name, std::move(value));
  return *this;
}

JsonValue& JsonValue::Append(JsonValue value) {
  std::get<std::vector<JsonValue>>(value_).push_back(std::move(value));
  return *this;
}

std::string JsonValue::Text() const {
  return JsonRenderer::Render(*this).dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

StatusOr<std::map<std::string, std::string>> ReadStringMembers(std::string_view json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return InvalidArgument("not a JSON object");
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : parsed.items()) {
    if (value.is_string()) out[name] = value.get<std::string>();
  }
  return out;
}

namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;
constexpr std::size_t kMaxLines = 10'000;

void Flatten(const ordered_json& value, const std::string& name, int depth, Lines& out) {
  if (out.size() >= kMaxLines || depth > 16) return;
  if (!value.is_structured()) {
    out.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
    return;
  }
  for (const auto& [member, inner] : value.items()) {
    std::string full = name;
    if (!full.empty()) full.push_back('.');
    Flatten(inner, full.append(member), depth + 1, out);
  }
}

}  // namespace

StatusOr<Lines> FlattenJson(std::string_view json) {
  const auto parsed = ordered_json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return InvalidArgument("the answer is not JSON");
  Lines out;
  Flatten(parsed, "", 0, out);
  return out;
}

}  // namespace rind::cli
