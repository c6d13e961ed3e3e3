// Writes index pages. Bytes must never depend on anything but the files: no serial, no time, no
// host.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/text.h"
#include "common/pypi/index_page.h"

namespace rind::pypi {
namespace {

using Json = nlohmann::json;  // keeps members sorted by name

// PEP 700: versions, size and upload-time.
constexpr std::string_view kApiVersion = "1.1";

std::vector<const PublishedFile*> Sorted(std::span<const PublishedFile> files) {
  std::vector<const PublishedFile*> sorted;
  sorted.reserve(files.size());
  for (const PublishedFile& file : files) sorted.push_back(&file);
  std::sort(sorted.begin(), sorted.end(), [](const PublishedFile* a, const PublishedFile* b) {
    return a->distribution.filename() < b->distribution.filename();
  });
  return sorted;
}

// For text and for attributes in double quotes.
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

// Of the characters that a Distribution's name may have, only "+" is escaped: some servers and
// proxies read it as a space. "!" and "~" are fine in a path.
std::string LinkTo(const ProjectName& project, const PublishedFile& file) {
  std::string name;
  for (const char c : file.distribution.filename()) {
    if (c == '+') {
      name += "%2B";
    } else {
      name.push_back(c);
    }
  }
  return Cat("../../files/", project.text(), "/", file.sha256.Hex(), "/", name);
}

std::string HtmlHead(std::string_view title) {
  return Cat("<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n",
             "    <meta name=\"pypi:repository-version\" content=\"", kApiVersion,
             "\">\n    <title>", title, "</title>\n  </head>\n  <body>\n    <h1>", title,
             "</h1>\n");
}
constexpr std::string_view kHtmlTail = "  </body>\n</html>\n";

Json MetaOf() { return Json{{"api-version", kApiVersion}}; }

// Strings here are UTF-8 already; `replace` only keeps dump() from throwing whatever comes.
std::string Dump(const Json& document) {
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json EntryOf(const ProjectName& project, const PublishedFile& file) {
  Json entry = {{"filename", file.distribution.filename()},
                {"hashes", {{"sha256", file.sha256.Hex()}}},
                {"size", file.size},
                {"url", LinkTo(project, file)}};
  // PEP 714: the new name alone. pip 22.3 to 23.0 crashes on the object that "dist-info-metadata"
  // has in JSON, which is why the name was changed.
  if (file.core_metadata_sha256) {
    entry["core-metadata"] = {{"sha256", file.core_metadata_sha256->Hex()}};
  } else {
    entry["core-metadata"] = false;
  }
  const FileFacts& facts = file.facts;
  if (!facts.requires_python.empty()) entry["requires-python"] = facts.requires_python;
  if (!facts.upload_time.empty()) entry["upload-time"] = facts.upload_time;
  if (facts.yanked && !facts.yanked_reason.empty()) {
    entry["yanked"] = facts.yanked_reason;
  } else {
    entry["yanked"] = facts.yanked;
  }
  return entry;
}

// PEP 700: each version once, here in the order of PEP 440.
Json VersionsOf(const std::vector<const PublishedFile*>& files) {
  std::vector<Version> versions;
  for (const PublishedFile* file : files) {
    if (file->distribution.version()) versions.push_back(*file->distribution.version());
  }
  std::sort(versions.begin(), versions.end());
  versions.erase(std::unique(versions.begin(), versions.end()), versions.end());
  Json texts = Json::array();
  for (const Version& version : versions) texts.push_back(version.Text());
  return texts;
}

}  // namespace

std::string RenderIndexHtml(const ProjectName& project, std::span<const PublishedFile> files) {
  std::string page = HtmlHead(Cat("Links for ", project.text()));
  for (const PublishedFile* file : Sorted(files)) {
    page += Cat("    <a href=\"", LinkTo(project, *file), "#sha256=", file->sha256.Hex(), "\"");
    if (!file->facts.requires_python.empty()) {
      page += Cat(" data-requires-python=\"", Escape(file->facts.requires_python), "\"");
    }
    if (file->facts.yanked) {
      page += Cat(" data-yanked=\"", Escape(file->facts.yanked_reason), "\"");
    }
    if (file->core_metadata_sha256) {
      const std::string hash = file->core_metadata_sha256->Hex();
      page += Cat(" data-dist-info-metadata=\"sha256=", hash,
                  "\" data-core-metadata=\"sha256=", hash, "\"");
    }
    page += Cat(">", file->distribution.filename(), "</a><br>\n");
  }
  page += kHtmlTail;
  return page;
}

std::string RenderIndexJson(const ProjectName& project, std::span<const PublishedFile> files) {
  const std::vector<const PublishedFile*> sorted = Sorted(files);
  Json entries = Json::array();
  for (const PublishedFile* file : sorted) entries.push_back(EntryOf(project, *file));
  return Dump({{"files", std::move(entries)},
               {"meta", MetaOf()},
               {"name", project.text()},
               {"versions", VersionsOf(sorted)}});
}

std::string RenderProjectListHtml(std::span<const ProjectName> projects) {
  std::vector<ProjectName> sorted(projects.begin(), projects.end());
  std::sort(sorted.begin(), sorted.end());
  std::string page = HtmlHead("Simple index");
  for (const ProjectName& project : sorted) {
    page += Cat("    <a href=\"", project.text(), "/\">", project.text(), "</a><br>\n");
  }
  page += kHtmlTail;
  return page;
}

std::string RenderProjectListJson(std::span<const ProjectName> projects) {
  std::vector<ProjectName> sorted(projects.begin(), projects.end());
  std::sort(sorted.begin(), sorted.end());
  Json entries = Json::array();
  for (const ProjectName& project : sorted) entries.push_back({{"name", project.text()}});
  return Dump({{"meta", MetaOf()}, {"projects", std::move(entries)}});
}

}  // namespace rind::pypi
