// Low descriptors for what a child is to have as its streams.
//
// A copy of the table of descriptors costs as much as there are descriptors, and so does closing
// them in the child: with a thousand services, whose pipes zinit holds, twice as much as all the
// rest of a spawn. So the child is made with the parent's table (CLONE_FILES) and takes a copy of
// its lowest part alone (CLOSE_RANGE_UNSHARE). What it needs must lie there, and new descriptors
// are high where many are open. Hence a few that are reserved early, /dev/null until they are used.
#pragma once

#include <array>
#include <cstddef>

#include "os/spawn_child.hpp"

namespace zinit {

/// Three reserved descriptors for as long as a spawn takes.
class StreamSlots {
 public:
  /// Takes slots that are free, and puts `streams` there. Where none are, or the kernel has refused
  /// before, nothing is taken: then the child must have a copy of all.
  explicit StreamSlots(const int (&streams)[kStreams]) noexcept;
  /// /dev/null again: an end of a pipe must not stay open here.
  ~StreamSlots();
  StreamSlots(const StreamSlots&) = delete;
  StreamSlots& operator=(const StreamSlots&) = delete;

  [[nodiscard]] bool taken() const noexcept { return set_ >= 0; }
  /// The number of stream `i`.
  [[nodiscard]] int fd(int i) const noexcept;
  /// All slots lie below it.
  [[nodiscard]] static int end() noexcept;

  /// The kernel cannot copy a part of a table (before Linux 5.9, or a filter forbids it): from now
  /// on no slots are taken.
  static void give_up() noexcept;

 private:
  void let_go() noexcept;

  int set_ = -1;
  int placed_ = 0;  // streams that are in their slots
};

}  // namespace zinit
