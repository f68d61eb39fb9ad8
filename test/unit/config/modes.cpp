// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table "Where files are read" of zinit.toml(5): modes.golden has the places of a mode with
// options and variables.
#include "config/modes.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "support/test.hpp"

namespace zinit::test::config_modes {
namespace {

/// A line: a mode, then `uid=N`, `pid1-mode`, `OPTION=VALUE` and `$VARIABLE=VALUE`.
Places places_of(std::string_view line) {
  ModeOptions options;
  std::map<std::string, std::string> environment;
  for (const std::string_view word : split(line, ' ')) {
    const auto equals = word.find('=');
    const std::string name(word.substr(0, equals)), value(word.substr(equals + 1));
    if (name == "root") options.root = value;
    if (name == "cwd") options.cwd = value;
    if (name == "config-dir") options.config_dir = value;
    if (name == "config") options.config_file = value;
    if (name == "socket") options.socket = value;
    if (name == "uid") options.uid = static_cast<unsigned>(std::stoi(value));
    if (name[0] == '$') environment[name.substr(1)] = value;
    options.pid1_mode |= name == "pid1-mode";
    for (const Mode mode : {Mode::system, Mode::container, Mode::standalone})
      if (name == mode_name(mode)) options.mode = mode;
  }
  return places_for(options, [&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

std::string described(const Places& places) {
  std::string all;
  for (const ConfigDirectory& one : places.directories)
    all += fmt::format("{}{}{}{}\n", one.path, one.vendor.empty() ? "" : " over " + one.vendor,
                       one.system_class ? ", system" : "", one.named ? ", named" : "");
  all += fmt::format("settings {}{}\nsocket {}{}", places.settings_file,
                     places.settings_named ? ", named" : "", places.socket,
                     places.socket_in_tmp ? ", in /tmp" : "");
  if (!places.told_socket.empty()) all += ", services are told " + places.told_socket;
  if (!places.spare_socket.empty() || places.spare_in_tmp)
    all += fmt::format(", or {}{}", places.spare_socket, places.spare_in_tmp ? ", in /tmp" : "");
  const DirectoryPlaces& own = places.services;
  return all + fmt::format("\nnew files in {}\nservices' own in {}\n", places.added,
                           join(Texts{own.runtime, own.state, own.cache, own.log}, ", "));
}

TEST_CASE("the places of a mode are those of the golden file", "[config][modes]") {
  CHECK_GOLDEN_CASES("modes", [](const std::string& input) {
    std::string all;
    for (const std::string_view line : split(trim(input), '\n'))
      all += "? " + std::string(line) + "\n" + described(places_of(line));
    return all;
  });
}

TEST_CASE("the vendor's paths have their place in /etc/zinit", "[config][modes]") {
  CHECK(own_place_of("/usr/lib/zinit/services/a.toml") == "/etc/zinit/services/a.toml");
  CHECK(own_place_of("/image/usr/lib/zinit/targets/t.toml") == "/image/etc/zinit/targets/t.toml");
  for (const char* other : {"/etc/zinit/services/a.toml", "/usr/lib/zinit", "/x/a.toml",
                            "/usr/lib/zinit2/services/a.toml"}) {
    CHECK(own_place_of(other) == other);
  }
  CHECK(vendor_of("/etc/zinit/services") == "/usr/lib/zinit/services");
  CHECK(vendor_of("/image/etc/zinit") == "/image/usr/lib/zinit");
  CHECK(vendor_of("/etc/zinit2/services").empty());
  CHECK(vendor_of("/home/u/.config/zinit/services").empty());
}

}  // namespace
}  // namespace zinit::test::config_modes
