// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [path] of services: which files exist, which have changed, which directories have entries.
// (inotify(7))
//
// To watch a path, zinit watches each directory on the way that exists. For each one it wants to
// know that the directory stays the same. In the last one that exists, and in each one with a link
// on the way, it also wants to know which entries appear. So any part of the path may appear,
// vanish and appear again. Other entries wake zinit only in the last existing directory.
//
// inotify does not report changes by other machines or by the kernel itself: see the warnings. It
// does not report mounts either, so the owner of a PathWatch calls look() after each mount.
//
// Events only say where to look. A look compares what is there with what was there before, so an
// overflow of the queue, a mount or a re-execution costs a look and loses no file. A look reads the
// events of the changes that it has seen: otherwise they would start a service a second time.
//
// Threads: look() on a thread that may block. Everything else on the loop's thread, never at the
// same time as look().
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"

namespace zinit {

/// The keys of [path].
enum class PathKind : std::uint8_t { exists, changed, directory_not_empty };

class PathWatch {
 public:
  /// Identifies a watched path: its index in the list of all paths.
  using Number = std::size_t;

  /// What happened to a path, as events reported it.
  struct Touch {
    bool appeared = false;  // its last part, or an entry of the directory, came into being
    bool written = false;   // it, or an entry of the directory, was written, replaced or removed
    /// New files that their maker may still have open: names in the directory, or "" for the path
    /// itself.
    std::vector<std::string> created{};

    void add(const Touch& more);
  };
  using Touches = std::map<Number, Touch>;

  /// The result of look().
  struct Found {
    std::string state;   // for the next look(), also in another process image; one line
    bool holds = false;  // the service must be started
    bool there = false;
    bool not_empty = false;  // a directory that should have entries has some
    bool lacks = false;      // no memory, watches or descriptors: look again later
    bool not_known = false;  // the lack hid the answer: `state` is `before`
    std::string warning;     // why changes may go unseen; empty: they are seen
  };

  /// Errors: those of inotify_init1(2).
  [[nodiscard]] static Result<PathWatch> create();

  /// Watches nothing until the first look().
  Number add(PathKind kind, std::string path);

  /// Readable if there are events.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// The paths that the events concern. If the kernel lost events: all paths.
  [[nodiscard]] Touches read_events();

  /// Updates the watches of the path, and compares the path with `before`, the state from the last
  /// look (empty: first look). Takes the path out of `touches`, and adds what events report about
  /// other paths meanwhile. Blocks on the file systems.
  [[nodiscard]] Found look(Number number, Touches& touches, const std::string& before);

 private:
  struct Path {
    PathKind kind;
    std::string text;
    std::set<int> watches{};  // descriptors of the watches that this path needs
  };
  /// Why a directory is watched.
  struct Interest {
    Number number;
    std::string name;  // of the entry; empty: all
    bool last;         // the entry is the path itself
    std::uint32_t mask;
  };
  struct Watched {
    std::string directory;   // its name when the watch was added
    std::uint32_t mask = 0;  // events that the kernel reports
    std::vector<Interest> interests{};
  };

  explicit PathWatch(UniqueFd fd) : fd_(std::move(fd)) {}

  [[nodiscard]] int watch(const std::string& directory, std::uint32_t mask, Number number,
                          std::string name, bool last);
  [[nodiscard]] bool watch_way(Number number, Found& result);
  void watch_anew(Number number, Found& found);
  void narrow(int descriptor);
  [[nodiscard]] Found compare(Number number, Touch touch, const std::string& before);
  static void touch(Touches& touches, const Interest& interest, std::uint32_t mask,
                    std::string_view name);

  UniqueFd fd_;
  std::vector<Path> paths_;
  std::map<int, Watched> watched_;  // by watch descriptor
};

}  // namespace zinit
