// Measures calls over one open connection: sends a line N times, each when the answer to the one
// before has come, and prints the median time of an answer in microseconds.
//
//   call SOCKET N LINE
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace {

bool ask(int server, const std::string& line) {
  if (::write(server, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return false;
  char buffer[65536];
  for (ssize_t got; (got = ::read(server, buffer, sizeof buffer)) > 0;)
    if (buffer[got - 1] == '\n') return true;
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return 1;
  const std::string line = std::string(argv[3]) + "\n";
  std::vector<double> times(static_cast<std::size_t>(std::stoul(argv[2])));
  for (double& each : times) {
    const auto before = std::chrono::steady_clock::now();
    if (!ask(server, line)) return 1;
    each = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - before)
               .count();
  }
  std::sort(times.begin(), times.end());
  std::printf("%.1f\n", times[times.size() / 2]);
}
