// Measures a flood of lines into a log file: has the program that writes the lines, a loop that
// only copies a pipe into a file, and a client that starts the flood in zinit and measures it.
//
//   flood lines N                            writes N lines of 100 bytes
//   flood append FILE N                      has a child write them, and copies them into FILE;
//                                            prints the microseconds
//   flood through SOCKET SERVICE FILE BYTES  starts SERVICE and waits until FILE has so many bytes;
//                                            prints the microseconds, and the 99th percentile of
//                                            those of pings that it sends meanwhile
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point from) {
  return std::chrono::duration<double, std::micro>(Clock::now() - from).count();
}

int lines(long count) {
  const std::string rest(91, 'x');
  for (long i = 0; i < count; ++i) std::printf("%08ld%s\n", i, rest.c_str());
  return std::fflush(stdout) == 0 ? 0 : 1;
}

int append(const char* path, long count) {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  int ends[2];
  if (file < 0 || ::pipe2(ends, O_CLOEXEC) < 0) return 1;
  const auto start = Clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    std::exit(lines(count));
  }
  ::close(ends[1]);
  static char block[65536];
  for (ssize_t got; (got = ::read(ends[0], block, sizeof block)) > 0;)
    if (::write(file, block, static_cast<std::size_t>(got)) != got) return 1;
  std::printf("%.0f\n", us_since(start));
  ::waitpid(child, nullptr, 0);
  return 0;
}

int connect_to(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    std::exit(1);
  return server;
}

void ask(int server, const std::string& line) {
  if (::write(server, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::exit(1);
  char buffer[65536];
  for (ssize_t got; (got = ::read(server, buffer, sizeof buffer)) > 0;)
    if (buffer[got - 1] == '\n') return;
  std::exit(1);
}

int through(const char* socket, const std::string& service, const char* file, long bytes) {
  const int server = connect_to(socket);
  ask(server, R"({"jsonrpc":"2.0","id":1,"method":"system.ping"})" "\n");
  const auto start = Clock::now();
  ask(server, R"({"jsonrpc":"2.0","id":1,"method":"service.start","params":{"name":")" + service +
                  "\"}}\n");
  std::vector<double> pings;
  struct stat status {};
  while (::stat(file, &status) < 0 || status.st_size < bytes) {
    const auto before = Clock::now();
    ask(server, R"({"jsonrpc":"2.0","id":1,"method":"system.ping"})" "\n");
    pings.push_back(us_since(before));
    if (us_since(start) > 60e6) return 1;  // lines were lost
    ::usleep(200);
  }
  std::printf("%.0f ", us_since(start));
  if (pings.empty()) return 1;
  std::sort(pings.begin(), pings.end());
  std::printf("%.1f\n", pings[(pings.size() - 1) * 99 / 100]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "lines" && argc == 3) return lines(std::atol(argv[2]));
  if (what == "append" && argc == 4) return append(argv[2], std::atol(argv[3]));
  if (what == "through" && argc == 6)
    return through(argv[2], argv[3], argv[4], std::atol(argv[5]));
  return 2;
}
