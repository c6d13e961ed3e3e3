#include "common/base/log.h"

#include <memory>
#include <utility>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "common/base/text.h"

namespace rind {
namespace {

thread_local std::string current_request_id;

struct Sink {
  std::shared_ptr<spdlog::logger> logger = spdlog::stderr_color_mt("rind");
  LogForm form = LogForm::kText;
  std::string service;
};

Sink& TheSink() {
  static Sink* const sink = new Sink;  // never destroyed: threads may log until the end
  return *sink;
}

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

void AppendJsonString(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte >= 0x7F) {
      out.append("\\u00");
      out.push_back(kDigits[byte >> 4U]);
      out.push_back(kDigits[byte & 0x0FU]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

std::string JsonLine(const Sink& sink, std::string_view message,
                     std::initializer_list<LogField> fields) {
  std::string line;
  const auto member = [&line](std::string_view name, std::string_view value) {
    line.push_back(',');
    AppendJsonString(line, name);
    line.push_back(':');
    AppendJsonString(line, value);
  };
  member("service", sink.service);
  member("message", message);
  if (!current_request_id.empty()) member("request_id", current_request_id);
  for (const LogField& field : fields) member(field.name, field.value);
  return line;
}

std::string TextLine(std::string_view message, std::initializer_list<LogField> fields) {
  std::string line = Printable(message, 2000);
  for (const LogField& field : fields) {
    line += Cat("  ", field.name, "=", Printable(field.value, 1000));
  }
  if (!current_request_id.empty()) line += Cat("  request_id=", current_request_id);
  return line;
}

}  // namespace

void SetUpLog(LogForm form, LogLevel lowest, std::string_view service) {
  Sink& sink = TheSink();
  sink.form = form;
  sink.service = std::string(service);
  sink.logger->set_level(LevelOf(lowest));
  sink.logger->flush_on(spdlog::level::debug);
  if (form == LogForm::kJson) {
    sink.logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l"%v})",
                             spdlog::pattern_time_type::utc);
  } else {
    sink.logger->set_pattern("%Y-%m-%dT%H:%M:%SZ %L %v", spdlog::pattern_time_type::utc);
  }
}

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  const Sink& sink = TheSink();
  if (!sink.logger->should_log(LevelOf(level))) return;
  const std::string line =
      sink.form == LogForm::kJson ? JsonLine(sink, message, fields) : TextLine(message, fields);
  sink.logger->log(LevelOf(level), "{}", line);
}

RequestIdScope::RequestIdScope(std::string id) : previous_(std::move(current_request_id)) {
  current_request_id = std::move(id);
}
RequestIdScope::~RequestIdScope() { current_request_id = std::move(previous_); }

const std::string& CurrentRequestId() { return current_request_id; }

}  // namespace rind
