// Listing, parsing in parallel, names.
#include "config/directory.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/format.hpp"

namespace zinit {

namespace {

// Parsing is bound by the processor; beyond a few threads their making costs more than they bring.
constexpr std::size_t kMaxThreads = 4;
constexpr std::size_t kFilesWorthAThread = 32;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

void tell(std::vector<Diagnostic>& findings, const std::string& path, Severity severity,
          std::string text) {
  findings.push_back({path, {}, severity, {}, std::move(text)});
}

/// Names of the entries that look like service files, in byte order.
std::vector<std::string> candidates(DIR* directory) {
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    if (name.ends_with(".toml") && !name.starts_with('.')) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Whether `path` is to be read. A link to nothing is: that it cannot be read will be told.
bool is_service_file(const std::string& path, std::vector<Diagnostic>& findings) {
  struct stat status {};
  if (::stat(path.c_str(), &status) < 0 || S_ISREG(status.st_mode)) return true;
  tell(findings, path, Severity::warning, "is no regular file, left out");
  return false;
}

/// Gone as a whole: a link that leads to nothing is still there.
bool vanished(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) < 0 && errno == ENOENT;
}

/// One file; nothing where it has gone.
std::optional<ParsedSpec> parse_file(const SourceFile& file) {
  ParsedSpec parsed = read_spec(file.path, file.system_class);
  if (!file.named && !parsed.diagnostics.empty() && vanished(file.path)) return std::nullopt;
  return parsed;
}

using Owners = std::unordered_map<std::string, ParsedSpec*>;

void make_name_free(ParsedSpec& parsed, Owners& owners) {
  std::string& name = parsed.spec->name;
  const std::string wanted = name;
  for (int number = 2; !owners.try_emplace(name, &parsed).second; ++number) {
    const std::string suffix = "_" + std::to_string(number);
    name = wanted.substr(0, kNameMax - suffix.size()) + suffix;
  }
}

/// `second` has the name of `first`, which stands.
void refuse(ParsedSpec& second, ParsedSpec& first, std::vector<Diagnostic>& findings) {
  const auto key = [](const ParsedSpec& one) {
    return std::string(one.spec->is_target() ? "target.name" : "service.name");
  };
  const std::string& name = second.spec->name;
  findings.push_back(
      {second.spec->file, second.name_at, Severity::error, key(second),
       fmt::format("\"{}\" is taken by {}, must be another name", name, first.spec->file)});
  findings.insert(findings.end(), second.diagnostics.begin(), second.diagnostics.end());
  first.diagnostics.push_back(
      {first.spec->file, first.name_at, Severity::warning, key(first),
       fmt::format("\"{}\" is the name in {} too, which is left out", name, second.spec->file)});
  sort_by_place(first.diagnostics);
}

}  // namespace

void list_directory(const ConfigDirectory& directory, std::vector<SourceFile>& files,
                    std::vector<Diagnostic>& findings) {
  const Directory open(::opendir(directory.path.c_str()));
  if (!open) {
    const int errnum = errno;
    if (errnum != ENOENT) {
      tell(findings, directory.path, Severity::error,
           fmt::format("cannot read the directory: {}", errno_text(errnum)));
    } else if (directory.named) {
      tell(findings, directory.path, Severity::warning, "there is no such directory");
    }
    return;
  }
  for (const std::string& name : candidates(open.get())) {
    const std::string path = directory.path + (directory.path.ends_with('/') ? "" : "/") + name;
    if (is_service_file(path, findings)) files.push_back({path, directory.system_class, false});
  }
}

std::vector<ParsedSpec> parse_files(const std::vector<SourceFile>& files) {
  std::vector<std::optional<ParsedSpec>> results(files.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::exception_ptr> failures(kMaxThreads);
  const auto work = [&](std::size_t worker) {
    try {
      for (std::size_t i; (i = next.fetch_add(1)) < files.size();)
        results[i] = parse_file(files[i]);
    } catch (...) {
      failures[worker] = std::current_exception();
    }
  };
  const std::size_t most = std::min<std::size_t>(kMaxThreads, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  threads.reserve(most);
  for (std::size_t i = 1; i < most && i <= files.size() / kFilesWorthAThread; ++i) {
    try {
      threads.emplace_back(work, i);
    } catch (const std::system_error&) {  // none to be had: those that run do it all
      break;
    }
  }
  work(0);
  for (std::thread& thread : threads) thread.join();
  for (const auto& failed : failures) {
    if (failed) std::rethrow_exception(failed);
  }
  std::vector<ParsedSpec> parsed;
  for (auto& result : results) {
    if (result) parsed.push_back(std::move(*result));
  }
  return parsed;
}

void settle_names(std::vector<ParsedSpec>& parsed, std::vector<Diagnostic>& findings) {
  Owners owners;
  for (ParsedSpec& one : parsed) {
    if (!one.name_mangled) owners.try_emplace(one.spec->name, &one);
  }
  std::vector<bool> refused(parsed.size(), false);
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    if (parsed[i].name_mangled) make_name_free(parsed[i], owners);
    ParsedSpec& owner = *owners.at(parsed[i].spec->name);
    refused[i] = &owner != &parsed[i];
    if (refused[i]) refuse(parsed[i], owner, findings);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    if (!refused[i]) std::swap(parsed[kept++], parsed[i]);
  }
  parsed.resize(kept);
}

}  // namespace zinit
