// [path] of services: which files are there, have changed or have something in them (inotify(7)).
//
// What is watched of a path are its directories as far as they exist: that they stay what they are,
// and, in the last one that exists or where a link lies, what comes into being there. So a path may
// begin to exist at any part of it, and be deleted and made anew. Other entries of these
// directories wake nobody unless they are in the last one that exists.
//
// inotify tells nothing of what other machines, or the kernel itself, do with a file system: see
// the warnings. Nor does it tell of mounts, so whoever has this calls look() after each mount.
//
// Threads: look() on one that may block; everything else, at another time, on the loop's thread.
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
  /// A path that is watched, by its place in the list of all.
  using Number = std::size_t;

  /// What has happened to a path, by events.
  struct Touch {
    bool appeared = false;  // its last part came into being, or something in the directory
    bool written = false;   // it, or something in the directory, was written, replaced or removed
    /// New files that their maker may not have closed yet: names in the directory, or "" for the
    /// path itself.
    std::vector<std::string> created{};
  };
  using Touches = std::map<Number, Touch>;

  /// What look() has found.
  struct Found {
    std::string state;   // for the next look(), also of another image; one line
    bool holds = false;  // starts the service
    bool there = false;
    bool not_empty = false;  // of a directory that must not be empty
    bool lacks = false;      // memory, watches or descriptors: it is to be looked at again
    bool not_known = false;  // for a lack: nothing but that has been found
    std::string warning;     // why changes may not be seen; empty: they are
  };

  /// Errors are those of inotify_init1(2).
  [[nodiscard]] static Result<PathWatch> create();

  /// Watches nothing until the first look().
  Number add(PathKind kind, std::string path);

  /// Readable if there are events.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// The paths that they concern; all of them if the kernel has lost some.
  [[nodiscard]] Touches read_events();

  /// Watches what is to be watched of the path now, and compares it with `before`, the state of the
  /// last time; empty: it was not looked at yet. Blocks on the file systems.
  [[nodiscard]] Found look(Number number, Touch touch, const std::string& before);

  [[nodiscard]] std::size_t size() const noexcept { return paths_.size(); }

 private:
  struct Path {
    PathKind kind;
    std::string text;
    std::set<int> watches{};  // descriptors of what is watched for it
  };
  /// Why a directory is watched.
  struct Interest {
    Number number;
    std::string name;  // of the entry; empty: all
    bool last;         // the entry is the path itself
    std::uint32_t mask;
  };
  struct Watched {
    std::string directory;   // as it was called then
    std::uint32_t mask = 0;  // what the kernel tells
    std::vector<Interest> interests{};
  };

  explicit PathWatch(UniqueFd fd) : fd_(std::move(fd)) {}

  [[nodiscard]] int watch(const std::string& directory, std::uint32_t mask, Number number,
                          std::string name, bool last);
  [[nodiscard]] bool watch_way(Number number, Found& result);
  void watch_anew(Number number, Found& found);
  void narrow(int descriptor);
  static void touch(Touches& touches, const Interest& interest, std::uint32_t mask,
                    std::string_view name);

  UniqueFd fd_;
  std::vector<Path> paths_;
  std::map<int, Watched> watched_;  // by watch descriptor
};

}  // namespace zinit
