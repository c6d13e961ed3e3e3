#include "common/runtime/passphrase.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sodium.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/text.h"

namespace rind::runtime {
namespace {

constexpr std::uint32_t kOthersMask = 077;

// Takes the first line of `text` and wipes all of it.
StatusOr<SecretBytes> FirstLine(std::string text, std::string_view where) {
  const std::size_t end = text.find('\n');
  if (end != std::string::npos) {
    sodium_memzero(text.data() + end, text.size() - end);
    text.resize(end);
  }
  if (!text.empty() && text.back() == '\r') text.pop_back();
  const bool too_long = text.size() > kMaxPassphraseBytes;
  const bool empty = text.empty();
  auto secret = SecretBytes::TakeFrom(text);
  if (empty) return FailedPrecondition(Cat(where, ": the passphrase is empty"));
  if (too_long) {
    return FailedPrecondition(
        Cat(where, ": the passphrase has more than ", kMaxPassphraseBytes, " bytes"));
  }
  return secret;
}

StatusOr<SecretBytes> ReadLine(int descriptor, std::string_view where) {
  std::string line;
  line.reserve(kMaxPassphraseBytes + 2);  // so that no copy is left behind by growing
  while (line.size() <= kMaxPassphraseBytes) {
    char byte = 0;
    const ssize_t got = read(descriptor, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      sodium_memzero(line.data(), line.size());
      return Unavailable(Cat(where, ": can't be read"));
    }
    if (got == 0 || byte == '\n') break;
    line.push_back(byte);
  }
  return FirstLine(std::move(line), where);
}

// The terminal without echo while the object lives.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    on_ = tcgetattr(terminal_, &before_) == 0;
    if (!on_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    on_ = tcsetattr(terminal_, TCSAFLUSH, &silent) == 0;
  }
  ~Silence() {
    if (on_) tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  bool on() const { return on_; }

 private:
  int terminal_;
  termios before_ = {};
  bool on_ = false;
};

StatusOr<SecretBytes> AskOn(int terminal, const std::string& prompt) {
  const Silence silence(terminal);
  if (!silence.on()) return FailedPrecondition("the terminal can't hide what is typed");
  const std::string question = Cat(prompt, ": ");
  if (write(terminal, question.data(), question.size()) < 0) {
    return Unavailable("the terminal can't be written to");
  }
  auto secret = ReadLine(terminal, "terminal");
  if (write(terminal, "\n", 1) < 0) return Unavailable("the terminal can't be written to");
  return secret;
}

}  // namespace

StatusOr<SecretBytes> ReadPassphraseFile(const FileReader& files, const std::string& path) {
  RIND_ASSIGN_OR_RETURN(const FileInfo info, files.Stat(path));
  if (info.kind != FileKind::kFile) {
    return FailedPrecondition(Cat(path, ": is no plain file, wanted a passphrase file"));
  }
  if ((info.mode & kOthersMask) != 0) {
    return FailedPrecondition(
        Cat(path, ": group or others may read or change it, wanted mode 0600 or 0400"));
  }
  RIND_ASSIGN_OR_RETURN(std::string text, files.Read(path, kMaxPassphraseBytes + 2));
  return FirstLine(std::move(text), path);
}

StatusOr<SecretBytes> ReadPassphraseDescriptor(int descriptor) {
  return ReadLine(descriptor, Cat("descriptor ", descriptor));
}

StatusOr<SecretBytes> AskPassphrase(const std::string& prompt) {
  const int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) {
    return FailedPrecondition(
        "there is no terminal to ask for the passphrase; give a passphrase file instead");
  }
  auto secret = AskOn(terminal, prompt);
  close(terminal);
  return secret;
}

StatusOr<SecretBytes> ChoosePassphrase(const FileReader& files, const std::string& path,
                                       const std::vector<std::string>& arguments,
                                       const std::string& prompt) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] != "--passphrase-fd") continue;
    const auto descriptor =
        i + 1 < arguments.size() ? ParseUnsigned(arguments[i + 1], 1023) : std::nullopt;
    if (!descriptor.has_value()) {
      return InvalidArgument("--passphrase-fd: wanted the number of an open descriptor");
    }
    return ReadPassphraseDescriptor(static_cast<int>(*descriptor));
  }
  if (path.empty()) return AskPassphrase(prompt);
  return ReadPassphraseFile(files, path);
}

}  // namespace rind::runtime
