// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The list of kept descriptors: a table in a memory file, indexed by descriptor number.
#include "state/kept_descriptors.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>
#include <iterator>
#include <memory>
#include <new>
#include <utility>

#include "base/sort.hpp"
#include "state/disposal.hpp"
#include "state/memory_file.hpp"

namespace zinit {

namespace {

constexpr std::uint64_t kListMagic = 0x7470656b74696e7a;  // "znitkept"
constexpr std::uint32_t kListVersion = 1;

struct Header {
  std::uint64_t magic;
  std::uint32_t version;
  std::atomic<std::uint32_t> end;    // entries from here on never had a kind
  std::atomic<std::uint64_t> noted;  // number of notes so far
  std::uint64_t reserved;
};

/// The kind is written last and cleared first, so an entry with a kind is whole.
struct Entry {
  std::atomic<KeptKind> kind;
  std::uint8_t part;
  std::uint16_t owner;
  std::uint32_t slot;
  std::uint64_t noted;  // the number of this note
};
static_assert(sizeof(Header) == 32 && sizeof(Entry) == 16);
static_assert(std::atomic<KeptKind>::is_always_lock_free);

/// The most descriptors in the list: 16 MiB, of which only used pages take memory.
constexpr std::size_t kMostEntries = std::size_t{1} << 20;

class List {
 public:
  explicit List(MappedFile file) noexcept : file_(std::move(file)) {}

  [[nodiscard]] Header& header() const noexcept {
    return *std::launder(reinterpret_cast<Header*>(file_.data()));
  }
  /// The entry of a descriptor below room().
  [[nodiscard]] Entry& entry(std::size_t fd) const noexcept {
    return std::launder(reinterpret_cast<Entry*>(file_.data() + sizeof(Header)))[fd];
  }
  [[nodiscard]] std::size_t room() const noexcept {
    return (file_.size() - sizeof(Header)) / sizeof(Entry);
  }
  /// One above the highest number that can be in the list.
  [[nodiscard]] std::size_t end() const noexcept {
    return std::min<std::size_t>(header().end.load(std::memory_order_relaxed), room());
  }
  [[nodiscard]] int fd() const noexcept { return file_.fd(); }

  void note(int number, const KeptNote& what) noexcept {
    if (number < 0 || static_cast<std::size_t>(number) >= room()) return;
    const auto fd = static_cast<std::uint32_t>(number);
    std::uint32_t end = header().end;
    // Entries from `end` on may have no memory, and have no note to remove. The others have memory:
    // this image reserved it, or keep_over_exec() of the previous one read them.
    if (fd >= end && (what.kind == KeptKind::none || !reserve_below(fd + 1))) return;
    while (fd >= end && !header().end.compare_exchange_weak(end, fd + 1)) {}
    Entry& to = entry(fd);
    // An exchange, so that the writes here come after the writes of the thread that had this number
    // before and closed it.
    to.kind.exchange(KeptKind::none);
    to.part = what.part;
    to.owner = what.owner;
    to.slot = what.slot;
    to.noted = ++header().noted;
    to.kind = what.kind;
  }

 private:
  /// Makes sure that the entries of all descriptors below `end` have memory.
  [[nodiscard]] bool reserve_below(std::size_t end) noexcept {
    return file_.reserve(sizeof(Header) + end * sizeof(Entry));
  }

  MappedFile file_;
};

/// Never destroyed: other threads may close descriptors until the program has ended.
List* list = nullptr;

/// 1 shortly before execve(2).
std::atomic<int> ending{0};

/// Threads between their look at `ending` and the note of the connection that they accept.
std::atomic<int> accepting{0};

/// Blocks while the descriptors are marked for execve(2): a new descriptor might be noted too late
/// for its mark, and the one that it replaces might be closed before execve(2).
void stop_while_ending() noexcept { ending.wait(1); }

std::size_t most_descriptors() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) return kMostEntries;
  return std::min<std::size_t>(limit.rlim_max, kMostEntries);
}

/// While the marks are set, a thread stops in this function. So it neither closes a listed
/// descriptor nor relies on a note that came too late.
void note(const UniqueFd& fd, const KeptNote& what) noexcept {
  if (list == nullptr || !fd) return;
  stop_while_ending();
  list->note(fd.get(), what);
  stop_while_ending();
}

/// The address that a socket is bound to (unix(7)).
struct BoundAt {
  explicit BoundAt(int fd) noexcept {
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) < 0) size = 0;
  }
  bool operator==(const BoundAt& other) const noexcept {
    return size > 0 && size == other.size && std::memcmp(&address, &other.address, size) == 0;
  }
  sockaddr_un address{};
  socklen_t size = sizeof address;
};

