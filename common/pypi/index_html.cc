// Reads PEP 503 pages through libxml2's HTML push parser: no tree, no network, no entities loaded.
#include <algorithm>
#include <memory>

#include <libxml/HTMLparser.h>

#include "common/base/hex.h"
#include "common/base/text.h"
#include "common/pypi/index_builder.h"
#include "common/pypi/index_page.h"

namespace rind::pypi {
namespace {

struct Link {
  std::string href, text;
  std::optional<std::string> requires_python, yanked, core_metadata;
};

struct Reading {
  std::vector<Link> links;
  std::string api_version;
  std::size_t max_links = 0;
  bool overflow = false;
  bool in_link = false;
};

std::string_view View(const xmlChar* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

std::optional<std::string> Attribute(const xmlChar** attributes, std::string_view name) {
  if (attributes == nullptr) return std::nullopt;
  for (std::size_t i = 0; attributes[i] != nullptr; i += 2) {
    if (View(attributes[i]) == name) return std::string(View(attributes[i + 1]));
  }
  return std::nullopt;
}

void OnStart(void* context, const xmlChar* element, const xmlChar** attributes) {
  auto& reading = *static_cast<Reading*>(context);
  const std::string_view name = View(element);
  if (name == "meta" && Attribute(attributes, "name") == "pypi:repository-version") {
    reading.api_version = Attribute(attributes, "content").value_or("");
  }
  if (name != "a") return;
  if (reading.links.size() >= reading.max_links) {
    reading.overflow = true;
    return;
  }
  Link link;
  link.href = Attribute(attributes, "href").value_or("");
  link.requires_python = Attribute(attributes, "data-requires-python");
  link.yanked = Attribute(attributes, "data-yanked");
  link.core_metadata = Attribute(attributes, "data-core-metadata");
  if (!link.core_metadata) link.core_metadata = Attribute(attributes, "data-dist-info-metadata");
  reading.links.push_back(std::move(link));
  reading.in_link = true;
}

void OnEnd(void* context, const xmlChar* element) {
  if (View(element) == "a") static_cast<Reading*>(context)->in_link = false;
}

void OnText(void* context, const xmlChar* text, int size) {
  auto& reading = *static_cast<Reading*>(context);
  constexpr std::size_t kMaxText = 1000;
  if (!reading.in_link || reading.overflow || size <= 0) return;
  std::string& out = reading.links.back().text;
  if (out.size() < kMaxText) {
    out.append(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  }
}

Status ReadHtml(std::string_view bytes, std::string_view what, Reading& reading) {
  // Any text is HTML to an HTML parser; what does not begin with a tag is some error's text.
  if (!Trim(bytes.substr(0, 4096)).starts_with('<'))
    return InvalidArgument(Cat(what, ": not HTML"));
  htmlSAXHandler handler{};
  handler.startElement = OnStart;
  handler.endElement = OnEnd;
  handler.characters = OnText;
  struct Free {
    void operator()(htmlParserCtxt* context) const { htmlFreeParserCtxt(context); }
  };
  const std::unique_ptr<htmlParserCtxt, Free> context(
      htmlCreatePushParserCtxt(&handler, &reading, nullptr, 0, nullptr, XML_CHAR_ENCODING_UTF8));
  if (context == nullptr) return ResourceExhausted(Cat(what, ": no memory to read it"));
  htmlCtxtUseOptions(context.get(), HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING);
  // The size is an int there; and a piece bounds what the parser buffers at once.
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  while (!bytes.empty() && !reading.overflow) {
    const std::string_view piece = bytes.substr(0, kPiece);
    htmlParseChunk(context.get(), piece.data(), static_cast<int>(piece.size()), 0);
    bytes.remove_prefix(piece.size());
  }
  htmlParseChunk(context.get(), nullptr, 0, 1);
  if (reading.overflow) return ResourceExhausted(Cat(what, ": too many links"));
  if (!reading.api_version.empty()) RIND_RETURN_IF_ERROR(CheckApiVersion(reading.api_version));
  return OkStatus();
}

std::optional<std::string> Unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const auto byte = FromHex(ToLower(text.substr(i + 1, 2)));
    if (!byte.ok() || byte->size() != 1) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

// "sha256=<hex>" as a fragment or an attribute; "" for another algorithm or none.
std::string HashOf(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256=";
  for (const std::string& part : Split(text, '&')) {
    if (part.starts_with(kPrefix)) return part.substr(kPrefix.size());
  }
  return "";
}

RawFile ToRawFile(const Link& link) {
  RawFile raw;
  const std::string_view href = Trim(link.href);
  const std::size_t hash = href.find('#');
  raw.url = std::string(href.substr(0, hash));
  if (hash != std::string_view::npos) raw.sha256 = HashOf(href.substr(hash + 1));
  // PEP 503: the text of the link is the file name, the last segment of its address. The address
  // counts, as it does for installers.
  std::string_view path = raw.url;
  path = path.substr(0, path.find('?'));
  path = path.substr(path.find_last_of('/') + 1);  // npos + 1 is 0
  raw.filename = Unescape(path).value_or(std::string(path));
  raw.facts.requires_python = link.requires_python.value_or("");
  raw.facts.yanked = link.yanked.has_value();
  raw.facts.yanked_reason = link.yanked.value_or("");
  raw.has_core_metadata = link.core_metadata.has_value() && link.core_metadata != "false";
  if (raw.has_core_metadata) raw.core_metadata_sha256 = HashOf(*link.core_metadata);
  return raw;
}

}  // namespace

StatusOr<IndexPage> ParseIndexHtml(std::string_view bytes, const ProjectName& project) {
  Reading reading;
  reading.max_links = kMaxFilesOfPage;
  RIND_RETURN_IF_ERROR(ReadHtml(bytes, Cat("index page of ", project.text()), reading));
  IndexBuilder builder(project);
  for (const Link& link : reading.links) builder.Add(ToRawFile(link));
  return std::move(builder).Finish();
}

StatusOr<ProjectList> ParseProjectListHtml(std::string_view bytes) {
  Reading reading;
  reading.max_links = kMaxProjects;
  RIND_RETURN_IF_ERROR(ReadHtml(bytes, "list of projects", reading));
  ProjectList list;
  for (const Link& link : reading.links) {
    auto name = ProjectName::Parse(Trim(link.text));
    if (name.ok()) {
      list.projects.push_back(*std::move(name));
    } else {
      list.held_back.push_back({Printable(link.text, 80), std::string(MessageOf(name.status()))});
    }
  }
  std::sort(list.projects.begin(), list.projects.end());
  list.projects.erase(std::unique(list.projects.begin(), list.projects.end()), list.projects.end());
  return list;
}

}  // namespace rind::pypi
