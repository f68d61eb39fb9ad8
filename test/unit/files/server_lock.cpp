// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Who holds the lock for a set of service files.
#include "files/server_lock.hpp"

#include <sys/prctl.h>

#include "state/disposal.hpp"
#include "support/test.hpp"

namespace zinit::test::files_server_lock {
namespace {

constexpr pid_t kNobody = 4194305;  // above the largest pid of the kernel

/// A process of this name with copies of all descriptors.
class Copy {
 public:
  explicit Copy(const char* name) {
    auto named = make_pipe();
    REQUIRE(named);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_NAME, name);
      named->write.reset();
      while (true) ::pause();
    }
    named->write.reset();
    char end = 0;
    REQUIRE(::read(named->read.get(), &end, 1) == 0);
  }
  ~Copy() { stop(); }
  Copy& operator=(Copy&&) = delete;

  void stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

TEST_CASE("server lock: the message names the process of a killed server that still holds it",
          "[files]") {
  const TempDir dir;
  Places places;
  places.services.runtime = dir.path();
  places.directories = {{dir.path()}};
  ServerLock::Note own;
  own.socket = "/run/z.sock";
  const auto fault = [&] {
    const auto taken = ServerLock::take(places);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().errnum == EADDRINUSE);
    return taken.error().text;
  };
  auto lock = ServerLock::take(places);
  REQUIRE(lock);
  own.pid = ::getpid();
  REQUIRE(lock->note(own));
  Copy closes(kDisposalName);
  CHECK_THAT(fault(), Catch::Contains("beside another server, pid " + std::to_string(own.pid)));
  own.pid = kNobody;  // the server was killed
  REQUIRE(lock->note(own));
  CHECK_THAT(fault(), Catch::Contains("its process " + std::to_string(closes.pid()) + " holds"));
  lock = ServerLock();
  closes.stop();
  CHECK(ServerLock::take(places));
}

}  // namespace
}  // namespace zinit::test::files_server_lock
