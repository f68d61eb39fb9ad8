// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A file on FUSE whose server never answers a write, or a flush, which each close(2) requests. A
// process that writes or closes it hangs, where no signal reaches it, until the server is gone. The
// server never answers the look-up of a name beside it that begins with "never", or a read of the
// file "mapped", either.

#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <new>
#include <string>

#include "support/temp_dir.hpp"

namespace zinit::test {

class HangingFile {
 public:
  /// Mounts the file system, if this machine lets this user.
  HangingFile() {
    device_ = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
    void* const memory = ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (device_ < 0 || memory == MAP_FAILED) return;
    asked_ = ::new (memory) std::atomic<int>(0);
    const std::string options =
        "fd=" + std::to_string(device_) + ",rootmode=40000,user_id=0,group_id=0,allow_other";
    mounted_ = ::mount("hanging", directory_.path().c_str(), "fuse", MS_NOSUID | MS_NODEV,
                       options.c_str()) == 0;
    if (!mounted_) return;
    server_ = ::fork();
    if (server_ == 0) serve();
    ::close(device_);  // the server has the last copy
    device_ = -1;
  }
  ~HangingFile() { end(); }
  HangingFile(const HangingFile&) = delete;
  HangingFile& operator=(const HangingFile&) = delete;

  [[nodiscard]] bool works() const { return server_ > 0; }
  [[nodiscard]] std::string path() const { return directory_ / "file"; }
  /// A path that nobody can look up.
  [[nodiscard]] std::string never(const std::string& name) const {
    return directory_ / ("never-" + name);
  }
  /// A file of 4096 bytes: a process that touches a mapping of it hangs.
  [[nodiscard]] std::string mapped() const { return directory_ / "mapped"; }
  /// How often a call that hangs has asked the server so far.
  [[nodiscard]] int asked() const { return *asked_; }

  /// Ends the server, so that hanging calls return. Call it before this process closes the file.
  void end() {
    if (server_ > 0) {
      ::kill(server_, SIGKILL);
      ::waitpid(server_, nullptr, 0);
      server_ = -1;
    }
    if (device_ >= 0) ::close(device_);
    device_ = -1;
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
    mounted_ = false;
  }

 private:
  static constexpr std::uint64_t kFile = 2, kMapped = 3;

  static fuse_attr attributes(std::uint64_t node) {
    fuse_attr attr{};
    attr.ino = node;
    attr.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0666;
    attr.nlink = 1;
    attr.size = node == kMapped ? 4096 : 0;
    return attr;
  }

  template <class Body>
  void answer(std::uint64_t unique, const Body& body, std::size_t size = sizeof(Body)) const {
    char out[sizeof(fuse_out_header) + sizeof(Body)];
    const fuse_out_header header{static_cast<std::uint32_t>(sizeof header + size), 0, unique};
    std::memcpy(out, &header, sizeof header);
    std::memcpy(out + sizeof header, &body, size);
    if (::write(device_, out, sizeof header + size) < 0) return;
  }

  [[noreturn]] void serve() {
    static char request[FUSE_MIN_READ_BUFFER + 65536];
    while (::read(device_, request, sizeof request) > 0) {
      fuse_in_header in;
      std::memcpy(&in, request, sizeof in);
      switch (in.opcode) {
        case FUSE_INIT: {
          fuse_init_out out{};
          out.major = FUSE_KERNEL_VERSION;
          out.minor = 31;
          out.max_write = 4096;
          out.flags = FUSE_PARALLEL_DIROPS;  // one look-up that hangs delays no other
          answer(in.unique, out);
          break;
        }
        case FUSE_LOOKUP: {
          if (std::strncmp(request + sizeof in, "never", 5) == 0) {
            ++*asked_;
            break;
          }
          fuse_entry_out out{};
          out.nodeid = std::strcmp(request + sizeof in, "mapped") == 0 ? kMapped : kFile;
          out.attr = attributes(out.nodeid);
          answer(in.unique, out);
          break;
        }
        case FUSE_GETATTR: {
          fuse_attr_out out{};
          out.attr = attributes(in.nodeid);
          answer(in.unique, out);
          break;
        }
        case FUSE_OPEN: answer(in.unique, fuse_open_out{}); break;
        case FUSE_READ:
          if (in.nodeid == kMapped)
            ++*asked_;
          else
            answer(in.unique, char{}, 0);
          break;
        case FUSE_WRITE:
        case FUSE_FLUSH: ++*asked_; break;
        case FUSE_FORGET:
        case FUSE_INTERRUPT: break;
        default: answer(in.unique, char{}, 0); break;
      }
    }
    ::_exit(0);
  }

  TempDir directory_;
  std::atomic<int>* asked_ = nullptr;
  int device_ = -1;
  bool mounted_ = false;
  pid_t server_ = -1;
};

}  // namespace zinit::test
