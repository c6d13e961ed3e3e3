// What a client gets to see when it does not get what it asked for.
//
// Promise: a refusal is 403 with a reason phrase of one line, printable ASCII, at most 200 bytes
// (all that pip shows); absent is 404; a mirror that can't be reached is 502. The body has the
// whole story and what to do. Threading: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rind::gateway {

struct ErrorAnswer {
  int status = 500;
  std::string reason;
  std::string body;
};

// `asked` is the request's path, `mirror` the mirror's address.
ErrorAnswer ErrorFor(const Status& error, std::string_view asked, std::string_view mirror);

// A refusal of the gateway's own: address, page and target disagree.
Status Disagree(std::string_view message);

}  // namespace rind::gateway
