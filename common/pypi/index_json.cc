// Reads PEP 691 pages. nlohmann/json runs without exceptions: a parse error is a discarded value.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/text.h"
#include "common/pypi/index_builder.h"
#include "common/pypi/index_page.h"

namespace rind::pypi {
namespace {

using Json = nlohmann::json;

// A page nests four deep; a million brackets would cost gigabytes before they are refused.
constexpr int kMaxDepth = 16;

bool IsTooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

StatusOr<Json> ParseDocument(std::string_view bytes, std::string_view what) {
  if (IsTooDeep(bytes)) return InvalidArgument(Cat(what, ": JSON nested too deeply"));
  Json document = Json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return InvalidArgument(Cat(what, ": not JSON"));
  if (!document.is_object()) return InvalidArgument(Cat(what, ": wanted a JSON object"));
  const auto meta = document.find("meta");
  if (meta == document.end() || !meta->is_object() || !meta->contains("api-version") ||
      !(*meta)["api-version"].is_string()) {
    return InvalidArgument(Cat(what, ": no meta.api-version"));
  }
  RIND_RETURN_IF_ERROR(CheckApiVersion((*meta)["api-version"].get_ref<const std::string&>()));
  return document;
}

std::optional<std::int64_t> LastSerial(const Json& document) {
  const Json& meta = document["meta"];
  const auto serial = meta.find("_last-serial");
  if (serial == meta.end() || !serial->is_number_unsigned()) return std::nullopt;
  const auto value = serial->get<std::uint64_t>();
  if (value > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

// A string member, "" when it is missing or null; false when it is anything else.
bool ReadText(const Json& object, const char* name, std::string& out) {
  const auto at = object.find(name);
  if (at == object.end() || at->is_null()) return true;
  if (!at->is_string()) return false;
  out = at->get<std::string>();
  return true;
}

bool ReadYanked(const Json& entry, FileFacts& facts) {
  const auto at = entry.find("yanked");
  if (at == entry.end() || at->is_null()) return true;
  if (at->is_boolean()) {
    facts.yanked = at->get<bool>();
    return true;
  }
  if (!at->is_string()) return false;
  // PEP 691: a truthy value; an empty string is not.
  facts.yanked_reason = at->get<std::string>();
  facts.yanked = !facts.yanked_reason.empty();
  return true;
}

// PEP 714: "core-metadata", and "dist-info-metadata" where that is all there is.
bool ReadCoreMetadata(const Json& entry, RawFile& raw) {
  auto at = entry.find("core-metadata");
  if (at == entry.end()) at = entry.find("dist-info-metadata");
  if (at == entry.end() || at->is_null()) return true;
  if (at->is_boolean()) {
    raw.has_core_metadata = at->get<bool>();
    return true;
  }
  raw.has_core_metadata = true;
  return at->is_object() && ReadText(*at, "sha256", raw.core_metadata_sha256);
}

bool ReadFile(const Json& entry, RawFile& raw) {
  const auto hashes = entry.find("hashes");
  if (hashes == entry.end() || !hashes->is_object()) return false;
  const auto size = entry.find("size");
  if (size != entry.end() && !size->is_null()) {
    if (!size->is_number_unsigned()) return false;
    raw.size = size->get<std::uint64_t>();
  }
  return ReadText(entry, "url", raw.url) && ReadText(*hashes, "sha256", raw.sha256) &&
         ReadText(entry, "requires-python", raw.facts.requires_python) &&
         ReadText(entry, "upload-time", raw.facts.upload_time) && ReadYanked(entry, raw.facts) &&
         ReadCoreMetadata(entry, raw);
}

}  // namespace

StatusOr<IndexPage> ParseIndexJson(std::string_view bytes, const ProjectName& project) {
  const std::string what = Cat("index page of ", project.text());
  RIND_ASSIGN_OR_RETURN(const Json document, ParseDocument(bytes, what));
  std::string name;
  if (!ReadText(document, "name", name) || name.empty()) {
    return InvalidArgument(Cat(what, ": no name"));
  }
  const auto named = ProjectName::Parse(name);
  if (!named.ok() || *named != project) {
    return InvalidArgument(Cat(what, ": is for \"", Printable(name, 80), "\""));
  }
  const auto files = document.find("files");
  if (files == document.end() || !files->is_array()) {
    return InvalidArgument(Cat(what, ": no files"));
  }
  IndexBuilder builder(project);
  for (const Json& entry : *files) {
    RawFile raw;
    if (!entry.is_object() || !ReadText(entry, "filename", raw.filename)) {
      return InvalidArgument(Cat(what, ": a file without a file name"));
    }
    if (ReadFile(entry, raw)) {
      builder.Add(std::move(raw));
    } else {
      builder.HoldBack(raw.filename, "a member of its entry is missing or of a wrong type");
    }
  }
  RIND_ASSIGN_OR_RETURN(IndexPage page, std::move(builder).Finish());
  page.last_serial = LastSerial(document);
  return page;
}

StatusOr<ProjectList> ParseProjectListJson(std::string_view bytes) {
  constexpr std::string_view kWhat = "list of projects";
  RIND_ASSIGN_OR_RETURN(const Json document, ParseDocument(bytes, kWhat));
  const auto projects = document.find("projects");
  if (projects == document.end() || !projects->is_array()) {
    return InvalidArgument(Cat(kWhat, ": no projects"));
  }
  if (projects->size() > kMaxProjects) return ResourceExhausted(Cat(kWhat, ": too long"));
  ProjectList list;
  for (const Json& entry : *projects) {
    std::string name;
    if (!entry.is_object() || !ReadText(entry, "name", name)) {
      return InvalidArgument(Cat(kWhat, ": a project without a name"));
    }
    auto parsed = ProjectName::Parse(name);
    if (parsed.ok()) {
      list.projects.push_back(*std::move(parsed));
    } else {
      list.held_back.push_back({Printable(name, 80), std::string(MessageOf(parsed.status()))});
    }
  }
  std::sort(list.projects.begin(), list.projects.end());
  list.projects.erase(std::unique(list.projects.begin(), list.projects.end()), list.projects.end());
  list.last_serial = LastSerial(document);
  return list;
}

}  // namespace rind::pypi
