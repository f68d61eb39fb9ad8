// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The places of files: the vendor's and the administrator's directories, masks and drop-ins
// (zinit.toml(5), "Where files are read").
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"

namespace zinit::test::files_places {
namespace {

bool can_have_root() { return geteuid() == 0 && can_make_namespaces(); }

TEST_CASE("files of the vendor and of the administrator replace, mask and change each other",
          "[check][root][places][reload]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  CHECK_DIALOGS("places");
}

/// Writes a file of reload_only.golden, or removes it.
void put_file(const Server& zinit, const std::string& place, const std::string& name,
              const std::string& what) {
  const auto rest = what.substr(what.find(':') + 1);
  const std::string folder = place == "vendor" ? "usr/lib/zinit/services/" : "etc/zinit/services/";
  const std::string number = place == "later" ? "60" : "50";
  const bool drop_in = place == "drop-in" || place == "later";
  const std::string file = folder + name + ".toml" + (drop_in ? ".d/" + number + ".toml" : "");
  if (what == "=") return;
  std::filesystem::remove(zinit.path(file));
  if (what == "-") return;
  const std::string sleep = "service.exec = 'sleep 100000'\n";
  if (what == "mask")
    std::filesystem::create_symlink("/dev/null", zinit.path(file));
  else if (what == "link")
    std::filesystem::create_symlink(
        "/usr/lib/zinit/services/" + name.substr(0, name.find('@') + 1) + ".toml",
        zinit.path(file));
  else if (what.starts_with("sleep:"))
    zinit.put(file, "service.exec = 'sleep " + rest + "'\n");
  else if (what.starts_with("name:"))
    zinit.put(file, sleep + "service.name = '" + rest + "'\n");
  else if (what.starts_with("umask:"))
    zinit.put(file, (drop_in ? "" : sleep) + "service.umask = '" + rest + "'\n");
  else if (what.starts_with("timeout:"))
    zinit.put(file, "proxy.connect_timeout = '" + rest + "'\n");
  else if (what.starts_with("proxy:"))
    zinit.put(file, "[proxy]\nlisten = ['unix:/run/" + name + "']\nservice = 'package'\n" +
                        "backend = '127.0.0.1:" + rest + "'\n");
  else
    FAIL("what is " << what << "?");
}

/// The lists of a reload that are not empty, as "added a b, proxies changed c".
std::string told(const Json& report, const std::string& prefix = "") {
  std::string all;
  for (const char* list : {"added", "changed", "removed", "failed"}) {
    const Texts names = report[list].texts();
    if (names.empty()) continue;
    all += (all.empty() ? "" : ", ") + prefix + list;
    for (const std::string& name : names) all += " " + name;
  }
  const std::string proxies = report.has("proxies") ? told(report["proxies"], "proxies ") : "";
  return all + (all.empty() || proxies.empty() ? "" : ", ") + proxies;
}

/// What two reloads do, the first one with --only, after changes of files in two places. A row is a
/// service or proxy, and the states of its files before and after the changes; an instance may be
/// `started`. A `later` drop-in is read by a reload before.
std::string reloaded(const std::string& rows, bool reexecute) {
  Server zinit({.argv = {"zinit", "server", "--pid1-mode"}, .own_root = true});
  struct File {
    std::string name, place{}, before{}, after{};
  };
  std::vector<File> files;
  Texts started;
  for (const std::string& row : lines_of(rows)) {
    std::istringstream words(row);
    std::string name;
    words >> name;
    for (File file{.name = name}; words >> file.place;) {
      if (file.place == "started")
        started.push_back(name);
      else if (words >> file.before >> file.after)
        files.push_back(file);
    }
  }
  for (const File& file : files)
    if (file.place != "later") put_file(zinit, file.place, file.name, file.before);
  zinit.boot();
  zinit.await_settled();
  for (const std::string& name : started) CHECK(zinit.start(name)["state"] == "running");
  for (const File& file : files)
    if (file.place == "later") put_file(zinit, file.place, file.name, file.before);
  zinit.reload();
  if (reexecute) zinit.reexecute();
  for (const File& file : files) put_file(zinit, file.place, file.name, file.after);
  const std::string only = told(zinit.result("service.reload", R"({"only":["/usr/lib/zinit"]})"));
  zinit.await_settled();  // what goes is listed until it is down
  return "only " + only + "\nall " + told(zinit.reload()) + "\n";
}

TEST_CASE("reload --only with a directory takes what a package has brought, and no edit in /etc",
          "[check][root][places][reload]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  CHECK_GOLDEN_CASES("reload_only", [](const std::string& rows) {
    const std::string answer = reloaded(rows, false);
    CHECK(reloaded(rows, true) == answer);
    return answer;
  });
}

}  // namespace
}  // namespace zinit::test::files_places
