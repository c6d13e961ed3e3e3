#include "common/base/clock.h"

#include <ctime>

#include "absl/time/civil_time.h"
#include "common/base/text.h"

namespace rind {
namespace {

// `count` decimal digits of `text` at `at`; -1 when one is not a digit.
int Digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

absl::Time SystemClock::Now() const {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return absl::TimeFromTimespec(now);
}

std::string FormatUtc(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

StatusOr<absl::Time> ParseUtc(std::string_view text) {
  const auto refuse = [text] {
    return InvalidArgument(
        Cat("time \"", Printable(text, 40), "\": wanted the form 2026-11-22T17:00:00Z"));
  };
  if (text.size() != 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text[19] != 'Z') {
    return refuse();
  }
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  const int hour = Digits(text, 11, 2);
  const int minute = Digits(text, 14, 2);
  const int second = Digits(text, 17, 2);
  if (year < 1 || month < 1 || day < 1 || hour < 0 || minute < 0 || second < 0) return refuse();
  const absl::CivilSecond civil(year, month, day, hour, minute, second);
  // CivilSecond normalises 2026-02-30 to March: a real date comes back as it went in.
  if (civil.month() != month || civil.day() != day || civil.hour() != hour ||
      civil.minute() != minute || civil.second() != second) {
    return refuse();
  }
  return absl::FromCivil(civil, absl::UTCTimeZone());
}

std::string FormatSpan(absl::Duration span) {
  if (span < absl::ZeroDuration()) return Cat("-", FormatSpan(-span));
  const std::int64_t seconds = absl::ToInt64Seconds(span);
  if (seconds < 60) return Cat(seconds, " s");
  if (seconds < 3600) return Cat(seconds / 60, " m");
  if (seconds < std::int64_t{2} * 86400) return Cat(seconds / 3600, " h ", seconds / 60 % 60, " m");
  return Cat(seconds / 86400, " d");
}

}  // namespace rind
