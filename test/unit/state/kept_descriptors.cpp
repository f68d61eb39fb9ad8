// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The list of descriptors that stay open over a re-execution, the descriptors that services have
// stored, and the rings in memory files: the next process image reads what the previous one has
// written.
#include "state/kept_descriptors.hpp"
#include "base/low_numbers.hpp"
#include "io/resolver.hpp"
#include "io/ring.hpp"
#include "state/memory_file.hpp"
#include "support/test.hpp"
#include "unit/support/kept_lines.hpp"
#include "watch/fd_store.hpp"

namespace zinit::test::state_kept_descriptors {
namespace {

bool closes_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

UniqueFd some_fd() { return std::move(open_fd("/dev/null", O_RDONLY).value()); }

/// Runs `image` in its own process, with its own list; returns whether it succeeded.
template <class Image>
bool in_process(Image image) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(make_kept_list() && image() ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status == 0;
}

/// Whether a thread of this process waits for something; not before it has a number.
bool sleeps(pid_t thread) {
  const auto stat = read_file(("/proc/self/task/" + std::to_string(thread) + "/stat").c_str(), 512);
  return stat && stat->find(") S ") != std::string::npos;
}

TEST_CASE("kept descriptors: those in the list stay open, all others close", "[os][kept]") {
  CHECK(in_process([] {
    KeptFd kept(some_fd(), {KeptKind::log_pipe, 1, 7});
    const UniqueFd other = some_fd();
    KeptFd gone(some_fd(), {KeptKind::log_pipe, 0, 8});
    const int gone_fd = gone.get();
    gone.reset();
    const UniqueFd reused = some_fd();
    if (reused.get() != gone_fd) return false;
    keep_over_exec(true);
    if (closes_on_exec(kept.get()) || !closes_on_exec(other.get())) return false;
    if (!closes_on_exec(reused.get()) || closes_on_exec(kept_list_fd())) return false;
    keep_over_exec(false);
    return closes_on_exec(kept.get()) && closes_on_exec(kept_list_fd());
  }));
}

// Not for ThreadSanitizer: in a process that is made by fork(2) it takes for a race what threads of
// earlier test cases did.
TEST_CASE("kept descriptors: nothing replaces another when the marks are set", "[os][kept]") {
  CHECK(in_process([] {
    KeptFd kept(some_fd(), {KeptKind::log_ring, 0, 7});
    const int before = kept.get();
    keep_over_exec(true);
    std::atomic<pid_t> thread = 0;
    std::atomic<bool> replaced = false;
    std::thread later([&] {
      UniqueFd next = some_fd();
      thread = static_cast<pid_t>(::gettid());
      kept = KeptFd(std::move(next), {KeptKind::log_ring, 0, 7});
      replaced = true;
    });
    if (!becomes_true([&] { return replaced || sleeps(thread); })) return false;
    if (replaced || closes_on_exec(before) || kept.get() != before) return false;
    keep_over_exec(false);
    later.join();
    return kept.get() != before && ::fcntl(before, F_GETFD) < 0;
  }));
}

TEST_CASE("kept descriptors: a connection is noted, or not accepted when the marks are set",
          "[os][kept]") {
  CHECK(in_process([] {
    const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    SocketAddress at;
    at.storage.ss_family = AF_UNIX;  // the kernel chooses the rest
    if (::bind(listener.get(), at.get(), sizeof(sa_family_t)) != 0) return false;
    if (::listen(listener.get(), 2) != 0) return false;
    at = own_address(listener.get());
    const auto connect = [&] {
      UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      return ::connect(client.get(), at.get(), at.size) == 0 ? std::move(client) : UniqueFd();
    };
    std::atomic<pid_t> thread = 0;
    KeptFd accepted;
    const auto accept = [&] {
      thread = static_cast<pid_t>(::gettid());
      accepted = KeptFd::accept(listener.get(), 0, {KeptKind::accepted, 0, 7});
      thread = 0;
    };
    std::thread waits(accept);
    if (!becomes_true([&] { return sleeps(thread); })) return false;
    keep_over_exec(true);  // waits for this thread in vain
    keep_over_exec(false);
    const UniqueFd first = connect();
    waits.join();
    keep_over_exec(true);
    if (!first || !accepted || closes_on_exec(accepted.get())) return false;
    const UniqueFd second = connect();
    std::thread stops(accept);
    if (!second || !becomes_true([&] { return sleeps(thread); })) return false;
    pollfd queue{listener.get(), POLLIN, 0};
    const bool left = ::poll(&queue, 1, 0) == 1;
    keep_over_exec(false);
    stops.join();
    return left && accepted;
  }));
}

TEST_CASE("kept descriptors: the next image finds each with its note, oldest first", "[os][kept]") {
  CHECK(in_process([] {
    const int low = ::fcntl(some_fd().get(), F_DUPFD_CLOEXEC, 20);
    const int high = ::fcntl(low, F_DUPFD_CLOEXEC, 30);
    // Left open, as by a process image that has executed the next one.
    auto* const second = new KeptFd(UniqueFd(high), {KeptKind::log_pipe, 1, 7});
    auto* const first = new KeptFd(UniqueFd(low), {KeptKind::log_pipe, 0, 7});
    if (second->get() != high || first->get() != low) return false;
    auto inherited = Inheritance::take_over(::fcntl(kept_list_fd(), F_DUPFD_CLOEXEC, 0));
    if (!inherited) return false;
    if (inherited->take(KeptKind::journal)) return false;
    const auto pipes = inherited->take_all(KeptKind::log_pipe);
    return pipes.size() == 2 && pipes[0].fd.get() == high && pipes[1].fd.get() == low &&
           pipes[0].note == KeptNote{KeptKind::log_pipe, 1, 7};
  }));
}

TEST_CASE("kept descriptors: what is no list, or one of another kind or version, is refused",
          "[os][kept]") {
  CHECK_FALSE(Inheritance::take_over(some_fd().release()));
  CHECK_FALSE(Inheritance::take_over(4711));
  CHECK(in_process([] {
    const auto refused = [](std::uint64_t offset, std::uint64_t value, std::size_t size = 256) {
      auto copy = make_memory_file("list");
      char bytes[256];
      if (::pread(kept_list_fd(), bytes, sizeof bytes, 0) != sizeof bytes) return false;
      std::memcpy(bytes + offset, &value, sizeof value);
      return write_all(copy->get(), {bytes, size}, "list") &&
             !Inheritance::take_over(copy->release());
    };
    return refused(0, 0) && refused(0, ~std::uint64_t{0}) && refused(8, 0) && refused(8, 2) &&
           refused(24, 0, 1) && refused(24, 0, 31) && refused(24, 0, 32);
  }));
}

TEST_CASE("kept descriptors: a damaged list gives what is open, and can be gone on with",
          "[os][kept]") {
  constexpr off_t kEnd = 12, kEntries = 32, kEntry = 16;
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  for (const bool random_entries : {false, true}) {
    for (const std::uint32_t end : {0u, 3u, 100u, 1u << 20, 0xffffffffu}) {
      INFO(end);
      CHECK(in_process([&] {
        const int high = ::fcntl(some_fd().get(), F_DUPFD_CLOEXEC, 50);
        new KeptFd(UniqueFd(high), {KeptKind::log_pipe, 1, 7});
        std::mt19937 random(seed);
        for (off_t at = kEntries; random_entries && at < kEntries + 200 * kEntry; ++at) {
          const auto byte = static_cast<char>(random());
          const bool kept = at / kEntry == kEntries / kEntry + high;
          if (!kept && ::pwrite(kept_list_fd(), &byte, 1, at) != 1) return false;
        }
        if (::pwrite(kept_list_fd(), &end, sizeof end, kEnd) != sizeof end) return false;
        auto inherited = Inheritance::take_over(::fcntl(kept_list_fd(), F_DUPFD_CLOEXEC, 0));
        if (!inherited) return false;
        bool found = false;
        for (const auto& one : inherited->take_all(KeptKind::log_pipe))
          found = found || (one.fd.get() == high && one.note == KeptNote{KeptKind::log_pipe, 1, 7});
        if (found != (end > 50)) return false;
        // Nobody may close the standard streams, even if the list contains them.
        inherited = Inheritance();
        for (const int stream : {0, 1, 2})
          if (::fcntl(stream, F_GETFD) < 0 || closes_on_exec(stream)) return false;
        const KeptFd later(some_fd(), {KeptKind::dev_log, 0, 0});
        keep_over_exec(true);
        const bool kept = !closes_on_exec(later.get());
        keep_over_exec(false);
        return kept && closes_on_exec(later.get());
      }));
    }
  }
}

TEST_CASE("ring: the next image has its lines, from a first block and from a file", "[io][kept]") {
  for (const int lines : {3, 5000}) {
    INFO(lines);
    CHECK(in_process([lines] {
      auto* const memory = new RingMemory;  // not destroyed, because execve(2) destroys nothing
      auto* const ring = new Ring({10000, 1u << 20}, *memory, 5);
      for (int i = 1; i <= lines; ++i)
        ring->append(i, LogStream::err, i % 2 == 0, "line " + std::to_string(i));
      auto inherited = Inheritance::take_over(::fcntl(kept_list_fd(), F_DUPFD_CLOEXEC, 0));
      RingMemory next(&*inherited);
      const Ring other({10000, 1u << 20}, next, 4);
      Ring same({10000, 1u << 20}, next, 5);
      if (other.lines() != 0 || same.lines() != static_cast<std::size_t>(lines)) return false;
      same.append(0, LogStream::out, false, "more");
      const auto kept = last(same, 2);
      return kept[0].text == "line " + std::to_string(lines) && kept[0].time_us == lines &&
             kept[1].text == "more" && kept[1].seq == static_cast<std::uint64_t>(lines) + 1;
    }));
  }
}

TEST_CASE("stored descriptors with low numbers get higher ones in the next image", "[os][kept]") {
  const std::string said = test::in_child([]() -> std::string {
    if (!leaves_lowest()) return "moved";  // no room above
    if (!make_kept_list()) return "no list";
    const int low = ::eventfd(0, EFD_CLOEXEC);
    if (low < 0 || low >= kFirstOfStrangers) return "no low descriptor";
    // Left open, as by a process image that has executed the next one.
    auto* const kept = new KeptFd(UniqueFd(low), {KeptKind::stored, 0, 7});
    if (kept->get() != low) return "not kept";
    const std::string key = "stored/" + std::to_string(low);
    StateFacts facts;
    if (!facts.set(FactMap{{key, "name"}})) return "no facts";
    auto inherited = Inheritance::take_over(::fcntl(kept_list_fd(), F_DUPFD_CLOEXEC, 0));
    if (!inherited) return "no inheritance";
    FdStore store(std::make_shared<Closer>(), facts);
    store.take_over(*inherited, FactMap{{key, "name"}}, [](Slot) { return Closer::Sender(); });
    const FdStore::Entries all = store.of(7);
    if (all.size() != 1 || all[0]->name != "name") return "not stored";
    if (all[0]->fd.get() < kFirstOfStrangers) return "still low";
    if (::fcntl(low, F_GETFD) >= 0) return "still open";
    // After one more re-execution the name is found under the new number alone.
    auto again = Inheritance::take_over(::fcntl(kept_list_fd(), F_DUPFD_CLOEXEC, 0));
    if (!again) return "no inheritance again";
    const auto stored = again->take_all(KeptKind::stored);
    if (stored.size() != 1 || stored[0].fd.get() != all[0]->fd.get()) return "not in the list";
    if (stored[0].note.slot != 7) return "of another slot";
    const KeptFd written = again->take(KeptKind::facts);
    const auto left = read_facts(written.get());
    const std::string new_key = "stored/" + std::to_string(all[0]->fd.get());
    return left && *left == FactMap{{new_key, "name"}} ? "moved" : "other facts";
  });
  CHECK(said == "moved");
}

}  // namespace
}  // namespace zinit::test::state_kept_descriptors
