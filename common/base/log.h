// What happened, for people and for machines.
//
// Promise: one line per event: plain text, or one JSON object with `time`, `level`, `service`,
// `message` and the given fields. Never a secret; values are escaped. Goes to standard error.
// Threading: thread-safe. SetUpLog() is called once, before threads start.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace rind {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogForm { kText, kJson };

struct LogField {
  std::string_view name;
  std::string value;
};

void SetUpLog(LogForm form, LogLevel lowest, std::string_view service);
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

inline void LogInfo(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, message, fields);
}
inline void LogWarning(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarning, message, fields);
}
inline void LogError(std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, message, fields);
}

// The id that joins the log lines of one request across services; "" outside of a request.
// Set for the current thread while the object lives.
class RequestIdScope {
 public:
  explicit RequestIdScope(std::string id);
  ~RequestIdScope();
  RequestIdScope(const RequestIdScope&) = delete;
  RequestIdScope& operator=(const RequestIdScope&) = delete;

 private:
  std::string previous_;
};
const std::string& CurrentRequestId();

}  // namespace rind
