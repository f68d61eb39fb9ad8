// Making datagram sockets and receiving from them.
#include "io/datagram_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/unix_address.hpp"

namespace zinit {

namespace {

UniqueFd datagram_socket() noexcept {
  return UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void take_fds(const cmsghdr& header, std::vector<UniqueFd>& fds) {
  const std::size_t count = (header.cmsg_len - CMSG_LEN(0)) / sizeof(int);
  std::array<int, kMostFds> numbers;
  std::memcpy(numbers.data(), CMSG_DATA(&header), std::min(count, kMostFds) * sizeof(int));
  std::array<UniqueFd, kMostFds> held;  // first: what follows may lack memory
  for (std::size_t i = 0; i < std::min(count, kMostFds); ++i) held[i].reset(numbers[i]);
  for (std::size_t i = 0; i < std::min(count, kMostFds); ++i) fds.push_back(std::move(held[i]));
}

}  // namespace

Result<UniqueFd> make_datagram_socket() {
  UniqueFd fd = datagram_socket();
  if (!fd) return sys_failure("make", "a datagram socket");
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
    return sys_failure("ask for credentials on", "a datagram socket");
  return fd;
}

bool receive_datagram(int fd, std::span<char> buffer, std::span<std::byte> beside,
                      Datagram& datagram) {
  datagram = {};
  iovec part{buffer.data(), buffer.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = beside.data();
  header.msg_controllen = beside.size();
  ssize_t got;
  do got = ::recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return false;
  datagram.text = std::string_view(buffer.data(), static_cast<std::size_t>(got));
  datagram.whole = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level != SOL_SOCKET) continue;
    if (each->cmsg_type == SCM_RIGHTS) take_fds(*each, datagram.fds);
    if (each->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials{};
      std::memcpy(&credentials, CMSG_DATA(each), sizeof credentials);
      datagram.sender = credentials.pid;
    }
  }
  return true;
}

int try_datagram_socket(const std::string& path) noexcept {
  const UniqueFd fd = datagram_socket();
  if (!fd) return errno;
  const sockaddr_un address = unix_address(path);
  return ::connect(fd.get(), generic(address), sizeof address) == 0 ? 0 : errno;
}

}  // namespace zinit
