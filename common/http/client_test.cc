#include "common/http/client.h"

#include <atomic>
#include <cstdlib>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/synchronization/notification.h"
#include "common/base/text.h"
#include "common/http/raw_peer_test_support.h"
#include "common/http/server.h"

namespace rind::http {
namespace {

using ::testing::HasSubstr;

Client MakeClient(const ClientOptions& options = {}) {
  auto client = Client::Create(options);
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

std::unique_ptr<Server> Serve(Server::Handler handler) {
  auto server = Server::Start({}, std::move(handler));
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

std::string UrlOf(const Server& server, std::string_view path) {
  return Cat("http://127.0.0.1:", server.port(), path);
}

TEST(HttpClient, GetsABodyWithItsHeaders) {
  const auto server = Serve([](const ServerRequest& request, ResponseWriter& out) {
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.target, "/a/../b%20c?d");  // sent as it is
    EXPECT_EQ(request.accept, "text/x");
    EXPECT_TRUE(out.Send(200, "", {{"X-Serial", " 7 "}}, "hello").ok());
  });
  Client client = MakeClient();
  const auto response = client.Get(
      {.url = UrlOf(*server, "/a/../b%20c?d"), .headers = {{"Accept", "text/x"}}, .max_bytes = 5});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ(response->headers.at("x-serial"), "7");
}

TEST(HttpClient, AStatusIsAValueAnd5xxIsUnavailable) {
  const auto server = Serve([](const ServerRequest& request, ResponseWriter& out) {
    const int status = request.target == "/404" ? 404 : request.target == "/301" ? 301 : 503;
    // The client may hang up before it has read all of an error's body: the result is not asserted.
    (void)out.Send(status, "", {{"Location", "/x"}}, std::string(100'000, 'x'));
  });
  Client client = MakeClient();
  const auto absent = client.Get({.url = UrlOf(*server, "/404"), .max_bytes = 10});
  ASSERT_TRUE(absent.ok()) << absent.status();
  EXPECT_EQ(absent->status, 404);
  EXPECT_LE(absent->body.size(), 16U * 1024);
  const auto moved = client.Get({.url = UrlOf(*server, "/301"), .max_bytes = 10});
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->status, 301) << "redirects are the caller's";
  EXPECT_TRUE(
      absl::IsUnavailable(client.Get({.url = UrlOf(*server, "/"), .max_bytes = 9}).status()));
}

TEST(HttpClient, C12EndlessDataEndsAtTheLimit) {
  std::atomic<std::uint64_t> sent = 0;
  const RawPeer peer([&sent](int socket, const std::string&) {
    const std::string piece = Cat("10000\r\n", std::string(0x10000, 'x'), "\r\n");
    bool open = SendAll(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (open) {
      open = SendAll(socket, piece);
      sent += piece.size();
    }
  });
  Client client = MakeClient();
  std::uint64_t taken = 0;
  const auto response =
      client.GetTo({.url = peer.Url(), .max_bytes = 1'000'000}, [&taken](std::string_view piece) {
        taken += piece.size();
        return OkStatus();
      });
  EXPECT_TRUE(absl::IsResourceExhausted(response.status())) << response.status();
  EXPECT_THAT(MessageOf(response.status()), HasSubstr("1000000 bytes"));
  EXPECT_LE(taken, 1'000'000U);
}

TEST(HttpClient, C12AnAnnouncedLengthThatIsALieCanNotPassTheLimit) {
  const RawPeer peer([](int socket, const std::string&) {
    SendAll(socket, Cat("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
                        std::string(100'000, 'x')));
  });
  Client client = MakeClient();
  EXPECT_TRUE(
      absl::IsResourceExhausted(client.Get({.url = peer.Url(), .max_bytes = 50'000}).status()));
  // Within the limit, but shorter than announced.
  EXPECT_TRUE(absl::IsDataLoss(client.Get({.url = peer.Url(), .max_bytes = 200'000}).status()));
}

TEST(HttpClient, C12ASilentServerEndsAtTheDeadline) {
  absl::Notification done;
  const RawPeer peer([&done](int socket, const std::string&) {
    SendAll(socket, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh");
    done.WaitForNotification();
  });
  Client client = MakeClient();
  const auto response =
      client.Get({.url = peer.Url(), .max_bytes = 5, .timeout = absl::Milliseconds(100)});
  done.Notify();
  EXPECT_TRUE(absl::IsDeadlineExceeded(response.status())) << response.status();
}

TEST(HttpClient, C12ATrickleEndsLongBeforeTheDeadline) {
  absl::Notification done;
  const RawPeer peer([&done](int socket, const std::string&) {
    SendAll(socket, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    while (!done.WaitForNotificationWithTimeout(absl::Milliseconds(50)) && SendAll(socket, "x")) {
    }
  });
  Client client = MakeClient({.slow_for = absl::Seconds(1)});
  const auto response =
      client.Get({.url = peer.Url(), .max_bytes = 5000, .timeout = absl::Minutes(10)});
  done.Notify();
  EXPECT_TRUE(absl::IsDeadlineExceeded(response.status())) << response.status();
}

TEST(HttpClient, C12EndlessHeadersEnd) {
  const RawPeer peer([](int socket, const std::string&) {
    bool open = SendAll(socket, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; open; ++i)
      open = SendAll(socket, Cat("X-", i, ": ", std::string(1000, 'x'), "\r\n"));
  });
  Client client = MakeClient();
  EXPECT_TRUE(
      absl::IsResourceExhausted(client.Get({.url = peer.Url(), .max_bytes = 100}).status()));
}

TEST(HttpClient, WhatIsNoHttpIsUnavailable) {
  const RawPeer peer(
      [](int socket, const std::string&) { SendAll(socket, "220 mail.example.org\r\n"); });
  Client client = MakeClient();
  EXPECT_TRUE(absl::IsUnavailable(client.Get({.url = peer.Url(), .max_bytes = 100}).status()));
}

TEST(HttpClient, NobodyListeningIsUnavailable) {
  std::string url;
  {
    const auto server = Serve([](const ServerRequest&, ResponseWriter&) {});
    url = UrlOf(*server, "/");
  }
  Client client = MakeClient();
  EXPECT_TRUE(absl::IsUnavailable(client.Get({.url = url, .max_bytes = 1}).status()));
}

TEST(HttpClient, RefusesOtherProtocolsAndMissingLimits) {
  Client client = MakeClient();
  EXPECT_TRUE(absl::IsInvalidArgument(
      client.Get({.url = "file:///etc/hostname", .max_bytes = 100}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(client.Get({.url = "http://127.0.0.1:1/"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      client.Get({.url = "http://127.0.0.1:1/", .headers = {{"A", "b\r\nC: d"}}, .max_bytes = 1})
          .status()));
}

TEST(HttpClient, ReadsNoProxyFromTheEnvironment) {
  const auto server = Serve([](const ServerRequest&, ResponseWriter& out) {
    EXPECT_TRUE(out.Send(200, "", {}, "x").ok());
  });
  ASSERT_EQ(::setenv("http_proxy", "http://127.0.0.1:1/", 1), 0);
  Client client = MakeClient();
  const auto response = client.Get({.url = UrlOf(*server, "/"), .max_bytes = 1});
  ::unsetenv("http_proxy");
  EXPECT_TRUE(response.ok()) << response.status();
}

TEST(HttpClient, AsksTheProxyThatItWasGiven) {
  const RawPeer proxy([](int socket, const std::string& request) {
    EXPECT_THAT(request, HasSubstr("GET http://index.example.org/simple/ HTTP/1.1"));
    SendAll(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  Client client = MakeClient({.proxy = proxy.Url()});
  const auto response = client.Get({.url = "http://index.example.org/simple/", .max_bytes = 2});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, "ok");
}

TEST(HttpClient, SendsCredentialsWithTheirRequestOnly) {
  std::vector<std::string> requests;
  const RawPeer peer([&requests](int socket, const std::string& request) {
    requests.push_back(request);
    SendAll(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  std::string text = "me:secret";
  auto secret = SecretBytes::TakeFrom(text);
  ASSERT_TRUE(secret.ok());
  {
    Client client = MakeClient();
    EXPECT_TRUE(client.Get({.url = peer.Url(), .credentials = &*secret, .max_bytes = 1}).ok());
    EXPECT_TRUE(client.Get({.url = peer.Url(), .max_bytes = 1}).ok());
  }
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[0], HasSubstr("Authorization: Basic bWU6c2VjcmV0"));
  EXPECT_EQ(requests[1].find("Authorization"), std::string::npos);
}

TEST(HttpClient, AnErrorOfTheSinkIsReturned) {
  const auto server = Serve([](const ServerRequest&, ResponseWriter& out) {
    (void)out.Send(200, "", {}, "hello");  // the client may be gone before the end
  });
  Client client = MakeClient();
  const auto response = client.GetTo({.url = UrlOf(*server, "/"), .max_bytes = 5},
                                     [](std::string_view) { return PermissionDenied("enough"); });
  EXPECT_TRUE(absl::IsPermissionDenied(response.status())) << response.status();
}

TEST(HttpClient, CountsBytesAfterDecompression) {
  // 100,000 zero bytes, gzipped.
  const std::string bomb = [] {
    std::string bytes("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03", 10);
    // Stored blocks of deflate: no compression, but the decoder has to run.
    for (int left = 2; left > 0; --left) {
      bytes.push_back(left == 1 ? '\1' : '\0');
      bytes.append("\x50\xc3\xaf\x3c", 4);  // 50,000 and its complement
      bytes.append(std::string(50'000, '\0'));
    }
    return bytes;
  }();
  const auto server = Serve([&bomb](const ServerRequest& request, ResponseWriter& out) {
    EXPECT_EQ(request.accept_encoding, "gzip");
    (void)out.Send(200, "", {{"Content-Encoding", "gzip"}}, bomb);  // cut off by the client
  });
  Client client = MakeClient();
  EXPECT_TRUE(absl::IsResourceExhausted(
      client.Get({.url = UrlOf(*server, "/"), .max_bytes = 99'999, .accept_compressed = true})
          .status()));
}

TEST(HttpClient, CancelEndsWhatRunsAndWhatComes) {
  absl::Notification asked, done;
  const RawPeer peer([&](int, const std::string&) {
    asked.Notify();
    done.WaitForNotification();
  });
  Client client = MakeClient();
  Status running;
  std::thread thread([&] { running = client.Get({.url = peer.Url(), .max_bytes = 1}).status(); });
  asked.WaitForNotification();
  client.Cancel();
  thread.join();
  done.Notify();
  EXPECT_TRUE(absl::IsCancelled(running)) << running;
  EXPECT_TRUE(absl::IsCancelled(client.Get({.url = peer.Url(), .max_bytes = 1}).status()));
}

TEST(HttpClient, ServesManyThreadsAtOnce) {
  const auto server = Serve([](const ServerRequest& request, ResponseWriter& out) {
    EXPECT_TRUE(out.Send(200, "", {}, request.target).ok());
  });
  Client client = MakeClient();
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 50; ++j) {
        const std::string path = Cat("/", i, "/", j);
        const auto response = client.Get({.url = UrlOf(*server, path), .max_bytes = 100});
        if (response.ok() && response->body == path) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 400);
}

}  // namespace
}  // namespace rind::http
