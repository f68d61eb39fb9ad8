// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads /proc: see processes.hpp.
#include "processes.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

namespace fs = std::filesystem;

/// The pids, or thread ids, in a folder of /proc.
std::vector<pid_t> numbers_in(const std::string& folder) {
  std::vector<pid_t> all;
  std::error_code gone;
  for (auto entry = fs::directory_iterator(folder, gone);
       !gone && entry != fs::directory_iterator(); entry.increment(gone)) {
    const std::string name = entry->path().filename();
    if (std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; }))
      all.push_back(std::stoi(name));
  }
  return all;
}

/// The rest of the line that begins with `key`.
std::string line_after(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) return line.substr(key.size());
  return {};
}

std::int64_t number_after(const std::string& path, const std::string& key) {
  const std::string text = line_after(path, key);
  return text.empty() ? 0 : std::stoll(text);
}

std::string folder_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

}  // namespace

std::vector<pid_t> family_of(pid_t root) {
  std::vector<std::pair<pid_t, pid_t>> parents;
  for (const pid_t pid : numbers_in("/proc")) {
    const auto parent = number_after(folder_of(pid) + "/status", "PPid:");
    parents.emplace_back(pid, static_cast<pid_t>(parent));
  }
  std::vector<pid_t> family{root};
  for (std::size_t i = 0; i < family.size(); ++i)
    for (const auto& [pid, parent] : parents)
      if (parent == family[i]) family.push_back(pid);
  return family;
}

std::string name_of(pid_t pid) {
  std::ifstream file(folder_of(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

std::string program_of(pid_t pid) {
  std::error_code refused;
  return fs::read_symlink(folder_of(pid) + "/exe", refused).filename();
}

pid_t pid_from_outside(const std::string& program, pid_t inner) {
  for (const pid_t pid : numbers_in("/proc")) {
    if (program_of(pid) != program) continue;
    std::istringstream pids(line_after(folder_of(pid) + "/status", "NSpid:"));
    pid_t last = 0;
    while (pids >> last) continue;
    if (last == inner) return pid;
  }
  return 0;
}

std::int64_t memory_kb(pid_t pid, const std::string& key) {
  return number_after(folder_of(pid) + "/smaps_rollup", key);
}

std::int64_t wake_ups(pid_t pid) {
  std::int64_t sum = 0;
  const std::string tasks = folder_of(pid) + "/task/";
  for (const pid_t task : numbers_in(tasks))
    sum += number_after(tasks + std::to_string(task) + "/status", "voluntary_ctxt_switches:");
  return sum;
}
