// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A process of another user that adds files to a directory as long as it can, and a file system in
// memory for it, on which files are made faster than they are removed.

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

namespace zinit::test {

/// Makes a directory with a file system of its own.
class Tmpfs {
 public:
  explicit Tmpfs(std::string path) : path_(std::move(path)) {
    mounted_ = ::mkdir(path_.c_str(), 0755) == 0 &&
               ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "mode=0755,nr_inodes=100k") == 0;
  }
  ~Tmpfs() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    ::rmdir(path_.c_str());
  }
  Tmpfs(const Tmpfs&) = delete;
  Tmpfs& operator=(const Tmpfs&) = delete;

  /// False if this process may not mount.
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

class Filler {
 public:
  enum class Way {
    by_path,  // makes files in the directory by its path
    inside,   // makes files in its working directory
    deeper,   // makes a directory in it, goes there and does the same
  };

  /// Only for root; the process becomes `uid`.
  Filler(const std::string& directory, Way way, uid_t uid)
      : number_(++made()),
        first_(directory + (way == Way::deeper ? "/deeper" : name_of(number_, 0))),
        pid_(::fork()) {
    if (pid_ == 0) fill(directory.c_str(), way, uid, number_);
  }
  ~Filler() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  /// The path of the first file.
  [[nodiscard]] const std::string& first() const { return first_; }
  Filler(const Filler&) = delete;
  Filler& operator=(const Filler&) = delete;

 private:
  static constexpr int kNames = 1000000;

  static int& made() {
    static int count = 0;
    return count;
  }
  static std::string name_of(int filler, int file) {
    return "/filled-" + std::to_string(filler) + "-" + std::to_string(file);
  }

  /// Only makes system calls, because the copied process may have threads.
  [[noreturn]] static void fill(const char* directory, Way way, uid_t uid, int number) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::umask(0);
    if (::setgid(uid) != 0 || ::setuid(uid) != 0) ::_exit(1);
    if (way != Way::by_path && ::chdir(directory) != 0) ::_exit(2);
    while (way == Way::deeper)
      if (::mkdir("deeper", 0777) == 0) (void)!::chdir("deeper");
    for (int i = 0;; i = (i + 1) % kNames) {
      char name[4096];
      const char* const in = way == Way::by_path ? directory : ".";
      std::snprintf(name, sizeof name, "%s/filled-%d-%d", in, number, i);
      const int fd = ::open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
      if (fd >= 0) ::close(fd);
    }
  }

  const int number_;
  const std::string first_;
  const pid_t pid_;
};

}  // namespace zinit::test
