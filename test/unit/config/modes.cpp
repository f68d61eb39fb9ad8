// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table "Where files are read" of zinit.toml(5), row by row.
#include "config/modes.hpp"
#include "support/test.hpp"

namespace zinit::test::config_modes {
namespace {

using Environment = std::map<std::string, std::string>;
Places places_with(const ModeOptions& options, const Environment& environment = {}) {
  return places_for(options, [&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

Texts paths_of(const Places& places) {
  Texts paths;
  for (const ConfigDirectory& directory : places.directories) paths.push_back(directory.path);
  return paths;
}

ModeOptions mode(Mode which, unsigned uid = 0) {
  ModeOptions options;
  options.mode = which;
  options.uid = uid;
  return options;
}

TEST_CASE("system mode reads system, services, targets, the first with class system",
          "[config][modes]") {
  const Places places = places_with(mode(Mode::system));
  CHECK(paths_of(places) ==
        Texts{"/etc/zinit/system", "/etc/zinit/services", "/etc/zinit/targets"});
  CHECK(places.directories[0].system_class);
  CHECK_FALSE(places.directories[1].system_class);
  CHECK_FALSE(places.directories[2].system_class);
  CHECK_FALSE(places.directories[1].named);
  CHECK(places.settings_file == "/etc/zinit/zinit.toml");
  CHECK_FALSE(places.settings_named);
  CHECK(places.socket == "/run/zinit.sock");
  CHECK_FALSE(places.socket_in_tmp);
}

TEST_CASE("container mode reads services and targets", "[config][modes]") {
  const Places places = places_with(mode(Mode::container));
  CHECK(paths_of(places) == Texts{"/etc/zinit/services", "/etc/zinit/targets"});
  CHECK(places.settings_file == "/etc/zinit/zinit.toml");
  CHECK(places.socket == "/run/zinit.sock");
}

TEST_CASE("a container alone has a spare place for the socket, its user's own", "[config][modes]") {
  const Places users = places_with(mode(Mode::container, 1000));
  CHECK(users.socket == "/run/zinit.sock");
  CHECK(users.spare_socket == "/tmp/zinit-1000/zinit.sock");
  CHECK(users.spare_in_tmp);
  const Places xdg = places_with(mode(Mode::container, 1000), {{"XDG_RUNTIME_DIR", "/r"}});
  CHECK(xdg.spare_socket == "/r/zinit.sock");
  CHECK_FALSE(xdg.spare_in_tmp);

  const Places roots = places_with(mode(Mode::container), {{"XDG_RUNTIME_DIR", "/r"}});
  CHECK(roots.spare_socket == "/tmp/zinit-0/zinit.sock");  // root's client looks there, too
  CHECK(roots.spare_in_tmp);

  ModeOptions named = mode(Mode::container, 1000);
  named.socket = "/s";
  for (const ModeOptions& options : {named, mode(Mode::system), mode(Mode::standalone, 1000)}) {
    CHECK(places_with(options).spare_socket.empty());
    CHECK_FALSE(places_with(options).spare_in_tmp);
  }
}

TEST_CASE("a standalone server of root reads services, with --pid1-mode the others too",
          "[config][modes]") {
  ModeOptions options = mode(Mode::standalone);
  CHECK(paths_of(places_with(options)) == Texts{"/etc/zinit/services"});
  options.pid1_mode = true;
  const Places places = places_with(options);
  CHECK(paths_of(places) ==
        Texts{"/etc/zinit/system", "/etc/zinit/services", "/etc/zinit/targets"});
  CHECK(places.directories[0].system_class);
  CHECK(places.socket == "/run/zinit.sock");
}

TEST_CASE("a user's own server reads the user's services alone", "[config][modes]") {
  ModeOptions options = mode(Mode::standalone, 1000);
  options.pid1_mode = true;
  const Environment home = {{"HOME", "/home/u"}};
  const Places places = places_with(options, home);
  CHECK(paths_of(places) == Texts{"/home/u/.config/zinit/services"});
  CHECK(places.settings_file == "/home/u/.config/zinit/zinit.toml");
  CHECK(places.socket == "/tmp/zinit-1000/zinit.sock");
  CHECK(places.socket_in_tmp);

  const Environment xdg = {
      {"HOME", "/home/u"}, {"XDG_CONFIG_HOME", "/c"}, {"XDG_RUNTIME_DIR", "/run/user/1000"}};
  const Places by_xdg = places_with(options, xdg);
  CHECK(paths_of(by_xdg) == Texts{"/c/zinit/services"});
  CHECK(by_xdg.settings_file == "/c/zinit/zinit.toml");
  CHECK(by_xdg.socket == "/run/user/1000/zinit.sock");
  CHECK_FALSE(by_xdg.socket_in_tmp);
}

TEST_CASE("variables that are empty or relative count as unset", "[config][modes]") {
  const Places places = places_with(mode(Mode::standalone, 7), {{"HOME", "/h"},
                                                                {"XDG_CONFIG_HOME", "rel"},
                                                                {"XDG_RUNTIME_DIR", ""},
                                                                {"ZINIT_CONFIG_DIR", ""},
                                                                {"ZINIT_SOCKET", ""}});
  CHECK(paths_of(places) == Texts{"/h/.config/zinit/services"});
  CHECK(places.socket == "/tmp/zinit-7/zinit.sock");
  const Places homeless = places_with(mode(Mode::standalone, 7));
  CHECK(homeless.directories.empty());
  CHECK(homeless.settings_file.empty());
}

TEST_CASE("--config-dir replaces the directory of services in every mode", "[config][modes]") {
  const Environment environment = {{"ZINIT_CONFIG_DIR", "/env"}, {"HOME", "/h"}};
  for (const bool by_option : {true, false}) {
    const std::string dir = by_option ? "/opt" : "/env";
    const auto paths_in = [&](ModeOptions options) {
      if (by_option) options.config_dir = "/opt";
      const Places places = places_with(options, environment);
      for (const ConfigDirectory& directory : places.directories) {
        CHECK(directory.named == (directory.path == dir));
      }
      return paths_of(places);
    };
    CHECK(paths_in(mode(Mode::system)) == Texts{"/etc/zinit/system", dir, "/etc/zinit/targets"});
    CHECK(paths_in(mode(Mode::container)) == Texts{dir, "/etc/zinit/targets"});
    CHECK(paths_in(mode(Mode::standalone)) == Texts{dir});
    CHECK(paths_in(mode(Mode::standalone, 1000)) == Texts{dir});
  }
}

TEST_CASE("--config and --socket replace settings and socket, the option before the environment",
          "[config][modes]") {
  const Environment environment = {{"ZINIT_SOCKET", "/env.sock"}, {"HOME", "/h"}};
  for (const Mode which : {Mode::system, Mode::container, Mode::standalone}) {
    ModeOptions options = mode(which, 1000);
    CHECK(places_with(options, environment).socket == "/env.sock");
    options.socket = "/opt.sock";
    options.config_file = "/x.toml";
    const Places places = places_with(options, environment);
    CHECK(places.socket == "/opt.sock");
    CHECK(places.told_socket == "/opt.sock");
    CHECK_FALSE(places.socket_in_tmp);
    CHECK(places.settings_file == "/x.toml");
    CHECK(places.settings_named);
  }
}

TEST_CASE("services are given a socket that clients do not find by themselves", "[config][modes]") {
  ModeOptions options = mode(Mode::standalone);
  CHECK(places_with(options).told_socket.empty());
  options.socket = "/run/zinit.sock";
  CHECK(places_with(options).told_socket.empty());
  options.socket = "mine/z.sock";
  options.cwd = "/srv";
  CHECK(places_with(options).told_socket == "/srv/mine/z.sock");
}

TEST_CASE("a relative path is one of the directory that it was given in", "[config][modes]") {
  ModeOptions options = mode(Mode::standalone);
  options.cwd = "/srv/here";
  options.config_dir = "conf/s";
  options.config_file = "./zinit.toml";
  const Places named = places_with(options);
  CHECK(paths_of(named) == Texts{"/srv/here/conf/s"});
  CHECK(named.added == "/srv/here/conf/s");
  CHECK(named.settings_file == "/srv/here/zinit.toml");
  options.config_dir.reset();
  CHECK(paths_of(places_with(options, {{"ZINIT_CONFIG_DIR", "s"}})) == Texts{"/srv/here/s"});
  CHECK(paths_of(places_with(options, {{"ZINIT_CONFIG_DIR", "/s"}})) == Texts{"/s"});
  options.cwd = "/";
  CHECK(paths_of(places_with(options, {{"ZINIT_CONFIG_DIR", "s"}})) == Texts{"/s"});
}

TEST_CASE("the vendor's directories lie behind those of /etc/zinit and no others",
          "[config][modes]") {
  const auto vendors_of = [](const ModeOptions& options) {
    Texts paths;
    const Places places = places_with(options, {{"HOME", "/h"}});
    for (const ConfigDirectory& one : places.directories) paths.push_back(one.vendor);
    return paths;
  };
  const std::string lib = "/usr/lib/zinit";
  CHECK(vendors_of(mode(Mode::system)) ==
        Texts{lib + "/system", lib + "/services", lib + "/targets"});
  CHECK(vendors_of(mode(Mode::container)) == Texts{lib + "/services", lib + "/targets"});
  CHECK(vendors_of(mode(Mode::standalone)) == Texts{lib + "/services"});
  CHECK(vendors_of(mode(Mode::standalone, 1000)) == Texts{""});
  ModeOptions options = mode(Mode::system);
  options.config_dir = "/opt";
  CHECK(vendors_of(options) == Texts{lib + "/system", "", lib + "/targets"});
}

TEST_CASE("a root comes before all of the system's paths", "[config][modes]") {
  ModeOptions options = mode(Mode::system);
  options.root = "/image";
  const Places places = places_with(options);
  CHECK(paths_of(places) ==
        Texts{"/image/etc/zinit/system", "/image/etc/zinit/services", "/image/etc/zinit/targets"});
  CHECK(places.directories[1].vendor == "/image/usr/lib/zinit/services");
  CHECK(places.settings_file == "/image/etc/zinit/zinit.toml");
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

TEST_CASE("modes have names", "[config][modes]") {
  CHECK(mode_name(Mode::system) == "system");
  CHECK(mode_name(Mode::container) == "container");
  CHECK(mode_name(Mode::standalone) == "standalone");
}

TEST_CASE("services' directories are the system's, and for a user's own server XDG's",
          "[config][modes]") {
  const auto places_of = [](ModeOptions options, const Environment& environment) {
    const DirectoryPlaces places = places_with(options, environment).services;
    return Texts{places.runtime, places.state, places.cache, places.log};
  };
  const Environment xdg = {{"HOME", "/h"},
                           {"XDG_RUNTIME_DIR", "/r"},
                           {"XDG_STATE_HOME", "/s"},
                           {"XDG_CACHE_HOME", "/c"}};
  const Texts system = {"/run", "/var/lib", "/var/cache", "/var/log"};
  CHECK(places_of(mode(Mode::system), xdg) == system);
  CHECK(places_of(mode(Mode::container, 7), xdg) == system);
  CHECK(places_of(mode(Mode::standalone), xdg) == system);
  CHECK(places_of(mode(Mode::standalone, 7), xdg) == Texts{"/r", "/s", "/c", "/s/log"});
  CHECK(places_of(mode(Mode::standalone, 7), {{"HOME", "/h"}, {"XDG_STATE_HOME", "rel"}}) ==
        Texts{"", "/h/.local/state", "/h/.cache", "/h/.local/state/log"});
  CHECK(places_of(mode(Mode::standalone, 7), {}) == Texts{"", "", "", ""});
}

}  // namespace
}  // namespace zinit::test::config_modes
