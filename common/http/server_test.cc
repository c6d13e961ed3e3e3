#include "common/http/server.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"
#include "common/base/text.h"
#include "common/http/client.h"
#include "common/http/raw_peer_test_support.h"

namespace rind::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::unique_ptr<Server> Serve(Server::Handler handler, const ServerOptions& options = {}) {
  auto server = Server::Start(options, std::move(handler));
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

void Hello(const ServerRequest&, ResponseWriter& out) {
  EXPECT_TRUE(out.Send(200, "", {{"Content-Type", "text/plain"}}, "hello").ok());
}

// All that the server says to `request` until it closes.
std::string Say(const Server& server, std::string_view request) {
  const int socket = ConnectTo(server.port());
  EXPECT_GE(socket, 0);
  EXPECT_TRUE(SendAll(socket, request));
  std::string answer = ReadAll(socket);
  ::close(socket);
  return answer;
}

TEST(HttpServer, AReasonPhraseReachesTheClient) {
  const auto server = Serve([](const ServerRequest&, ResponseWriter& out) {
    EXPECT_TRUE(out.Send(403, "rind refused: bin-3 v2 wants sha256 9f2c", {}, "the story").ok());
  });
  const std::string answer = Say(*server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 403 rind refused: bin-3 v2 wants sha256 9f2c\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nthe story"));
}

TEST(HttpServer, HeadHasTheHeadersOfGetAndNoBody) {
  const auto server = Serve(&Hello);
  const std::string answer =
      Say(*server, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpServer, KeepsAConnectionForTheNextRequest) {
  const auto server = Serve(&Hello);
  const int socket = ConnectTo(server->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(SendAll(socket, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_THAT(ReadUntil(socket, "hello"), HasSubstr("Connection: keep-alive"));
  }
  ::close(socket);
}

TEST(HttpServer, AnswersWrongRequestsAndClosesThem) {
  const auto server = Serve(&Hello);
  struct Case {
    std::string request;
    std::string wanted;
  };
  for (const Case& each : std::initializer_list<Case>{
           {"POST / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 "},
           {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 413 "},
           {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 413 "},
           {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
           {"this is no HTTP\r\n\r\n", "HTTP/1.1 400 "},
           {"GET / HTTP/1.1\r\nBad Header\r\n\r\n", "HTTP/1.1 400 "},
           {Cat("GET /", std::string(20'000, 'x'), " HTTP/1.1\r\n\r\n"), "HTTP/1.1 431 "}}) {
    EXPECT_THAT(Say(*server, each.request), StartsWith(each.wanted)) << Printable(each.request, 60);
  }
}

TEST(HttpServer, ABodyThatIsCutShortNeverLooksComplete) {
  const auto server = Serve([](const ServerRequest&, ResponseWriter& out) {
    EXPECT_TRUE(out.Begin(200, "", {}, 10).ok());
    EXPECT_TRUE(out.Write("12345").ok());
    EXPECT_TRUE(absl::IsInternal(out.Finish())) << "five bytes are missing";
  });
  auto client = Client::Create({});
  ASSERT_TRUE(client.ok());
  const auto response =
      client->Get({.url = Cat("http://127.0.0.1:", server->port(), "/"), .max_bytes = 10});
  EXPECT_TRUE(absl::IsDataLoss(response.status())) << response.status();
}

TEST(HttpServer, HoldsAHandlerToItsPromises) {
  const auto server = Serve([](const ServerRequest& request, ResponseWriter& out) {
    if (request.target == "/nothing") return;
    EXPECT_TRUE(absl::IsInternal(out.Send(200, "a\r\nb", {}, "")));
    EXPECT_TRUE(absl::IsInternal(out.Send(200, "", {{"A", "b\nc"}}, "")));
    EXPECT_TRUE(absl::IsInternal(out.Write("x")));
    EXPECT_TRUE(out.Begin(200, "", {}, 3).ok());
    EXPECT_TRUE(absl::IsInternal(out.Send(200, "", {}, "again")));
    EXPECT_TRUE(absl::IsInternal(out.Write("1234")));
    EXPECT_TRUE(out.Write("123").ok());
    EXPECT_TRUE(out.Finish().ok());
  });
  EXPECT_THAT(Say(*server, "GET / HTTP/1.0\r\n\r\n"), EndsWith("\r\n\r\n123"));
  EXPECT_THAT(Say(*server, "GET /nothing HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
}

TEST(HttpServer, DropsAPeerThatSaysNothing) {
  const auto server = Serve(&Hello, {.idle_timeout = absl::Milliseconds(50)});
  EXPECT_EQ(Say(*server, "GET / HT"), "");
}

TEST(HttpServer, DropsAPeerThatTakesNothing) {
  absl::Notification ended;
  Status status;
  const auto server = Serve(
      [&](const ServerRequest&, ResponseWriter& out) {
        status = out.Send(200, "", {}, std::string(64U << 20U, 'x'));
        ended.Notify();
      },
      {.idle_timeout = absl::Milliseconds(50)});
  const int socket = ConnectTo(server->port());
  ASSERT_TRUE(SendAll(socket, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(ended.WaitForNotificationWithTimeout(absl::Seconds(10)));
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  ::close(socket);
}

TEST(HttpServer, TakesNoMoreConnectionsThanItMay) {
  const auto server = Serve(&Hello, {.max_connections = 1});
  const int first = ConnectTo(server->port());
  ASSERT_TRUE(SendAll(first, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(ReadUntil(first, "hello"), HasSubstr("200 OK"));
  const int second = ConnectTo(server->port());
  EXPECT_THAT(ReadAll(second), StartsWith("HTTP/1.1 503 "));
  ::close(second);
  ::close(first);
}

TEST(HttpServer, StopLetsARunningAnswerEnd) {
  absl::Notification asked, go_on;
  const auto server = Serve([&](const ServerRequest&, ResponseWriter& out) {
    asked.Notify();
    go_on.WaitForNotification();
    EXPECT_TRUE(out.Send(200, "", {}, "done").ok());
  });
  std::string answer;
  std::thread client([&] { answer = Say(*server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); });
  asked.WaitForNotification();
  std::thread stop([&] { server->Stop(absl::Seconds(30)); });
  go_on.Notify();
  stop.join();
  client.join();
  EXPECT_THAT(answer, EndsWith("done"));
  EXPECT_EQ(ConnectTo(server->port()), -1);
}

TEST(HttpServer, StopCutsOffWhatOutlastsTheGrace) {
  absl::Notification asked;
  const auto server = Serve([&](const ServerRequest&, ResponseWriter& out) {
    Status status = out.Begin(200, "", {}, std::uint64_t{1} << 40U);
    asked.Notify();
    const std::string piece(1U << 20U, 'x');
    while (status.ok()) status = out.Write(piece);
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  });
  const int socket = ConnectTo(server->port());
  ASSERT_TRUE(SendAll(socket, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  asked.WaitForNotification();
  server->Stop(absl::Milliseconds(10));
  ::close(socket);
}

TEST(HttpServer, RefusesAnAddressThatIsNone) {
  EXPECT_TRUE(absl::IsInvalidArgument(Server::Start({.address = "localhost:80"}, &Hello).status()));
  const auto server = Serve(&Hello);
  EXPECT_TRUE(absl::IsUnavailable(Server::Start({.port = server->port()}, &Hello).status()))
      << "the port is taken";
}

}  // namespace
}  // namespace rind::http
