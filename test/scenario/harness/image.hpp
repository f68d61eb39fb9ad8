// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A system that is not running, for the verbs that change service files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scenario/harness.hpp"

namespace zinit::test {

/// The name of the drop-in of enable, disable and edit.
inline const std::string kOurs = "90-zinitctl.toml";

inline const std::string kSleep = "[service]\nexec = 'sleep 100000'\n";

/// A system that is not running, in its own folder.
class Image {
 public:
  Image() {
    for (const char* made : {"etc/zinit/services", "usr/lib/zinit/services"}) {
      std::filesystem::create_directories(path(made));
    }
  }

  const std::string& root() const { return root_.path(); }
  std::string path(const std::string& file) const { return root_ / file; }
  void put(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(file)).parent_path());
    write_file(path(file), text);
  }
  Outcome ctl(const std::string& verb, const std::string& name, const Texts& more = {}) const {
    Launch what;
    what.argv = {"zinitctl", verb, "--root", root(), name};
    what.argv.insert(what.argv.end(), more.begin(), more.end());
    return run(what);
  }

  /// A shell script with the root as $R and a zinitctl as $Z; run it only once.
  Launch script(const std::string& text) const {
    std::filesystem::create_symlink(zinit_binary(), path("zinitctl"));
    Launch what;
    what.program = "/bin/sh";
    what.argv = {"sh", "-c", text};
    what.env = {"R=" + root(), "Z=" + path("zinitctl")};
    return what;
  }

 private:
  const TempDir root_;
};

/// The text of a link; "" if it does not exist.
inline std::string link_text(const std::string& path) {
  std::error_code none;
  return std::filesystem::read_symlink(path, none).string();
}

}  // namespace zinit::test
