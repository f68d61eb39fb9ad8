// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the readers of /proc. The kernel writes it, but any user may choose names of programs,
// command lines, environments, mount points and cgroups. Parts of the input: a text, and the text
// of /proc/self/cgroup beside a mountinfo.
#include "fuzz/fuzz.hpp"

#include "os/cgroup.hpp"
#include "os/cgroup_tree.hpp"
#include "os/membership.hpp"
#include "os/mount.hpp"
#include "os/process.hpp"
#include "os/program_file.hpp"
#include "os/tcp_ports.hpp"
#include "os/unmount.hpp"
#include "watch/pidfile.hpp"

namespace zinit::fuzz {
namespace {

/// A program may choose any name for itself: the other fields stay the same.
void check_stat(std::string_view line) {
  const auto stat = parse_process_stat(line);
  if (!stat) return;
  require(line.find(stat->comm) != std::string_view::npos);
  const auto begin = line.find(" (") + 2;
  const std::string other = std::string(line.substr(0, begin)) + "a) S 1 1 (b" +
                            std::string(line.substr(begin + stat->comm.size()));
  const auto renamed = parse_process_stat(other);
  require(renamed && renamed->comm == "a) S 1 1 (b");
  require(renamed->pid == stat->pid && renamed->ppid == stat->ppid);
  require(renamed->state == stat->state && renamed->start_ticks == stat->start_ticks);
}

/// A name of a mount point in the kernel's form.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\\')
      text += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    else
      text += c;
  }
  return text;
}

void check_mounts(std::string_view mountinfo, std::string_view cgroup) {
  const std::vector<Mount> mounts = parse_mountinfo(mountinfo);
  std::string again;
  for (const Mount& mount : mounts) {
    again += fmt::format("1 2 0:3 {} {} rw - {} none rw\n", escaped(mount.root),
                         escaped(mount.target), mount.type);
  }
  const std::vector<Mount> same = parse_mountinfo(again);
  require(std::ranges::equal(mounts, same, [](const Mount& a, const Mount& b) {
    return a.target == b.target && a.type == b.type && a.root == b.root;
  }));
  for (const std::string& target : unmount_order(mounts))
    require(target != "/" && target != "/proc" && target != "/dev" && target != "/sys");
  require(own_cgroup_directories(mountinfo, cgroup).size() <= mounts.size());
  for (const std::string& path : parse_swaps(mountinfo)) require(path.starts_with('/'));
}

void check_cgroup(std::string_view text) {
  const std::string_view path = cgroup_in_v2(text);
  require(path.empty() || path.starts_with('/'));
  require(path.find('\n') == std::string_view::npos);
  const std::string service = service_in_cgroup(text, "/zinit");
  require(service.find('/') == std::string::npos);
  require(service.empty() || path.starts_with("/zinit/" + service + ".service"));
  require(service.empty() || lies_in_cgroup(text, "/zinit/" + service + ".service"));
  require(lies_in_cgroup(text, path) == !path.empty());
  require(!lies_in_cgroup(text, std::string(path) + "x"));
  (void)keyed_number(text, "populated");
}

void check_text(std::string_view text) {
  check_stat(text);
  check_cgroup(text);
  require(showable(shown_command_line(std::string(text))));
  if (const auto service = value_in_environ(text, kServiceVariable))
    require(service->find('\0') == std::string_view::npos);
  if (const auto listener = parse_listener(text)) require(text.find("0A") != text.npos);
  const auto pid = parse_pidfile(text);
  require(!pid || (*pid > 1 && parse_pidfile(std::to_string(*pid) + "\n") == pid));
  require(interpreter_in(text).find_first_of(" \t\n") == std::string::npos);
}

}  // namespace

std::set<std::string> words() {
  std::set<std::string> all = words_in(
      "1 (sh) S 1 1 1 0 -1 |) | (|0::/|/zinit/web.service|/..| - cgroup2 | - tmpfs |\\040|\\134|"
      "populated |ZINIT_SERVICE=|0100007F:1F90 | 0A |9223372036854775807|-9223372036854775808|#!|"
      "/swapfile |\n|\x1E",
      '|');
  all.insert(std::string(1, '\0'));
  return all;
}

void look_at(std::string_view input) {
  const auto parts = parts_of(input, 2);
  check_text(parts.front());
  check_mounts(parts.front(), parts.back());
}

}  // namespace zinit::fuzz