/// Ends the connections of the control socket. execve(2) closes them here, but a disposal process
/// may keep them open, and clients would wait for an end that does not come.
void end_clients() noexcept {
  const std::size_t most = most_descriptors();
  for (std::size_t listening = 0; listening < list->end(); ++listening) {
    if (list->entry(listening).kind != KeptKind::control_socket) continue;
    const BoundAt own(static_cast<int>(listening));
    for (std::size_t fd = STDERR_FILENO + 1; fd < most; ++fd) {
      const bool kept = fd < list->end() && list->entry(fd).kind != KeptKind::none;
      if (!kept && BoundAt(static_cast<int>(fd)) == own)
        ::shutdown(static_cast<int>(fd), SHUT_RDWR);
    }
  }
}

/// Closes a descriptor that nobody wants.
void drop(KeptFd fd) noexcept { close_elsewhere(fd.release()); }

}  // namespace

KeptFd::KeptFd(UniqueFd fd, const KeptNote& what) noexcept : fd_(std::move(fd)) { note(fd_, what); }

KeptFd& KeptFd::operator=(KeptFd&& other) noexcept {
  reset();
  fd_ = std::move(other.fd_);
  return *this;
}

UniqueFd KeptFd::release() noexcept {
  note(fd_, {});
  return std::move(fd_);
}

KeptFd KeptFd::accept(int listener, int flags, const KeptNote& what) noexcept {
  for (++accepting; ending == 1; ++accepting) {
    --accepting;
    stop_while_ending();
  }
  KeptFd kept(::accept4(listener, nullptr, nullptr, flags | SOCK_CLOEXEC), Noted{});
  if (kept && list != nullptr) list->note(kept.get(), what);
  --accepting;
  if (kept) stop_while_ending();
  return kept;
}

Result<void> make_kept_list() {
  auto file = MappedFile::create_sparse(
      "zinit-kept", sizeof(Header) + most_descriptors() * sizeof(Entry), sizeof(Header));
  if (!file) return Failure(std::move(file.error()));
  list = new List(std::move(*file));
  list->header().magic = kListMagic;
  list->header().version = kListVersion;
  list->note(list->fd(), {KeptKind::list});
  return {};
}

int kept_list_fd() noexcept { return list != nullptr ? list->fd() : -1; }

void keep_over_exec(bool keep) noexcept {
  if (list == nullptr) return;
  ending = keep ? 1 : 0;
  constexpr timespec kMillisecond{0, 1000000};
  for (int i = 0; keep && accepting > 0 && i < 10; ++i) ::nanosleep(&kMillisecond, nullptr);
  // Marks the list even without an entry: without the list the next image would know nothing.
  for (std::size_t fd = 0; fd < list->end(); ++fd)
    if (list->entry(fd).kind != KeptKind::none || static_cast<int>(fd) == list->fd())
      ::fcntl(static_cast<int>(fd), F_SETFD, keep ? 0 : FD_CLOEXEC);
  if (!keep) ending.notify_all();
  if (keep && disposal_under_way()) end_clients();
}

Result<Inheritance> Inheritance::take_over(int fd) {
  // Without the list nobody would read the log pipes, and services would block on full ones.
  auto file = MappedFile::map_in_any_case(KeptFd(fd, KeptFd::Noted{}));
  if (!file) return Failure(std::move(file.error()));
  if (file->size() <= sizeof(Header))
    return failure("the list of descriptors from the previous process image is too short");
  auto inherited = std::make_unique<List>(std::move(*file));
  const Header& header = inherited->header();
  if (header.magic != kListMagic || header.version != kListVersion)
    return failure(
        "the list of descriptors from the previous process image is missing its mark or has "
        "another version");
  delete std::exchange(list, inherited.release());
  Inheritance all;
  for (std::size_t each = 0; each < list->end(); ++each) {
    const Entry& entry = list->entry(each);
    const auto number = static_cast<int>(each);
    if (entry.kind == KeptKind::none || number == list->fd()) continue;
    // Skip a descriptor that is gone, or that could not be marked in time and was closed. Standard
    // streams are open in every image, and never kept.
    if (number <= STDERR_FILENO || ::fcntl(number, F_SETFD, FD_CLOEXEC) < 0) {
      list->note(number, {});
      continue;
    }
    const KeptNote note{entry.kind, entry.part, entry.slot, entry.owner};
    all.left_.push_back({KeptFd(number, KeptFd::Noted{}), note, entry.noted});
  }
  take_over_disposals(all);
  return all;
}

Inheritance::~Inheritance() {
  for (One& one : left_) drop(std::move(one.fd));
}

KeptFd Inheritance::take(KeptKind kind) {
  std::vector<One> all = take_all(kind);
  if (all.empty()) return {};
  KeptFd newest = std::move(all.back().fd);
  all.pop_back();
  for (One& one : all) drop(std::move(one.fd));
  return newest;
}

std::vector<Inheritance::One> Inheritance::take_all(KeptKind kind) {
  const auto from = std::stable_partition(left_.begin(), left_.end(),
                                          [kind](const One& one) { return one.note.kind != kind; });
  std::vector<One> taken(std::make_move_iterator(from), std::make_move_iterator(left_.end()));
  left_.erase(from, left_.end());
  sort_by(taken, &One::noted);
  return taken;
}

}  // namespace zinit
