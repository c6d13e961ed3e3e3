#include "services/gateway/page_form.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/base/text.h"

namespace rind::gateway {
namespace {

// Thousandths; nothing for a malformed one. RFC 9110 section 12.4.2: at most three decimals.
std::optional<int> ParseQuality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int value = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int unit = 100;
  for (std::size_t i = 2; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value += (text[i] - '0') * unit;
  }
  return value <= 1000 ? std::optional(value) : std::nullopt;
}

struct Range {
  std::string type;
  int quality = 1000;
};

std::optional<Range> ParseRange(std::string_view text) {
  const auto parts = Split(text, ';');
  Range range{.type = ToLower(Trim(parts[0]))};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string parameter = ToLower(Trim(parts[i]));
    if (!parameter.starts_with("q=")) continue;
    const auto quality = ParseQuality(std::string_view(parameter).substr(2));
    if (!quality) return std::nullopt;
    range.quality = *quality;
  }
  return range;
}

struct Offer {
  PageForm form;
  std::array<std::string_view, 2> types;  // the second is what "latest" means today
};

constexpr std::array<Offer, 3> kOffers = {{
    {PageForm::kJson,
     {"application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.latest+json"}},
    {PageForm::kPypiHtml,
     {"application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.latest+html"}},
    {PageForm::kTextHtml, {"text/html", "text/html"}},
}};

// Quality and specificity (2 exact, 1 type/*, 0 */*) of the range that speaks for `offer`.
struct Fit {
  int quality = 0;
  int specific = -1;
};

Fit FitOf(const Offer& offer, const std::vector<Range>& ranges) {
  Fit best;
  const std::string family = std::string(offer.types[0].substr(0, offer.types[0].find('/')));
  for (const Range& range : ranges) {
    int specific = -1;
    if (range.type == offer.types[0] || range.type == offer.types[1]) {
      specific = 2;
    } else if (range.type == Cat(family, "/*")) {
      specific = 1;
    } else if (range.type == "*/*") {
      specific = 0;
    }
    if (specific > best.specific) best = {range.quality, specific};
  }
  return best;
}

}  // namespace

std::optional<PageForm> ChooseForm(std::string_view accept) {
  if (Trim(accept).empty()) return PageForm::kTextHtml;
  std::vector<Range> ranges;
  for (const std::string& part : Split(accept, ',')) {
    if (const auto range = ParseRange(part)) ranges.push_back(*range);
  }
  std::optional<PageForm> chosen;
  Fit best;
  for (const Offer& offer : kOffers) {
    const Fit fit = FitOf(offer, ranges);
    if (fit.quality == 0) continue;
    // Between equals the one that is named; with nothing named, text/html.
    const bool wildcard_to_html =
        fit.quality == best.quality && fit.specific == 0 && best.specific == 0;
    if (!chosen || fit.quality > best.quality ||
        (fit.quality == best.quality && fit.specific > best.specific) || wildcard_to_html) {
      chosen = offer.form;
      best = fit;
    }
  }
  return chosen;
}

std::string_view MediaTypeOf(PageForm form) {
  switch (form) {
    case PageForm::kJson:
      return "application/vnd.pypi.simple.v1+json";
    case PageForm::kPypiHtml:
      return "application/vnd.pypi.simple.v1+html; charset=utf-8";
    case PageForm::kTextHtml:
      return "text/html; charset=utf-8";
  }
  return "";
}

}  // namespace rind::gateway
